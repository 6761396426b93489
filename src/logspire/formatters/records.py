"""What formatters read from a record, without changing it."""

from __future__ import annotations

import copy
import logging
import traceback
from collections.abc import Mapping
from itertools import filterfalse

from logspire.formatters.strict_json import describe_text
from logspire.formatters.tracebacks import format_exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

# Not makeLogRecord(): the application's record factory, if it has one, adds what are extras.
STANDARD_ATTRIBUTES: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "asctime",
    "message",
    "taskName",  # since Python 3.12; records may come from another Python, by a socket
}
_is_standard = STANDARD_ATTRIBUTES.__contains__


def is_mapping(record: logging.LogRecord) -> bool:
    """Return whether the message is a mapping that was logged without arguments."""
    kind = type(record.msg)
    return kind is not str and not record.args and issubclass(kind, Mapping)


def shadow_of(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy of ``record`` for ``logging.Formatter`` to write on."""
    if type(record) is not logging.LogRecord:
        return copy.copy(record)
    # A tenth of the time of copy.copy(), in the path of each logging call.
    shadow = object.__new__(logging.LogRecord)
    shadow.__dict__ = record.__dict__.copy()
    return shadow


def message_text(record: logging.LogRecord) -> str:
    """Return the message; raises if there are arguments and they do not fit."""
    try:
        return record.getMessage()
    except Exception:
        if record.args:  # they do not fit the message: for handleError, as in any handler
            raise
        return describe_text(record.msg)


def extras_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what ``extra=``, a filter or a record factory put on the record."""
    # A copy first: another thread may format, and so change, the same record.
    attributes = record.__dict__.copy()
    return {name: attributes[name] for name in filterfalse(_is_standard, attributes)}


def traceback_text(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Return the traceback; of a record that came through a queue, the text made before that."""
    if not record.exc_info:
        return record.exc_text or ""
    try:
        return format_exception(formatter, record.exc_info)
    except Exception:  # noqa: BLE001 - not what sys.exc_info() returns, or no stack left
        return record.exc_text or _frames_text(record.exc_info)


def _frames_text(exc_info: Any) -> str:
    """Return where it happened and what, of an exception that the traceback module fails at."""
    try:
        _, error, frames = exc_info
        lines = "".join(traceback.format_tb(frames))
    except Exception:  # noqa: BLE001 - as above
        return describe_text(exc_info)
    return f"{lines}{describe_text(error)}"
