"""CloudWatch Logs as a destination."""

from __future__ import annotations

import time
from threading import Lock  # once for all: see logspire.delivery.threads

from logspire.aws.body import put_body
from logspire.aws.errors import code_of, is_about_credentials, outcome_of, status_of
from logspire.aws.hooks import PutCall, put_call
from logspire.core.ledger import LossReason
from logspire.core.retry import Outcome, Rejection, Verdict
from logspire.core.stream import Batch, Creation
from logspire.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from typing import Any, Final

    from logspire.aws.client import ClientSource
    from logspire.core.stream import Job

# Somebody else has just created it, or is about to.
_EXISTS_CODES: Final = frozenset({"ResourceAlreadyExistsException", "OperationAbortedException"})
_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500
# How MiniStack (500) and some gateways (415) answer a body that they cannot read. A 500 can also
# be an accident, so it takes two that went away without compression to do without it for good.
_GZIP_UNREAD_STATUSES: Final = frozenset({415, 500})
_GZIP_BLAME: Final = 2


class GroupOptions(Value):
    """What to create, and how; see ``CloudWatchLogHandler``."""

    create_group: bool = True
    create_stream: bool = True
    retention_days: int | None = None
    tags: Mapping[str, str] | None = None
    kms_key_id: str | None = None
    log_group_class: str | None = None
    retention_of_existing: bool = False


class CloudWatchLogs:
    """Sends batches to one log group, and creates what is missing.

    Sources: the API reference of ``PutLogEvents``, ``CreateLogStream`` and ``CreateLogGroup``
    (read 2026-11). Never calls ``Describe*``: a fleet that starts would be throttled.
    """

    def __init__(
        self,
        log_group_name: str,
        source: ClientSource,
        *,
        group: GroupOptions,
        entity: Mapping[str, Any] | None = None,
        compress: bool = True,
    ) -> None:
        self._group_name = log_group_name
        self._source = source
        self._group = group
        self._entity = entity
        self._compress = compress
        self._retention_due = False
        # Due once a put has shown that the group is there: before, the call could only fail.
        self._retention_on_put = group.retention_of_existing and group.retention_days is not None
        self._retention_failures = 0
        self._jobs_until_retention = 0
        self._tending = Lock()
        self._group_in_doubt = False  # no answer when we created it: we may have, or not
        self._gzip_read = False  # a compressed body was taken, so no refusal is due to it
        self._gzip_blame = 0

    @property
    def name(self) -> str:
        """What to call it in a message to people."""
        return f"log group {self._group_name!r}"

    def perform(self, job: Job) -> Outcome:
        """Do one job, blocking; never raises an ``Exception``."""
        client = None
        if self._jobs_until_retention > 0:
            self._jobs_until_retention -= 1
        try:
            client = self._source.get()
            if isinstance(job, Creation):
                return self._create(client, job.stream)
            outcome = self._put(client, job)
        except Exception as error:  # noqa: BLE001 - this is where they become ours
            if is_about_credentials(error):
                self._source.renew(client)
            return outcome_of(error)
        if self._retention_on_put and outcome.verdict is Verdict.DELIVERED:
            self._retention_on_put, self._retention_due = False, True
        return outcome

    def has_chores(self) -> bool:
        """Whether `tend` would make a call now, or is making one."""
        return self._retention_due and self._jobs_until_retention <= 0

    def tend(self) -> None:
        """Set the retention of the group, where it is due: events do not wait for that.

        Where it fails, again after the next job; where it is denied, after 2, 4, 8 ... more.
        """
        if not self._retention_due or not self._tending.acquire(blocking=False):
            return
        try:
            if self.has_chores():
                self._set_retention()
        finally:
            self._tending.release()

    def limit_wait(self, seconds: float) -> None:
        """Let calls that start from now on give up after about ``seconds``."""
        self._source.limit_wait(seconds)

    def close(self) -> None:
        """Free connections."""
        self._source.close()

    def after_fork_in_child(self) -> None:
        """Forget connections and locks of the parent."""
        self._tending = Lock()
        self._source.after_fork_in_child()

    # -- put ------------------------------------------------------------------------------------

    def _put(self, client: Any, batch: Batch) -> Outcome:
        with _putting(batch, compress=self._compress) as call:
            try:
                answer = self._call(client, batch, call)
            except Exception as error:
                if not call.compressed or self._gzip_read:
                    raise
                if outcome_of(error).verdict is Verdict.REFUSED:
                    return self._put_plain(client, batch, blame=_GZIP_BLAME)
                if status_of(error) in _GZIP_UNREAD_STATUSES:
                    return self._put_plain(client, batch, blame=1)
                raise
        self._gzip_read |= call.compressed and call.readable
        return self._read(answer, len(batch.events), readable=call.readable)

    def _call(self, client: Any, batch: Batch, call: PutCall) -> Any:
        events = batch.events
        head: dict[str, Any] = {"logGroupName": self._group_name, "logStreamName": batch.stream}
        if self._entity is not None:
            head["entity"] = self._entity
        if self._source.is_own:
            # If the hook that puts this in place did not run, the service would refuse the call.
            call.body = put_body(head, events)
            return client.put_log_events(**head, logEvents=[])
        listed = [
            {"timestamp": time_ms, "message": message}
            for time_ms, message in zip(events.times_ms, events.messages, strict=True)
        ]
        return client.put_log_events(**head, logEvents=listed)

    def _put_plain(self, client: Any, batch: Batch, *, blame: int) -> Outcome:
        """Try again without compression: some emulators cannot read a compressed body."""
        with _putting(batch, compress=False) as call:
            answer = self._call(client, batch, call)  # raises: it was not the compression
        outcome = self._read(answer, len(batch.events), readable=call.readable)
        if outcome.verdict is Verdict.DELIVERED:
            self._gzip_blame += blame
            self._compress = self._gzip_blame < _GZIP_BLAME
        return outcome

    def _read(self, answer: Mapping[str, Any], events: int, *, readable: bool) -> Outcome:
        if not readable:
            # botocore takes a page of HTML for an answer without fields.
            return Outcome(Verdict.RETRY, "the answer was not the service's")
        rejected = _rejections(answer.get("rejectedLogEventsInfo") or {}, events)
        entity = answer.get("rejectedEntityInfo")
        return Outcome(
            Verdict.DELIVERED,
            detail=f"rejected by the service: {dict(answer['rejectedLogEventsInfo'])}"
            if rejected
            else "",
            rejected=rejected,
            entity_rejected=bool(entity),
        )

    # -- create ---------------------------------------------------------------------------------

    def _create(self, client: Any, stream: str) -> Outcome:
        """Create the stream; where the group is missing too, the group and then the stream."""
        group = self._group
        if not group.create_stream:
            return Outcome(Verdict.DENIED, f"no log stream {stream!r}; create_log_stream is False")
        names = {"logGroupName": self._group_name, "logStreamName": stream}
        outcome = _create_once(client.create_log_stream, names)
        if outcome.verdict is not Verdict.MISSING:
            if self._group_in_doubt:
                self._plan_retention()
            return outcome
        if not group.create_group:
            return Outcome(Verdict.DENIED, f"no {self.name}; create_log_group is False")
        self._create_group(client)
        return _create_once(client.create_log_stream, names)

    def _create_group(self, client: Any) -> None:
        group = self._group
        optional = {
            "tags": group.tags,
            "kmsKeyId": group.kms_key_id,
            "logGroupClass": group.log_group_class,
        }
        given = {key: value for key, value in optional.items() if value}
        try:
            outcome = _create_once(
                client.create_log_group, {"logGroupName": self._group_name, **given}
            )
        except Exception as error:
            self._group_in_doubt = not _CLIENT_ERROR <= status_of(error) < _SERVER_ERROR
            raise
        if outcome is _CREATED or self._group_in_doubt:
            self._plan_retention()

    def _plan_retention(self) -> None:
        if self._group.retention_days is not None:
            self._retention_failures = self._jobs_until_retention = 0
            self._retention_on_put, self._retention_due = False, True

    def _set_retention(self) -> None:
        try:
            self._source.get().put_retention_policy(
                logGroupName=self._group_name, retentionInDays=self._group.retention_days
            )
        except Exception as error:  # noqa: BLE001 - the events matter more than how long they stay
            verdict = outcome_of(error).verdict
            self._retention_failures += 1
            denied = verdict is Verdict.DENIED
            self._jobs_until_retention = 2 ** min(self._retention_failures, 10) if denied else 1
            self._retention_due = verdict is not Verdict.REFUSED
        else:
            self._retention_due = False
        self._group_in_doubt = False


