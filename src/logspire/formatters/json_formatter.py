"""Every record as one JSON object on one line."""

from __future__ import annotations

import logging

from logspire.core.errors import InvalidValueError
from logspire.core.event import repair
from logspire.core.limits import CLOUDWATCH_LOGS
from logspire.formatters import arguments
from logspire.formatters.arguments import REST
from logspire.formatters.context import bound_fields
from logspire.formatters.exceptions import exception_members
from logspire.formatters.records import extras_of, is_mapping, message_text, traceback_text
from logspire.formatters.shortening import shortened
from logspire.formatters.strict_json import StrictEncoder, encode_scalars, free_name, quote
from logspire.formatters.timestamps import Timestamps
from logspire.formatters.traces import TRACE_FIELDS, trace_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Final, Literal

    from logspire.formatters.strict_json import Default

_ALWAYS: Final = ("exception", "stack")
OWN_FIELDS: Final = ("timestamp", "level", "logger", "message", *_ALWAYS)
"""What :class:`JSONFormatter` gives a meaning to."""
DEFAULT_FIELDS: Final = (*OWN_FIELDS[:4], REST, *_ALWAYS)

_OWN_FIELDS: Final = frozenset(OWN_FIELDS)
_LONGEST_CHARACTER_BYTES: Final = 4
_MOST_HEADS: Final = 1_000
_MISSING: Final = object()


