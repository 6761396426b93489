"""Names of log streams: templates, and how whatever they yield is made legal."""

from __future__ import annotations

import string
import zlib
from datetime import datetime, timezone

from logspire.core.errors import InvalidTypeError, InvalidValueError
from logspire.core.event import repair
from logspire.core.limits import STREAM_NAME_FORBIDDEN, STREAM_NAME_MAX_CHARS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

PROCESS_FIELDS: Final = frozenset({"machine_name", "program_name", "process_id"})
"""Fields that stay the same for the life of a process."""
RECORD_FIELDS: Final = frozenset({"logger_name", "thread_name", "level_name"})
"""Fields that each record has."""
_REPLACED: Final = str.maketrans(dict.fromkeys(STREAM_NAME_FORBIDDEN, "-"))
_STRFTIME: Final = "strftime"
_ALLOWED: Final = ", ".join(
    [*(f"{{{name}}}" for name in sorted(PROCESS_FIELDS | RECORD_FIELDS)), "{strftime:FORMAT}"]
)


class StreamTemplate:
    """A parsed template of stream names, such as ``"{machine_name}/{strftime:%Y-%m-%d}"``.

    Args:
        template: the text; braces are doubled to stand for themselves.

    Raises:
        TypeError: ``template`` is not a string.
        ValueError: it is empty, or has a field that does not exist; the message says which do.
    """

    def __init__(self, template: str) -> None:
        if not isinstance(template, str):
            raise InvalidTypeError(
                f"log_stream_name must be a string, not {type(template).__name__}"
            )
        if not template:
            raise InvalidValueError(
                f"log_stream_name must not be empty; fields it may have: {_ALLOWED}"
            )
        self.text = template
        self._parts = _parse(template)
        self.fields = frozenset(field for _, field, _ in self._parts if field)

    @property
    def per_record(self) -> bool:
        """Whether records of one process can go to different streams."""
        return not self.fields <= PROCESS_FIELDS

    @property
    def uses_time(self) -> bool:
        """Whether the name depends on the time of the record."""
        return _STRFTIME in self.fields

    def render(self, values: Mapping[str, object], created_s: float = 0.0) -> str:
        """Return a legal stream name.

        Args:
            values: of the fields in ``self.fields``, but for ``strftime``.
            created_s: time of the record, seconds since 1970; rendered in UTC.
        """
        words = []
        for literal, field, spec in self._parts:
            words.append(literal)
            if field == _STRFTIME:
                words.append(_utc(created_s, spec))
            elif field:
                words.append(str(values[field]))
        return legal_stream_name("".join(words))


def legal_stream_name(name: str) -> str:
    """Return ``name`` as the service takes it: 1 to 512 characters, no ``:`` and no ``*``.

    A name that is too long ends in a checksum of the whole, so that two long names that differ
    only at the end stay two. Source: ``CreateLogStream`` in the API reference (read 2026-11).
    """
    name = repair(name).translate(_REPLACED) or "-"
    if len(name) <= STREAM_NAME_MAX_CHARS:
        return name
    checksum = f"-{zlib.crc32(name.encode()):08x}"
    return name[: STREAM_NAME_MAX_CHARS - len(checksum)] + checksum


def _parse(template: str) -> list[tuple[str, str, str]]:
    """Return (literal text, field or "", strftime format or "") for each part of a template."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise InvalidValueError(
            f"log_stream_name {template!r}: {error}; fields it may have: {_ALLOWED}"
        ) from None
    return [
        (literal, "" if field is None else _checked(template, field, spec, conversion), spec or "")
        for literal, field, spec, conversion in parts
    ]


def _checked(template: str, field: str, spec: str | None, conversion: str | None) -> str:
    plain = field in PROCESS_FIELDS | RECORD_FIELDS and not spec
    if not conversion and (plain or (field == _STRFTIME and spec)):
        return field
    shown = field + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
    raise InvalidValueError(f"log_stream_name {template!r} has {{{shown}}}; allowed are {_ALLOWED}")


def _utc(created_s: float, spec: str) -> str:
    try:
        return datetime.fromtimestamp(created_s, timezone.utc).strftime(spec)
    except (ValueError, OverflowError, OSError, TypeError, UnicodeError):
        # A record from the year 60000, or a directive that this platform does not have.
        return spec
