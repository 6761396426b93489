"""What a record looks like in CloudWatch Logs: as text, as JSON where it is a mapping, or all JSON.

Both formatters leave the record as it was, down to the attributes that ``logging.Formatter`` sets
on it in passing: the next handler prints what it would have printed anyway.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone

from logspire.asctime import QuickFormatter
from logspire.strict_json import StrictEncoder, describe_text, free_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, Literal

    from logspire.strict_json import Default


_RESERVED: Final = ("timestamp", "level", "logger", "message", "exception", "stack")
"""The keys that :class:`JSONFormatter` gives a meaning to."""

# Not makeLogRecord(): the application's record factory, if it has one, adds what are extras.
_STANDARD_ATTRIBUTES: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "asctime",
    "message",
    "taskName",  # since Python 3.12; records may come from another Python, by a socket
}
_MISSING: Final = object()


class CloudWatchLogFormatter(QuickFormatter):
    """Formats text as text and mappings as JSON, which CloudWatch Logs Insights can query.

    A record whose message is a mapping, logged without arguments, becomes one JSON object. Its
    traceback is then the member ``exc_info``, its stack the member ``stack_info``: appended as
    text, they would make the object unreadable. Where ``fmt`` is given, the JSON stands in place
    of its ``message``. Any other record is formatted as ``logging.Formatter`` does.

    Args:
        fmt: as in ``logging.Formatter``; the message alone if ``None``.
        datefmt: as in ``logging.Formatter``.
        style: as in ``logging.Formatter``.
        validate: as in ``logging.Formatter``.
        defaults: as in ``logging.Formatter``.
        json_serialize_default: what to make of a value that JSON does not know. ``None``, and a
            function that raises, give ISO 8601 for dates and times and ``repr`` for the rest.
        add_log_record_attrs: names of attributes of the record. If there are any, each record
            becomes a JSON object with those that it has, and ``msg``: the mapping that was logged,
            or the text as ``fmt`` shapes it; ``exc_info`` and ``stack_info`` if there are any.

    Raises:
        TypeError: ``json_serialize_default`` or ``add_log_record_attrs`` is of the wrong type.
        ValueError: ``fmt`` or ``style`` is wrong, as in ``logging.Formatter``.

    Safe to use from several threads. ``format`` raises what ``logging.Formatter.format`` raises
    for arguments that do not fit the message, which ``logging.Handler`` passes to ``handleError``;
    it does not raise for what a mapping or an attribute contains.
    """

    def __init__(
        self,
        fmt: str | None = None,
        datefmt: str | None = None,
        style: Literal["%", "{", "$"] = "%",
        validate: bool = True,  # noqa: FBT001, FBT002 - logging.config passes it by position
        *,
        defaults: Mapping[str, Any] | None = None,
        json_serialize_default: Default | None = None,
        add_log_record_attrs: Iterable[str] | None = None,
    ) -> None:
        super().__init__(fmt, datefmt, style, validate, defaults=defaults)
        self._json = StrictEncoder(json_serialize_default)
        self._attributes = _checked_names(add_log_record_attrs)
        # A subclass may shape the message in a method of its own instead.
        is_shaped = type(self).formatMessage is not logging.Formatter.formatMessage
        self._has_format = fmt is not None or is_shaped

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of one log event. Leaves ``record`` as it is."""
        if self._attributes:
            return self._json.encode(self._selected_attributes(record))
        if _is_mapping(record):
            return self._format_mapping(record)
        if self._has_format or record.exc_info or record.exc_text or record.stack_info:
            return super().format(_shadow(record))
        return record.getMessage()

    def _format_mapping(self, record: logging.LogRecord) -> str:
        content: object = record.msg
        trouble = self._trouble(record)
        if trouble:
            # A copy, to add to: the mapping belongs to the application.
            copied = self._json.legible(content)
            content = members = copied if isinstance(copied, dict) else {"msg": copied}
            for name, text in trouble.items():
                members[free_name(name, members)] = text
        text = self._json.encode(content)
        if not self._has_format:
            return text
        shadow = _shadow(record)
        self._fill_in(shadow, text)
        return self.formatMessage(shadow)

    def _selected_attributes(self, record: logging.LogRecord) -> dict[str, Any]:
        is_mapping = _is_mapping(record)
        shadow = _shadow(record)
        self._fill_in(shadow, record.msg if is_mapping else record.getMessage())
        selected = {
            name: value
            for name in self._attributes
            if (value := shadow.__dict__.get(name, _MISSING)) is not _MISSING
        }
        # Last, so that a traceback is text, and `msg` is what was meant, whatever was asked for.
        for name in ("exc_info", "stack_info"):
            selected.pop(name, None)
        message = record.msg if is_mapping else self.formatMessage(shadow)
        return {**selected, "msg": message, **self._trouble(record)}

    def _fill_in(self, shadow: logging.LogRecord, message: Any) -> None:
        """Set what ``fmt`` may name beside the attributes of every record."""
        shadow.message = message
        if self.usesTime() or "asctime" in self._attributes:
            shadow.asctime = self.formatTime(shadow, self.datefmt)

    def _trouble(self, record: logging.LogRecord) -> dict[str, str]:
        """Return the traceback and the stack that came with the record, as text."""
        trouble = {}
        if record.exc_info or record.exc_text:
            trouble["exc_info"] = _traceback_text(self, record)
        if record.stack_info:
            trouble["stack_info"] = self.formatStack(record.stack_info)
        return trouble


