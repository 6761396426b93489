"""Every record as one JSON object on one line."""

from __future__ import annotations

import logging
from datetime import datetime, timezone

from logspire.formatters.records import extras_of, is_mapping, message_text, traceback_text
from logspire.formatters.strict_json import StrictEncoder, describe_text, free_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, Literal

    from logspire.formatters.strict_json import Default

_RESERVED: Final = ("timestamp", "level", "logger", "message", "exception", "stack")
"""The keys that :class:`JSONFormatter` gives a meaning to."""


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
            "message": record.msg if is_mapping(record) else message_text(record),
        }
        _add_extras(members, record)
        if record.exc_info or record.exc_text:
            members["exception"] = _exception_members(record, traceback_text(self, record))
        if record.stack_info:
            members["stack"] = self.formatStack(record.stack_info)
        return self._json.encode(members)


def _add_extras(members: dict[str, Any], record: logging.LogRecord) -> None:
    for name, value in extras_of(record).items():
        members[free_name(f"{name}_" if name in _RESERVED else name, members)] = value


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
