"""The steps of ``python -m logspire check``, one after the other, by the handler's own adapters."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from logspire.aws.discovery import Discovery
from logspire.aws.exchanges import Exchanges
from logspire.aws.logs import CloudWatchLogs
from logspire.cli import advice
from logspire.cli.answers import Answers, described, refusal
from logspire.cli.step import FAILED, OK, UNKNOWN, Step
from logspire.core.columns import Events, Origin
from logspire.core.limits import CLOUDWATCH_LOGS
from logspire.core.retry import Outcome, Verdict, backoff
from logspire.core.stream import Batch, Creation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logspire.cli.keywords import Keywords
    from logspire.core.stream import Job

# Of the time for all steps: for sending again what was throttled; for a single call.
_RETRY_SHARE: Final = 0.5
_CALL_SHARE: Final = 0.5
_LONGEST_PAUSE_S: Final = 1.0
# What is stored can mostly be read after a few seconds; delivery does not depend on it.
_LONGEST_READ_S: Final = 5.0
_AT_THE_SERVICE: Final = frozenset({"connection", "read_back"})
_NO_OUTCOME: Final = Outcome(Verdict.RETRY, "no answer")


class Examination:
    """Looks at one thing after the other. Blocks; `run` is for a thread that can be left behind.

    Args:
        keywords: of the handler whose place it takes.
        send: whether to send a test event, and to create what it needs.
        timeout_s: seconds that all of it is to take at most, as far as it is in its hands.
    """

    def __init__(self, keywords: Keywords, *, send: bool, timeout_s: float) -> None:
        self.current = "configuration"
        """The step that it is at."""
        self.stream_name = keywords.stream.render(_facts(), time.time())
        self._keywords = keywords
        self._send = send
        self._timeout_s = timeout_s
        self._ends_s = time.monotonic() + timeout_s
        self._discovery = Discovery(keywords.client)
        self._outcome: Outcome | None = None
        self._time_ms = time.time_ns() // 1_000_000
        self._text = (
            f"logspire check {secrets.token_hex(8)}: a test, written by `python -m logspire check` "
            f"on {socket.gethostname()}"
        )

    def run(self) -> Iterator[Step]:
        """Yield the steps; ends where a failed one leaves nothing for the next to do."""
        yield from map(self._without_secrets, self._steps())

    def overdue(self) -> Iterator[Step]:
        """Yield what is known when time is up before `run` has ended; last, where it hangs."""
        return map(self._without_secrets, self._steps_until_now())

    @property
    def left_behind(self) -> list[str]:
        """What is in CloudWatch Logs now, and was not before, as far as was told: for people."""
        if self.current not in _AT_THE_SERVICE:
            return []
        answers = self._answers_until_now()
        group, stream = f"log group {self._keywords.log_group_name}", self.stream_name
        words = {"log_group": group, "log_stream": f"log stream {stream}"}
        event = ["an event that says that it is a test"] if answers.is_stored else []
        return [words[name] for name in answers.created] + event

    def _without_secrets(self, step: Step) -> Step:
        facts = {key: self._redacted(value) for key, value in step.facts.items()}
        found, todo = self._redacted(step.found), self._redacted(step.advice)
        return Step(step.name, step.status, found, todo, facts)

    def _steps(self) -> Iterator[Step]:
        yield (first := self._look("configuration", self._configuration))
        if first.status is FAILED:
            return
        both = [self._look("region", self._region), self._look("credentials", self._credentials)]
        yield from both
        if FAILED in {step.status for step in both}:
            return
        yield (last := self._look("endpoint", self._endpoint))
        if last.status is not FAILED:
            yield from self._answers()

    def _look(self, name: str, look: Callable[[], Step]) -> Step:
        self.current = name
        try:
            return look()
        except Exception as error:  # noqa: BLE001 - whatever the SDK finds wrong is what we look for
            facts = {"error": type(error).__name__}
            return Step(name, FAILED, described(error), advice.on_exception(error, name), facts)

    def _redacted(self, value: Any) -> Any:
        return self._discovery.redacted(value) if isinstance(value, str) else value

    # -- on this machine -------------------------------------------------------------------------

    def _configuration(self) -> Step:
        return Step("configuration", OK, self._discovery.configuration())

    def _region(self) -> Step:
        region = self._discovery.region()
        if region is None:
            return Step("region", FAILED, "none found", advice.on_no_region(os.environ))
        facts = {"region_name": region.value, "source": region.source}
        return Step("region", OK, f"{region.value}, from {region.source}", facts=facts)

    def _credentials(self) -> Step:
        found = self._discovery.credentials()
        if found is None:
            return Step("credentials", FAILED, "none found", advice.NO_CREDENTIALS)
        facts = {"access_key": found.value, "source": found.source}
        return Step("credentials", OK, f"{found.value}, from {found.source}", facts=facts)

    def _endpoint(self) -> Step:
        self._source = self._discovery.client_source()
        self._source.limit_wait(_CALL_SHARE * self._timeout_s)
        self._client = self._source.get()
        self._calls = Exchanges(self._client)
        endpoint = self._discovery.endpoint(self._client)
        proxy = self._discovery.proxy(endpoint.value)
        way = f", through the proxy {proxy}" if proxy else ""
        facts = {"endpoint_url": endpoint.value, "source": endpoint.source, "proxy": proxy}
        return Step("endpoint", OK, f"{endpoint.value}, from {endpoint.source}{way}", facts=facts)

    # -- at the service --------------------------------------------------------------------------

    def _answers_until_now(self) -> Answers:
        outcome = self._outcome or (_NO_OUTCOME if self._send else None)
        return Answers(self._calls, self._keywords.group, outcome)

    def _steps_until_now(self) -> Iterator[Step]:
        name = self.current
        if name == "connection" and any(call.is_service for call in self._calls.all):
            answers = self._answers_until_now()
            yield from (answers.connection(), answers.clock(), answers.authentication())
            name = "test_event"
            if answers.is_stored:
                yield from (answers.log_group(), answers.log_stream(), answers.test_event())
                name = "retention"
        # Delivery does not depend on the reading, so that is no failure.
        status = UNKNOWN if name == "read_back" else FAILED
        found = f"nothing after {self._timeout_s:g} s"
        yield Step(name, status, found, advice.on_hang(name), {"error": "Timeout"})

    def _answers(self) -> Iterator[Step]:
        self.current = "connection"
        answers = Answers(self._calls, self._keywords.group, self._call())
        yield (connection := answers.connection())
        if connection.status is FAILED:
            return
        yield answers.clock()
        yield (authentication := answers.authentication())
        if authentication.status is FAILED:
            return
        yield answers.log_group()
        yield answers.log_stream()
        yield answers.test_event()
        if self._send and self._keywords.group.retention_days is not None:
            yield answers.retention()
        if self._send and self._keywords.entity is not None:
            yield answers.entity()
        if answers.is_stored:
            yield self._look("read_back", self._read_back)

    def _call(self) -> Outcome | None:
        if not self._send:
            with contextlib.suppress(Exception):  # what became of it is in self._calls
                self._client.get_log_events(**self._names(), limit=1)
            return None
        logs = CloudWatchLogs(
            self._keywords.log_group_name,
            self._source,
            group=self._keywords.group,
            entity=self._keywords.entity,
        )
        outcome = self._deliver(logs)
        if logs.has_chores():
            logs.tend()
        return outcome

    def _deliver(self, logs: CloudWatchLogs) -> Outcome:
        """Do what the handler would do with one record, until it is stored or time is up."""
        batch = self._batch()
        outcome = self._persist(logs, batch)
        if outcome.verdict is Verdict.MISSING and self._keywords.group.create_stream:
            self._persist(logs, Creation(self.stream_name))
            # Whatever was said about the creation, the put may be allowed.
            outcome = self._persist(logs, batch)
        return outcome

    def _persist(self, logs: CloudWatchLogs, job: Job) -> Outcome:
        """Do a job again while that may help, for a part of the time that is left."""
        give_up_s = time.monotonic() + _RETRY_SHARE * (self._ends_s - time.monotonic())
        tries = 0
        while True:
            outcome = logs.perform(job)
            if isinstance(job, Batch):
                self._outcome = outcome
            pause_s = backoff(tries, random.random(), _LONGEST_PAUSE_S)  # noqa: S311 - jitter
            if not self._may_pass(outcome) or time.monotonic() + pause_s > give_up_s:
                return outcome
            tries += 1
            time.sleep(pause_s)

    def _may_pass(self, outcome: Outcome) -> bool:
        if outcome.verdict is Verdict.DISCONNECTED:
            return True
        last = self._calls.all[-1] if self._calls.all else None
        if outcome.verdict is not Verdict.RETRY or last is None:
            return False
        return advice.is_passing(last)

    def _batch(self) -> Batch:
        size_bytes = len(self._text) + CLOUDWATCH_LOGS.overhead_bytes
        events = Events.of([self._time_ms], [self._text], [size_bytes], Origin(0.0, 0))
        return Batch(self.stream_name, events, size_bytes, urgent=False, setbacks=0, cut_s=0.0)

    def _names(self) -> dict[str, Any]:
        return {"logGroupName": self._keywords.log_group_name, "logStreamName": self.stream_name}

    def _read_back(self) -> Step:
        """Read until it is there: what is stored can be read after a while."""
        window = {"startTime": self._time_ms, "endTime": self._time_ms + 1, "startFromHead": True}
        ends_s = min(self._ends_s - _LONGEST_PAUSE_S, time.monotonic() + _LONGEST_READ_S)
        pause_s = 0.1
        while True:
            try:
                page = self._client.get_log_events(**self._names(), **window)
            except Exception:
                if self._calls.all[-1].operation != "GetLogEvents":
                    raise
                return self._not_read()
            if self._text in [event.get("message") for event in page.get("events", [])]:
                return Step("read_back", OK, "the event can be read")
            if time.monotonic() + pause_s > ends_s:
                return Step("read_back", UNKNOWN, "the event cannot be read yet", advice.NOT_YET)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _not_read(self) -> Step:
        """Delivery does not depend on it, so this is no failure."""
        step = refusal("read_back", self._calls.all[-1])
        todo = advice.NOT_NEEDED if advice.is_denial(self._calls.all[-1]) else step.advice
        return Step("read_back", UNKNOWN, step.found, todo, step.facts)


def _facts() -> dict[str, object]:
    """Return the values of the fields of a stream template."""
    return {
        "machine_name": socket.gethostname(),
        "program_name": "logspire-check",
        "process_id": os.getpid(),
        "logger_name": "logspire.check",
        "thread_name": "MainThread",
        "level_name": "INFO",
    }