class JSONFormatter(logging.Formatter):
    """Formats every record as one JSON object on one line.

    Its members, in this order: ``timestamp`` (when the record was made: UTC, ISO 8601 with
    milliseconds and ``Z``), ``level``, ``logger``, ``message``, whatever else is on the record
    (``extra=`` or a filter put it there), ``exception`` (``type``, ``message``, ``traceback``) and
    ``stack``. The last two are left out where there is nothing to tell. An extra with the name of
    one of these gets an underscore after its name: ``level_``.

    A message that is a mapping is an object under ``message``. Its members are not merged into the
    record's own: they could not be told from extras, nor kept from taking the place of ``level``.

    Args:
        fmt: must be ``None``. This and the next three are what ``logging.config`` passes.
        datefmt: must be ``None``.
        style: not used.
        validate: not used.
        json_serialize_default: what to make of a value that JSON does not know. ``None``, and a
            function that raises, give ISO 8601 for dates and times and ``repr`` for the rest.

    Raises:
        TypeError: ``json_serialize_default`` is neither ``None`` nor callable.
        ValueError: ``fmt`` or ``datefmt`` is given.

    Safe to use from several threads. ``format`` raises for arguments that do not fit the message,
    as ``logging.Formatter`` does, and for nothing else that a record contains.
    """

    def __init__(
        self,
        fmt: str | None = None,
        datefmt: str | None = None,
        style: Literal["%", "{", "$"] = "%",
        validate: bool = True,  # noqa: FBT001, FBT002 - logging.config passes it by position
        *,
        json_serialize_default: Default | None = None,
    ) -> None:
        if fmt is not None or datefmt is not None:
            raise ValueError("fmt and datefmt must be None: JSONFormatter has one form of output")
        super().__init__(style=style, validate=validate)
        self._json = StrictEncoder(json_serialize_default)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON. Leaves ``record`` as it is."""
        members: dict[str, Any] = {
            "timestamp": _utc_timestamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.msg if _is_mapping(record) else _message_text(record),
        }
        _add_extras(members, record)
        if record.exc_info or record.exc_text:
            members["exception"] = _exception_members(record, _traceback_text(self, record))
        if record.stack_info:
            members["stack"] = self.formatStack(record.stack_info)
        return self._json.encode(members)


def _checked_names(names: object) -> tuple[str, ...]:
    allowed = "add_log_record_attrs must be names of attributes of a log record, such as a list"
    if names is None:
        return ()
    if isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
        raise TypeError(f"{allowed}, not {names!r}")
    checked = tuple(names)
    for name in checked:
        if not isinstance(name, str):
            raise TypeError(f"{allowed} of str: {name!r} is not one")
    return checked


def _is_mapping(record: logging.LogRecord) -> bool:
    kind = type(record.msg)
    return kind is not str and not record.args and issubclass(kind, Mapping)


def _shadow(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy of ``record`` for ``logging.Formatter`` to write on."""
    if type(record) is not logging.LogRecord:
        return copy.copy(record)
    # A tenth of the time of copy.copy(), in the path of each logging call.
    shadow = object.__new__(logging.LogRecord)
    shadow.__dict__ = record.__dict__.copy()
    return shadow


def _message_text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        if record.args:  # they do not fit the message: for handleError, as in any handler
            raise
        return describe_text(record.msg)


def _add_extras(members: dict[str, Any], record: logging.LogRecord) -> None:
    # A copy first: another thread may format, and so change, the same record.
    for name, value in record.__dict__.copy().items():
        if name not in _STANDARD_ATTRIBUTES:
            members[free_name(f"{name}_" if name in _RESERVED else name, members)] = value


def _traceback_text(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Return the traceback; of a record that came through a queue, the text made before that."""
    if not record.exc_info:
        return record.exc_text or ""
    try:
        return formatter.formatException(record.exc_info)
    except Exception:  # noqa: BLE001 - not what sys.exc_info() returns, or no stack left
        return record.exc_text or describe_text(record.exc_info)


def _exception_members(record: logging.LogRecord, traceback: str) -> dict[str, str]:
    exc_info: object = record.exc_info
    error = exc_info[1] if isinstance(exc_info, tuple) and len(exc_info) > 1 else None
    if not isinstance(error, BaseException):
        return {"traceback": traceback}
    kind = type(error)
    place = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return {
        "type": f"{place}{kind.__qualname__}",
        "message": _text_of(error),
        "traceback": traceback,
    }


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - str() is the application's code
        return describe_text(error)


def _utc_timestamp(created_s: float) -> str:
    try:
        moment = datetime.fromtimestamp(created_s, tz=timezone.utc)
    except Exception:  # noqa: BLE001 - not a number, or not a date that there is
        return describe_text(created_s)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
