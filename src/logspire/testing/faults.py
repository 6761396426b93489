"""Misbehaviour on demand: what can go wrong between a program and the service, as data."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from logspire.testing.errors import ServiceError
from logspire.testing.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

#: How an answer is cut off: the connection is reset, or is left silent, or ends in mid-body.
Cut = Literal["reset", "hang", "truncate"]


@dataclass(frozen=True)
class Kind:
    """One way to misbehave.

    Attributes:
        code: Error name to answer with, if any.
        status: HTTP status to answer with.
        message: Text of the error. ``{operation}`` is filled in.
        body: Answer to give instead of JSON, with its content type.
        cut: How the connection ends instead of a whole answer, if it does.
        executes: Whether the call takes effect first.
        needs: Arguments of `Faults.misbehave` that must be given.
        takes: Arguments that may be given.
    """

    code: str | None = None
    status: int = 400
    message: str = ""
    body: tuple[bytes, str] | None = None
    cut: Cut | None = None
    executes: bool = False
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()


_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
_JSON = "application/x-amz-json-1.1"
_TEXT = frozenset({"message"})

KINDS: Mapping[str, Kind] = {
    "throttle": Kind("ThrottlingException", 400, "Rate exceeded", takes=_TEXT),
    "unavailable": Kind(
        "ServiceUnavailableException", 503, "The service is unavailable.", takes=_TEXT
    ),
    "internal_failure": Kind("InternalFailure", 500, "An internal error occurred.", takes=_TEXT),
    "access_denied": Kind(
        "AccessDeniedException", 400, "Not authorized to perform: logs:{operation}", takes=_TEXT
    ),
    "expired_token": Kind(
        "ExpiredTokenException",
        400,
        "The security token included in the request is expired",
        takes=_TEXT,
    ),
    "aborted": Kind(
        "OperationAbortedException",
        400,
        "A conflicting operation is currently in progress against this resource.",
        takes=_TEXT,
    ),
    "too_large": Kind(
        "RequestEntityTooLargeException", 413, "Request entity is too large.", takes=_TEXT
    ),
    "error": Kind(
        message="Refused on demand.",
        needs=frozenset({"error"}),
        takes=frozenset({"status", "message"}),
    ),
    "poison": Kind(
        "InvalidParameterException", 400, "Log event is not valid.", needs=frozenset({"text"})
    ),
    "bad_gateway": Kind(status=502, body=(_PAGE, "text/html")),
    "html": Kind(status=200, body=(_PAGE, "text/html")),
    "garbage": Kind(status=200, body=(b"\x00\xff{not json", _JSON)),
    "reset": Kind(cut="reset"),
    "hang": Kind(cut="hang", takes=frozenset({"seconds"})),
    "slow": Kind(status=200, executes=True, needs=frozenset({"seconds"})),
    "truncated": Kind(status=200, cut="truncate", executes=True),
    "lost_answer": Kind(cut="reset", executes=True),
}


@dataclass
class Fault:
    """A misbehaviour that is switched on.

    Attributes:
        name: Its kind's name.
        kind: What it does.
        operations: Operations that meet it.
        times: How many calls still meet it; ``None`` for no end.
        probability: How likely such a call meets it.
        seconds: Length of the delay or of the silence; ``None`` for no end.
        text: What poisons a log event.
    """

    name: str
    kind: Kind
    operations: frozenset[str]
    times: int | None = None
    probability: float = 1.0
    seconds: float | None = None
    text: str = ""

    def error(self, operation: str) -> ServiceError | None:
        """The error that the call is answered with, if it is answered with one."""
        if self.kind.code is None:
            return None
        message = self.kind.message.replace("{operation}", operation)
        return ServiceError(self.kind.code, message, self.kind.status)

    def poisons(self, request: Mapping[str, Any]) -> bool:
        """Whether a log event of the request holds the text; true if no text is asked for."""
        if not self.text:
            return True
        return any(self.text in str(e.get("message")) for e in request.get("logEvents") or ())


class Faults:
    """The misbehaviours that are switched on. Safe to use from any thread.

    Args:
        random: Where the probabilities come from; pass a seeded one for a run that repeats.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._active: list[Fault] = []

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._active.clear()

    def misbehave(
        self,
        kind: str,
        *,
        operation: str | Iterable[str] | None = None,
        times: int | None = None,
        probability: float = 1.0,
        **details: str | float | None,
    ) -> None:
        """Switch a misbehaviour on; see `LocalCloudWatchLogs.misbehave`."""
        given = {name for name, value in details.items() if value is not None}
        chosen = _kind(kind, given)
        _check(times=times, probability=probability, **details)
        if kind == "error":
            chosen = Kind(str(details["error"]), int(details.get("status") or 400), chosen.message)
        if details.get("message") is not None:
            chosen = Kind(chosen.code, chosen.status, str(details["message"]))
        seconds = details.get("seconds")
        fault = Fault(
            name=kind,
            kind=chosen,
            operations=_operations(kind, operation),
            times=times,
            probability=probability,
            seconds=None if seconds is None else float(seconds),
            text=str(details.get("text") or ""),
        )
        with self._lock:
            self._active.append(fault)

    def choose(self, operation: str, request: Mapping[str, Any]) -> Fault | None:
        """The misbehaviour that this call meets: the first that applies, in the order given."""
        with self._lock:
            for fault in self._active:
                if operation in fault.operations and self._strikes(fault, request):
                    return fault
        return None

    def _strikes(self, fault: Fault, request: Mapping[str, Any]) -> bool:
        if fault.times == 0 or not fault.poisons(request):
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        if fault.times is not None:
            fault.times -= 1
        return True


def _kind(name: str, given: set[str]) -> Kind:
    if name not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}; was {name!r}")
    kind = KINDS[name]
    missing, surplus = kind.needs - given, given - kind.needs - kind.takes
    if missing:
        raise ValueError(f"{name!r} needs {', '.join(sorted(missing))}")
    if surplus:
        allowed = ", ".join(sorted(kind.needs | kind.takes)) or "none"
        raise ValueError(f"{name!r} takes no {', '.join(sorted(surplus))}; allowed: {allowed}")
    return kind


def _operations(kind: str, operation: str | Iterable[str] | None) -> frozenset[str]:
    if operation is None:
        return frozenset({"PutLogEvents"} if kind == "poison" else OPERATIONS)
    names = frozenset({operation} if isinstance(operation, str) else operation)
    allowed = {"PutLogEvents"} if kind == "poison" else OPERATIONS.keys()
    if not names or not names <= allowed:
        raise ValueError(f"operation must be of {', '.join(sorted(allowed))}; was {operation!r}")
    return names


def _check(
    *,
    times: int | None,
    probability: float,
    seconds: Any = None,
    status: object = None,
    error: object = None,
    message: object = None,
    text: object = None,
) -> None:
    """Refuse values that make no sense, naming what is allowed."""
    if times is not None and (type(times) is not int or times < 1):
        raise ValueError(f"times must be a whole number of at least 1, or None; was {times!r}")
    if not _is_number(probability) or not 0 < probability <= 1:
        raise ValueError(f"probability must be over 0 and at most 1; was {probability!r}")
    if seconds is not None and not (_is_number(seconds) and seconds >= 0):
        raise ValueError(f"seconds must be a number of at least 0; was {seconds!r}")
    if status is not None and status not in range(400, 600):
        raise ValueError(f"status must be from 400 to 599; was {status!r}")
    for name, value in (("error", error), ("message", message), ("text", text)):
        if value is not None and not (isinstance(value, str) and value):
            raise ValueError(f"{name} must be a text that is not empty; was {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
