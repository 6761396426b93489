"""Records as text, and those whose message is a mapping as JSON."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from logspire.core.errors import InvalidTypeError
from logspire.formatters.asctime import QuickFormatter
from logspire.formatters.records import is_mapping, shadow_of, traceback_text
from logspire.formatters.strict_json import StrictEncoder, free_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, Literal

    from logspire.formatters.strict_json import Default

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

    @property
    def add_log_record_attrs(self) -> tuple[str, ...]:
        """The names of the attributes; may be assigned at any time, for later records.

        Raises:
            TypeError: not names.
        """
        return self._attributes

    @add_log_record_attrs.setter
    def add_log_record_attrs(self, names: Iterable[str] | None) -> None:
        self._attributes = _checked_names(names)

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of one log event. Leaves ``record`` as it is."""
        if self._attributes:
            return self._json.encode(self._selected_attributes(record))
        if is_mapping(record):
            return self._format_mapping(record)
        if self._has_format or record.exc_info or record.exc_text or record.stack_info:
            return super().format(shadow_of(record))
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
        shadow = shadow_of(record)
        self._fill_in(shadow, text)
        return self.formatMessage(shadow)

    def _selected_attributes(self, record: logging.LogRecord) -> dict[str, Any]:
        mapping = is_mapping(record)
        shadow = shadow_of(record)
        self._fill_in(shadow, record.msg if mapping else record.getMessage())
        selected = {
            name: value
            for name in self._attributes
            if (value := shadow.__dict__.get(name, _MISSING)) is not _MISSING
        }
        # Last, so that a traceback is text, and `msg` is what was meant, whatever was asked for.
        for name in ("exc_info", "stack_info"):
            selected.pop(name, None)
        message = record.msg if mapping else self.formatMessage(shadow)
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
            trouble["exc_info"] = traceback_text(self, record)
        if record.stack_info:
            trouble["stack_info"] = self.formatStack(record.stack_info)
        return trouble


def _checked_names(names: object) -> tuple[str, ...]:
    allowed = "add_log_record_attrs must be names of attributes of a log record, such as a list"
    if names is None:
        return ()
    if isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
        raise InvalidTypeError(f"{allowed}, not {names!r}")
    checked = tuple(names)
    for name in checked:
        if not isinstance(name, str):
            raise InvalidTypeError(f"{allowed} of str: {name!r} is not one")
    return checked
