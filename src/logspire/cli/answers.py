"""What the answers of the service tell about the log group, the log stream and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from logspire.cli import advice
from logspire.cli.step import FAILED, OK, UNKNOWN, Step
from logspire.core.retry import Verdict

if TYPE_CHECKING:
    from logspire.aws.exchanges import Exchange, Exchanges
    from logspire.aws.logs import GroupOptions
    from logspire.core.retry import Outcome

# Signatures with a time further off are refused. Source: IAM user guide, "Troubleshoot Signature
# Version 4 signing" (read 2026-11).
_CLOCK_LIMIT_S: Final = 300
# The date of an answer has whole seconds, and the way takes some time too.
_CLOCK_NOISE_S: Final = 2
_LONGEST_CHARS: Final = 300
_MISSING: Final = "ResourceNotFoundException"
_THERE_CODES: Final = frozenset({"ResourceAlreadyExistsException", "OperationAbortedException"})
# Who gets one of these has been let in.
_LET_IN_CODES: Final = _THERE_CODES | {
    "",
    "AccessDenied",
    "AccessDeniedException",
    "InvalidParameterException",
    "LimitExceededException",
    _MISSING,
}


class Answers:
    """The steps that can be told from the calls made so far.

    Args:
        calls: of the client.
        group: what the handler may create.
        outcome: of the test event; ``None``: none was sent, only `GetLogEvents` called.
    """

    def __init__(self, calls: Exchanges, group: GroupOptions, outcome: Outcome | None) -> None:
        self._calls = calls
        self._group = group
        self._outcome = outcome
        self._made_group = calls.last("CreateLogGroup")
        self._made_stream = calls.last("CreateLogStream")
        self._main = calls.last("PutLogEvents" if outcome else "GetLogEvents")

    @property
    def is_stored(self) -> bool:
        """Whether the test event is stored."""
        outcome = self._outcome
        return outcome is not None and outcome.verdict is Verdict.DELIVERED and not outcome.rejected

    @property
    def created(self) -> list[str]:
        """What was created: ``log_group``, ``log_stream``."""
        made = {"log_group": self._made_group, "log_stream": self._made_stream}
        return [name for name, call in made.items() if call and call.succeeded]

    def connection(self) -> Step:
        """Whether the service answers."""
        answer = next((call for call in self._calls.all if call.is_service), None)
        if answer is not None:
            took_ms = round(1000 * answer.took_s)
            found = f"answered in {took_ms} ms"
            return Step("connection", OK, found, facts={"milliseconds": took_ms})
        if self._main is not None:
            return refusal("connection", self._main)
        detail = self._outcome.detail if self._outcome else "no call was made"
        return Step("connection", FAILED, shown(detail), advice.UNSENT)

    def clock(self) -> Step:
        """How far the clock of this machine is off."""
        dated = [call for call in self._calls.all if call.is_service and call.ahead_s is not None]
        if not dated:
            return Step("clock", UNKNOWN, "the answers have no date")
        quickest = min(dated, key=lambda call: call.took_s)
        ahead_s = round(quickest.ahead_s or 0.0, 1)
        facts = {"ahead_seconds": ahead_s}
        if abs(ahead_s) <= _CLOCK_NOISE_S:
            return Step("clock", OK, "the same as the service's, to the second", facts=facts)
        direction = "ahead of" if ahead_s > 0 else "behind"
        found = f"{abs(ahead_s):.0f} s {direction} the service's; 300 s are allowed"
        if abs(ahead_s) > _CLOCK_LIMIT_S:
            return Step("clock", FAILED, found, advice.CLOCK, facts)
        return Step("clock", OK, found, facts=facts)

    def authentication(self) -> Step:
        """Whether the service takes the signature."""
        answers = [call for call in self._calls.all if call.is_service]
        if any(call.code in _LET_IN_CODES for call in answers):
            return Step("authentication", OK, "the service knows the credentials")
        if answers and advice.is_about_credentials(answers[-1]):
            return refusal("authentication", answers[-1])
        return Step("authentication", UNKNOWN, "the service did not get that far")

    def log_group(self) -> Step:
        """Whether the log group is there, or was created."""
        if self._group_is_there():
            return self._there("log_group")
        if self._made_group is not None:
            return refusal("log_group", self._made_group, "not there, and cannot be created: ")
        if not self._group_is_missing():
            return self._not_told("log_group")
        return self._absent("log_group", advice.NO_GROUP, may_create=self._group.create_group)

    def log_stream(self) -> Step:
        """Whether the log stream is there, or was created."""
        made = self._made_stream
        if self._stream_is_there():
            return self._there("log_stream")
        if made is not None and made.code != _MISSING:
            return refusal("log_stream", made, "not there, and cannot be created: ")
        if self._group_is_missing():
            return Step("log_stream", UNKNOWN, "not tried, as there is no log group")
        if not self._missing():
            return Step("log_stream", UNKNOWN, "not told by the service")
        return self._absent("log_stream", advice.NO_STREAM, may_create=self._group.create_stream)

    def test_event(self) -> Step:
        """Whether an event was stored."""
        outcome, put = self._outcome, self._main
        if outcome is None:
            return Step("test_event", UNKNOWN, "not sent, as --no-send says")
        if self.is_stored:
            puts = [call for call in self._calls.all if call.operation == "PutLogEvents"]
            tries = sum(call.code != _MISSING for call in puts)
            found = "stored" if tries == 1 else f"stored by call number {tries}"
            return Step("test_event", OK, found)
        if outcome.rejected:
            return Step("test_event", FAILED, shown(outcome.detail), advice.CLOCK)
        if put is None or put.succeeded:
            return Step("test_event", FAILED, shown(outcome.detail), advice.NOT_THE_SERVICE)
        return refusal("test_event", put)

    def retention(self) -> Step:
        """Whether the log group that was created has its retention."""
        days = self._group.retention_days
        call = self._calls.last("PutRetentionPolicy")
        if call is None:
            return Step("retention", UNKNOWN, "not set, as the log group was not created now")
        if call.succeeded:
            return Step("retention", OK, f"set to {days} days", facts={"days": days})
        step = refusal("retention", call, "not set: ")
        # The handler tries again after the next records, so it is no failure yet.
        is_open = call.error is not None or advice.is_passing(call)
        status = UNKNOWN if is_open else FAILED
        return Step("retention", status, step.found, step.advice, step.facts)

    def entity(self) -> Step:
        """Whether the service took the entity."""
        if not self.is_stored or self._outcome is None or self._main is None:
            return Step("entity", UNKNOWN, "not told by the service")
        if not self._outcome.entity_rejected:
            return Step("entity", OK, "taken")
        found = f"rejected ({self._main.message}); the event was stored without it"
        return Step("entity", FAILED, found, advice.ENTITY)

    def _there(self, name: str) -> Step:
        is_new = name in self.created
        return Step(name, OK, "created" if is_new else "there", facts={"created": is_new})

    def _absent(self, name: str, todo: str, *, may_create: bool) -> Step:
        if self._outcome is None and may_create:
            return Step(name, UNKNOWN, "not there; the handler would try to create it")
        return Step(name, FAILED, "not there", todo)

    def _not_told(self, name: str) -> Step:
        if self._outcome is not None or self._main is None:
            return Step(name, UNKNOWN, "not told by the service")
        step = refusal(name, self._main, "not told by the service: ")
        return Step(name, UNKNOWN, step.found, step.advice, step.facts)

    def _group_is_there(self) -> bool:
        made = self._made_group
        exists = made is not None and (made.succeeded or made.code in _THERE_CODES)
        return exists or self._stream_is_there() or self._missing() == "log stream"

    def _group_is_missing(self) -> bool:
        made = self._made_stream
        return (made is not None and made.code == _MISSING) or self._missing() == "log group"

    def _stream_is_there(self) -> bool:
        made = self._made_stream
        exists = made is not None and (made.succeeded or made.code in _THERE_CODES)
        looked = self._outcome is None and self._main is not None and self._main.succeeded
        return self.is_stored or exists or looked

    def _missing(self) -> str:
        """Return what the service said is missing: ``log stream``, ``log group``, ``something``."""
        call = self._main
        if call is None or call.code != _MISSING:
            return ""
        named = (name for name in ("log stream", "log group") if name in call.message)
        return next(named, "something")


def refusal(name: str, call: Exchange, introduction: str = "") -> Step:
    """Return the step for a call that did not do what it was to do."""
    facts: dict[str, Any] = {"operation": call.operation, "http_status": call.status}
    facts["error"] = type(call.error).__name__ if call.error else call.code
    return Step(name, FAILED, introduction + _said(call), advice.on_answer(call), facts)


def described(error: Exception) -> str:
    """Return an exception in a line, with its cause where botocore keeps that to itself."""
    cause = getattr(error, "kwargs", {}).get("error")
    reason = f" ({str(cause).partition(': ')[2]})" if isinstance(cause, Exception) else ""
    return shown(f"{error}{reason}" or type(error).__name__)


def shown(text: str) -> str:
    """Return a text as a line that is not too long: it may be a page of HTML."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_CHARS else f"{line[:_LONGEST_CHARS]} ..."


def _said(call: Exchange) -> str:
    if call.error is not None:
        return described(call.error)
    if not call.is_service:
        return f"HTTP {call.status}, and not by CloudWatch Logs" + (
            f": {shown(call.message)}" if call.message else ""
        )
    return shown(f"{call.operation}: {call.code or f'HTTP {call.status}'}: {call.message}")
