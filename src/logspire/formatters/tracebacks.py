"""Tracebacks as ``logging.Formatter`` writes them, each line of code worked out only once.

The ``traceback`` module asks the file system whether each file has changed, and looks for the part
of the line that failed, for every frame of every exception. A program fails at few places.
"""

from __future__ import annotations

import logging
import sys
import traceback

from logspire.formatters.asctime import own_of_logging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, TracebackType
    from typing import Any, Final

_MOST_PLACES: Final = 1_000
_MOST_REPEATED: Final = 3
"""Python writes no more lines of a recursion."""

_HEADER: Final = "Traceback (most recent call last):\n"
_CAUSE: Final = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT: Final = "\nDuring handling of the above exception, another exception occurred:\n\n"
# Of these Python tells more than their text: suggestions, the line at fault, what is in a group.
_WITH_MORE_TO_TELL: Final = (AttributeError, ImportError, NameError, SyntaxError)

# By code object, instruction and line: the lines that stand for a frame. The code object stands
# with them so that its id is not given to another one.
_places: Final[dict[tuple[int, int, int], tuple[CodeType, str, str]]] = {}

# The application may have put a method of its own there, before this is imported or later.
_original = own_of_logging(logging.Formatter, "formatException")


class _UnusualError(Exception):
    """For the traceback module."""


def format_exception(formatter: logging.Formatter, exc_info: Any) -> str:
    """Return what ``formatter.formatException`` returns, in a tenth of the time where it can."""
    method = type(formatter).formatException
    if method is _original and "formatException" not in vars(formatter):
        try:
            return _chain(exc_info[1], exc_info[2])
        except Exception:  # noqa: BLE001, S110 - unusual, or wrong, which the method will say
            pass
    return formatter.formatException(exc_info)


def _chain(error: BaseException, frames: TracebackType | None) -> str:
    blocks: list[str] = []
    seen: set[int] = set()
    if hasattr(sys, "tracebacklimit"):
        raise _UnusualError
    while id(error) not in seen:
        seen.add(id(error))
        blocks.append(f"{_lines(frames)}{_last_line(error)}\n")
        if error.__cause__ is not None:
            error, link = error.__cause__, _CAUSE
        elif error.__context__ is not None and not error.__suppress_context__:
            error, link = error.__context__, _CONTEXT
        else:
            return "".join(reversed(blocks))[:-1]
        blocks.append(link)
        frames = error.__traceback__
    raise _UnusualError


def _lines(frames: TracebackType | None) -> str:
    if frames is None:  # an exception that was never raised
        return ""
    lines = [_HEADER]
    last, repeated = "", 0
    while frames is not None:
        code = frames.tb_frame.f_code
        key = id(code), frames.tb_lasti, frames.tb_lineno
        _, place, text = _places.get(key) or _remember(key, code, frames)
        repeated = repeated + 1 if place == last else 1
        if repeated > _MOST_REPEATED:
            raise _UnusualError
        lines.append(text)
        last, frames = place, frames.tb_next
    return "".join(lines)


def _remember(
    key: tuple[int, int, int], code: CodeType, frames: TracebackType
) -> tuple[CodeType, str, str]:
    text = traceback.format_tb(frames, limit=1)[0]
    if len(_places) >= _MOST_PLACES:
        _places.clear()
    _places[key] = known = code, text.partition("\n")[0], text
    return known


def _last_line(error: BaseException) -> str:
    kind = type(error)
    is_unusual = (
        isinstance(error, _WITH_MORE_TO_TELL)
        or hasattr(error, "__notes__")
        or hasattr(error, "exceptions")
        or not error  # type: ignore[truthy-bool]  # the traceback module takes it for none
        or type(kind.__module__) is not str
    )
    if is_unusual:
        raise _UnusualError
    place = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    text = str(error)
    return f"{place}{kind.__qualname__}: {text}" if text else f"{place}{kind.__qualname__}"