def _putting(batch: Batch, *, compress: bool) -> AbstractContextManager[PutCall]:
    """Return `put_call` for a batch, in which is entered when it goes out."""

    def note_send() -> None:
        batch.left_s = time.monotonic()

    return put_call(compress=compress, on_send=note_send)


_CREATED: Final = Outcome(Verdict.DELIVERED)
_EXISTED: Final = Outcome(Verdict.DELIVERED, "it was there already")


def _create_once(call: Callable[..., object], arguments: Mapping[str, Any]) -> Outcome:
    """Create something that another process may be creating too."""
    try:
        call(**arguments)
    except Exception as error:
        if code_of(error) in _EXISTS_CODES:
            return _EXISTED
        outcome = outcome_of(error)
        if outcome.verdict is Verdict.MISSING:
            return outcome
        raise
    return _CREATED


def _rejections(info: Mapping[str, Any], events: int) -> tuple[Rejection, ...]:
    """Return which events of a stored batch the service rejected.

    Source: ``RejectedLogEventsInfo`` in the API reference: both end indexes are exclusive, the
    start index is inclusive. Emulators were seen to be off by one and beyond, so every index is
    cut to the batch, and one that is no number counts as absent: the
    rest was stored. Where two ranges overlap, the first reason counts.
    """

    def index(key: str, default: int) -> int:
        value = info.get(key)
        return max(0, min(value, events)) if type(value) is int else default

    ranges = (
        Rejection(0, index("tooOldLogEventEndIndex", 0), LossReason.TOO_OLD),
        Rejection(0, index("expiredLogEventEndIndex", 0), LossReason.EXPIRED),
        Rejection(index("tooNewLogEventStartIndex", events), events, LossReason.TOO_NEW),
    )
    return tuple(rejection for rejection in ranges if rejection.start < rejection.stop)
