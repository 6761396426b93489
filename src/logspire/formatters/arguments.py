"""What a user may pass to :class:`JSONFormatter`: the error says which argument, and what it takes.

Mappings may come from ``dictConfig``, whose own kind of ``dict`` resolves ``ext://`` only where a
member is asked for by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from logspire.core.errors import InvalidTypeError, InvalidValueError
from logspire.core.limits import CLOUDWATCH_LOGS
from logspire.formatters.records import STANDARD_ATTRIBUTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any, Final

REST: Final = "*"
"""In ``fields``: whatever else there is."""

_SMALLEST_EVENT_BYTES: Final = 512
_NO_NAME: Final = re.compile(r"[%{}$]")
_INSTEAD: Final = {
    "asctime": "timestamp",
    "exc_info": "exception",
    "exc_text": "exception",
    "stack_info": "stack",
}


def field_names(keyword: str, value: Any) -> tuple[str, ...]:
    """Return names of fields, given as a list, or as one string with commas or spaces between."""
    allowed = f"{keyword} must be names of fields, such as 'timestamp, level, message, *'"
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    elif isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
        raise InvalidTypeError(f"{allowed} or a list of them, not {_kind(value)}")
    names: list[str] = []
    for name in value:
        if not isinstance(name, str):
            raise InvalidTypeError(f"{allowed}: {name!r} is not a string")
        if not name or _NO_NAME.search(name):
            raise InvalidValueError(f"{allowed}: {name!r} is none")
        if name in _INSTEAD:
            raise InvalidValueError(f"{keyword}: {name!r} goes by the name {_INSTEAD[name]!r}")
        if name in names:
            raise InvalidValueError(f"{keyword}: {name!r} stands there twice")
        names.append(name)
    if not names:
        raise InvalidValueError(f"{allowed}, at least one")
    return tuple(names)


def new_names(keyword: str, value: Any, own: Collection[str]) -> dict[str, str]:
    """Return names by the names that they replace; none may be another of ``own``."""
    renamed = _mapping(keyword, value)
    for name, new in renamed.items():
        if name == REST or (name in STANDARD_ATTRIBUTES and name not in own):
            raise InvalidValueError(
                f"{keyword}: {name!r} is not written: rename a field such as 'level', or an"
                f" attribute of the record that is named in fields"
            )
        if not isinstance(new, str) or not new:
            raise InvalidTypeError(
                f"{keyword}[{name!r}] must be the new name, a string, not {_kind(new)}"
            )
    names = [renamed.get(name, name) for name in (*own, *(set(renamed) - set(own)))]
    for name in names:
        if names.count(name) > 1:
            raise InvalidValueError(f"{keyword}: two fields would have the name {name!r}")
    return renamed


def static_values(keyword: str, value: Any, own: Collection[str]) -> dict[str, Any]:
    """Return values by name; none may have the name of one of ``own``."""
    fields = _mapping(keyword, value)
    for name in fields:
        if name in own:
            raise InvalidValueError(
                f"{keyword}: {name!r} is a field of each record; any name but"
                f" {', '.join(own)} is allowed"
            )
    return fields


def dumps_function(keyword: str, value: Any) -> Callable[..., Any] | None:
    """Return a function that does what ``json.dumps`` does, tried out, or ``None``."""
    if value is None:
        return None
    allowed = (
        f"{keyword} must be a function such as json.dumps, called as {keyword}(dict, default=f)"
    )
    if isinstance(value, str):
        raise InvalidTypeError(f"{allowed}, not a string; in dictConfig write 'ext://{value}'")
    if not callable(value):
        raise InvalidTypeError(f"{allowed}, not {_kind(value)}")
    function: Callable[..., Any] = value
    try:
        made = function({"message": ""}, default=repr)
    except Exception as error:
        raise InvalidValueError(f"{allowed}; {value!r} raised {error!r}") from error
    if not isinstance(made, (str, bytes)):
        raise InvalidTypeError(f"{allowed}, which returns str or bytes, not {_kind(made)}")
    return function


def event_bytes(keyword: str, value: Any) -> int:
    """Return the most bytes of an event, its overhead included."""
    most = CLOUDWATCH_LOGS.event_bytes
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidTypeError(f"{keyword} must be an integer, not {_kind(value)}")
    if not _SMALLEST_EVENT_BYTES <= value <= most:
        raise InvalidValueError(
            f"{keyword} must be from {_SMALLEST_EVENT_BYTES} to {most} bytes, not {value}"
        )
    return int(value)


def _mapping(keyword: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidTypeError(
            f"{keyword} must be a mapping with names of fields for keys, not {_kind(value)}"
        )
    for name in value:
        if not isinstance(name, str):
            raise InvalidTypeError(f"{keyword} must have strings for keys: {name!r} is not one")
    return {name: value[name] for name in value}


def _kind(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"