class JSONFormatter(logging.Formatter):
    """Formats every record as one JSON object on one line.

    Its members, in this order: ``timestamp`` (when the record was made: UTC, ISO 8601 with
    milliseconds and ``Z``), ``level``, ``logger``, ``message``; then the rest, which is static
    fields, trace identifiers, what :class:`log_context` has bound, and the extras of the record,
    the later one in place of an earlier one of the same name; then ``exception`` and ``stack``,
    where there is something to tell. In the rest, the name of one of these six gets an underscore
    after it: ``level_``.

    A message that is a mapping is an object under ``message``. Its members are not merged into the
    record's own: they could not be told from extras, nor kept from taking the place of ``level``.

    Args:
        fmt: the same as ``fields``, for where ``logging.config`` knows nothing but ``format``.
        datefmt: must be ``None``. This and the next two are what ``logging.config`` passes.
        style: not used.
        validate: not used.
        defaults: must be ``None``.
        fields: the names of the fields to write, in order, as a list, or as a string with commas or
            spaces between: of those above, attributes of the record such as ``funcName``, extras,
            bound or static fields. ``"*"`` is the rest, as far as it is not named; without it, that
            is left out. ``exception`` and ``stack`` come at the end if they are not named.
        rename_fields: new names by the names of fields.
        static_fields: names and values of fields that every record has.
        dumps: makes JSON in place of the formatter, called as ``dumps(dict, default=function)``;
            returns ``str`` or ``bytes``. Where it raises, the formatter does it after all.
        json_serialize_default: what to make of a value that JSON does not know. ``None``, and a
            function that raises, give ISO 8601 for dates and times and ``repr`` for the rest.
        max_message_size: bytes of one event, 26 bytes of overhead included. In a longer line texts
            and lists are cut, the longest first; its member ``shortened_from`` has the bytes that
            it had.

    Raises:
        ValueError: an argument has a value that is not allowed; the message says what is.
        TypeError: an argument is of the wrong type.

    Safe to use from several threads and from signal handlers; never blocks. ``format`` raises for
    arguments that do not fit the message, as ``logging.Formatter`` does, and for nothing else that
    a record contains.
    """

    def __init__(
        self,
        fmt: str | Iterable[str] | None = None,
        datefmt: str | None = None,
        style: Literal["%", "{", "$"] = "%",
        validate: bool = True,  # noqa: FBT001, FBT002 - logging.config passes it by position
        *,
        defaults: Mapping[str, Any] | None = None,
        fields: str | Iterable[str] | None = None,
        rename_fields: Mapping[str, str] | None = None,
        static_fields: Mapping[str, Any] | None = None,
        dumps: Callable[..., str | bytes] | None = None,
        json_serialize_default: Default | None = None,
        max_message_size: int = CLOUDWATCH_LOGS.event_bytes,
    ) -> None:
        # Empty is how an INI file says that there is none.
        _refuse("datefmt", datefmt or None, "timestamp is always in UTC and ISO 8601")
        _refuse("defaults", defaults, "what every record has are static_fields")
        if fields is not None:
            _refuse("fmt", fmt, "it means the same as fields, which is given too")
        super().__init__(style=style, validate=validate)
        self._json = StrictEncoder(json_serialize_default)
        static = arguments.static_values("static_fields", static_fields, OWN_FIELDS)
        self._static: dict[str, Any] = self._json.legible(static)
        self._fields: tuple[str, ...] = DEFAULT_FIELDS
        for keyword, names in (("fmt", fmt), ("fields", fields)):
            if names is not None:
                self._fields = arguments.field_names(keyword, names)
        known = {*OWN_FIELDS, *TRACE_FIELDS, *static, *self._fields}
        self._renamed = arguments.new_names("rename_fields", rename_fields, known)
        self._is_usual = self._fields == DEFAULT_FIELDS and not self._renamed
        self._dumps = arguments.dumps_function("dumps", dumps)
        event_bytes = arguments.event_bytes("max_message_size", max_message_size)
        self._most_bytes = event_bytes - CLOUDWATCH_LOGS.overhead_bytes
        self._timestamp = Timestamps().text
        # By level and logger: what the line says of them.
        self._heads: dict[tuple[str, str], str] = {}
        is_as_here = type(self).members is JSONFormatter.members
        self._is_quick = is_as_here and self._is_usual and self._dumps is None

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON. Leaves ``record`` as it is."""
        text = (self._is_quick and self._quick_line(record)) or self._line(self.members(record))
        if len(text) * _LONGEST_CHARACTER_BYTES > self._most_bytes:
            return self._fitting(text, record)
        return text

    def members(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return what is told of a record, by the names and in the order of the output.

        For subclasses: what they add or take away is encoded, and kept within the limit, like the
        rest. The mapping is new; what is in it may belong to the application.
        """
        members: dict[str, Any] = {
            "timestamp": self._timestamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.msg if is_mapping(record) else message_text(record),
        }
        rest = self._rest(record)
        if _OWN_FIELDS.isdisjoint(rest):
            members.update(rest)
        else:
            for name, value in rest.items():
                members[free_name(f"{name}_" if name in _OWN_FIELDS else name, members)] = value
        if record.exc_info or record.exc_text:
            members["exception"] = self._exception(record)
        if record.stack_info:
            members["stack"] = self.formatStack(record.stack_info)
        return members if self._is_usual else self._arranged(members, record)

    def _quick_line(self, record: logging.LogRecord) -> str | None:
        """Return the line of an ordinary record, in half of the time, or ``None`` of any other.

        Ordinary is a text, without an exception, and beside it only text, numbers and the like.
        """
        if record.exc_info or record.exc_text or record.stack_info:
            return None
        level, logger = record.levelname, record.name
        if not type(record.msg) is type(level) is type(logger) is str:
            return None
        rest, more = self._rest(record), ""
        if rest:
            encoded = encode_scalars(rest) if _OWN_FIELDS.isdisjoint(rest) else None
            if encoded is None:
                return None
            more = f", {encoded}"
        head = self._heads.get((level, logger)) or self._head_of(level, logger)
        message: object = record.getMessage()
        if type(message) is not str:
            return None
        time = quote(self._timestamp(record.created))
        text = f'{{"timestamp": {time}{head}{quote(message)}{more}}}'
        return text if text.isascii() or repair(text) == text else None

    def _head_of(self, level: str, logger: str) -> str:
        """Return what stands between the time and the message; the same for most records."""
        head = f', "level": {quote(level)}, "logger": {quote(logger)}, "message": '
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        self._heads[level, logger] = head
        return head

    def _rest(self, record: logging.LogRecord) -> Mapping[str, Any]:
        extras, bound, trace = extras_of(record), bound_fields(), trace_fields()
        if bound or trace or self._static:
            return {**self._static, **trace, **bound, **extras}
        return extras

    def _arranged(self, members: dict[str, Any], record: logging.LogRecord) -> dict[str, Any]:
        """Return those that are asked for, in that order, with their new names."""
        fields = self._fields
        rest = [name for name in members if name not in fields and name not in _OWN_FIELDS]
        arranged: dict[str, Any] = {}
        for field in (*fields, *_ALWAYS):
            for name in rest if field == REST else (field,):
                value = members.pop(name, _MISSING)
                if value is _MISSING and name not in _OWN_FIELDS:
                    value = record.__dict__.get(name, _MISSING)
                if value is not _MISSING:
                    arranged[free_name(self._renamed.get(name, name), arranged)] = value
        return arranged

    def _exception(self, record: logging.LogRecord) -> dict[str, Any]:
        text = traceback_text(self, record)
        exc_info: object = record.exc_info
        error = exc_info[1] if isinstance(exc_info, tuple) and len(exc_info) > 1 else None
        if not isinstance(error, BaseException):
            return {"traceback": text}
        return {**exception_members(error), "traceback": text}

    def _line(self, members: object) -> str:
        if self._dumps is not None:
            try:
                text = self._dumps(members, default=self._json.default)
                return text.decode() if isinstance(text, bytes) else str.__str__(text)
            except Exception:  # noqa: BLE001, S110 - the application's function; ours does not fail
                pass
        return self._json.encode(members)

    def _fitting(self, text: str, record: logging.LogRecord) -> str:
        whole_bytes = len(repair(text).encode())
        if whole_bytes <= self._most_bytes:
            return text
        members = self._json.legible(self.members(record))
        sizes = self._most_bytes, whole_bytes
        # The application's function may make too much of anything.
        return shortened(members, self._line, *sizes) or shortened(
            members, self._json.encode, *sizes
        )


def _refuse(keyword: str, value: object, instead: str) -> None:
    if value is not None:
        raise InvalidValueError(f"{keyword} must be None, not {value!r}: {instead}")
