"""An exception as an object whose members a query can name, its causes and its group with it."""

from __future__ import annotations

import builtins
import sys

from logspire.formatters.strict_json import CIRCULAR, describe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

MOST_EXCEPTIONS: Final = 20
"""Told with type and message. CloudWatch Logs Insights discovers 200 fields of an event."""
MOST_NOTES: Final = 10


def exception_members(error: BaseException) -> dict[str, Any]:
    """Return type, message and notes of an exception, of its causes and of those in its group.

    Each is an object: ``cause`` (``raise … from``), or else ``context`` (raised while handling it)
    unless that is suppressed, and in a group ``exceptions``. ``left_out`` counts those of them that
    would be too many.
    """
    return _Tale().tell(error)


def _told(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    place = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    members: dict[str, Any] = {"type": f"{place}{kind.__qualname__}", "message": _text_of(error)}
    notes = _notes_of(error)
    if notes:
        members["notes"] = notes[:MOST_NOTES]
        if len(notes) > MOST_NOTES:
            members["notes"].append(f"<{len(notes) - MOST_NOTES} more>")
    return members


def _notes_of(error: BaseException) -> list[Any]:
    try:
        notes = getattr(error, "__notes__", None)
        return list(notes) if isinstance(notes, (list, tuple)) else []
    except Exception:  # noqa: BLE001 - a __getattr__ of the application's may raise anything
        return []


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - str() is the application's code
        return describe_text(error)


class _Tale:
    """What has been told of one exception and those behind it."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._count = 0
        """Of those told, again and again counted: each takes its fields."""

    def tell(self, error: BaseException) -> dict[str, Any]:
        self._count += 1
        members = _told(error)
        if id(error) in self._seen:
            return {"type": members["type"], "message": CIRCULAR}
        self._seen.add(id(error))
        try:
            self._tell_more(error, members)
        except Exception:  # noqa: BLE001 - a class of the application's has its own idea of these
            members["left_out"] = 1
        return members

    def _tell_more(self, error: BaseException, members: dict[str, Any]) -> None:
        left_out = 0
        cause, context = error.__cause__, error.__context__
        if cause is not None:
            left_out += self._tell_one("cause", cause, members)
        elif context is not None and not error.__suppress_context__:
            left_out += self._tell_one("context", context, members)
        group = _group_of(error)
        if group:
            # One after the other: what the first has within takes the room of the next.
            told = [self.tell(one) for one in group if self._count < MOST_EXCEPTIONS]
            if told:
                members["exceptions"] = told
            left_out += len(group) - len(told)
        if left_out:
            members["left_out"] = left_out

    def _tell_one(self, name: str, error: BaseException, members: dict[str, Any]) -> int:
        if self._count >= MOST_EXCEPTIONS:
            return 1
        members[name] = self.tell(error)
        return 0


def _group_of(error: BaseException) -> tuple[BaseException, ...]:
    """Return the exceptions in a group, also one of the backport for Python 3.10."""
    home = builtins if sys.version_info >= (3, 11) else sys.modules.get("exceptiongroup")
    kind = getattr(home, "BaseExceptionGroup", None)
    if kind is None or not isinstance(error, kind):
        return ()
    group: tuple[BaseException, ...] = error.exceptions
    return group
