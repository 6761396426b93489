"""JSON of whatever a program logs: always valid, always an answer, nothing changed on the way."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, time

from logspire.core.errors import InvalidTypeError
from logspire.core.event import repair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    Default = Callable[[Any], Any]
    """Turns a value that JSON does not know into one that it does."""

MAX_DEPTH: Final = 100
"""Levels of nesting kept. Python's own encoder gives up at about a thousand, with an error."""

TOO_DEEP: Final = f"<nested deeper than {MAX_DEPTH} levels>"
CIRCULAR: Final = "<circular reference>"

_SCALAR_BASES: Final = (str, int, float, type(None))
_EXACT_SCALARS: Final = frozenset({*_SCALAR_BASES, bool})
_EXACT_TEXT: Final = frozenset({str})

# Makes a JSON string of a string, in C. Not documented, but there since Python 2.6.
quote: Final[Callable[[str], str]] = (
    getattr(json.encoder, "encode_basestring", None) or json.JSONEncoder(ensure_ascii=False).encode
)


def describe(value: object) -> str:
    """Return the ISO 8601 form of a date or time, else ``repr(value)``. Never raises for data."""
    try:
        if isinstance(value, (date, time)):
            return str.__str__(value.isoformat())
        return str.__str__(repr(value))
    except Exception:  # noqa: BLE001 - repr() is the application's code
        return object.__repr__(value)


def describe_text(value: object) -> str:
    """Return ``describe(value)``, encodable."""
    return repair(describe(value))


def free_name(name: str, taken: Mapping[str, object]) -> str:
    """Return ``name``, or ``name`` and a number where an object has a member of that name."""
    number = len(taken)
    free = name
    while free in taken:
        free = f"{name}_{number}"
        number += 1
    return free


def encode_scalars(members: Mapping[str, object]) -> str | None:
    """Return what stands between the braces of an object, or ``None`` unless all is plain scalars.

    For a few members it takes less time than to ask whether json's C encoder may have them.
    """
    text = ""
    for name, value in members.items():
        kind = type(value)
        shown: object
        if kind is str:
            shown = quote(value)  # type: ignore[arg-type]
        elif kind is int or (kind is float and math.isfinite(value)):  # type: ignore[arg-type]
            shown = value
        elif kind is bool:
            shown = "true" if value else "false"
        elif value is None:
            shown = "null"
        else:
            return None
        if type(name) is not str:
            return None
        try:
            text = f"{text}, {quote(name)}: {shown}"
        except ValueError:  # an integer that Python does not print
            return None
    return text[2:]


class StrictEncoder:
    """Encodes any value as JSON that every parser takes (RFC 8259), on one line.

    What JSON cannot say is said as a string: ``NaN`` and infinities by their names, an integer
    with more digits than Python prints in hexadecimal, a lone surrogate as its escape, a circular
    reference or endless nesting by a remark. Keys become strings; two keys that become the same
    are told apart by a number. Everything else goes through ``default``.

    Args:
        default: called with a value that JSON does not know; what it returns is encoded in turn.
            Where it raises, and where it is ``None``, dates and times are in ISO 8601 and
            everything else is its ``repr``.

    Raises:
        TypeError: ``default`` is neither ``None`` nor callable.

    Safe to use from several threads. Keeps no reference to what it encoded.
    """

    def __init__(self, default: Default | None = None) -> None:
        if default is not None and not callable(default):
            raise InvalidTypeError(
                f"json_serialize_default must be callable or None, not {default!r}"
            )
        self.default = default or describe
        self._encode = _quick_encoder()

    def __reduce__(self) -> tuple[type[StrictEncoder], tuple[Default]]:
        """A formatter goes to another process by pickle; an encoder in C cannot."""
        return StrictEncoder, (self.default,)

    def encode(self, value: object) -> str:
        """Return ``value`` as one line of JSON; never raises an ``Exception`` for what is in it."""
        try:
            if _is_plain(value, MAX_DEPTH):
                text = self._encode(value)
                if text.isascii() or repair(text) == text:
                    return text
        except Exception:  # noqa: BLE001, S110 - NaN, a huge integer: the careful way is below
            pass
        try:
            return self._encode(self.legible(value))
        except Exception:  # noqa: BLE001 - hardly any stack or memory left
            return self._encode(self._members_apart(value))

    def legible(self, value: object) -> Any:
        """Return ``value`` as new ``dict``, ``list`` and scalars that encode as they are."""
        try:
            return self._convert(value, ())
        except Exception:  # noqa: BLE001 - as above
            return self._members_apart(value)

    def _members_apart(self, value: object) -> Any:
        """Save what is text already, and say of each other member what it was."""
        if type(value) is not dict:
            return object.__repr__(value)
        return {
            repair(name): repair(member) if type(member) is str else object.__repr__(member)
            for name, member in value.items()
            if type(name) is str
        }

    def _convert(self, value: object, path: tuple[int, ...]) -> Any:
        try:
            if issubclass(type(value), _SCALAR_BASES):
                return _convert_scalar(value)
            if id(value) in path:
                return CIRCULAR
            if len(path) >= MAX_DEPTH:
                return TOO_DEEP
            return self._convert_container(value, (*path, id(value)))
        except RecursionError:
            raise  # here and above, no stack is left to go on with: legible() has a last resort
        except Exception:  # noqa: BLE001 - subclasses bring the application's code
            return describe_text(value)

    def _convert_container(self, value: object, path: tuple[int, ...]) -> Any:
        kind = type(value)
        if issubclass(kind, Mapping):
            return self._convert_mapping(value, path)  # type: ignore[arg-type]
        if issubclass(kind, (list, tuple)):
            return [self._convert(member, path) for member in list(value)]  # type: ignore[call-overload]
        try:
            replacement = self.default(value)
        except Exception:  # noqa: BLE001 - the application's function
            return describe_text(value)
        return describe_text(value) if replacement is value else self._convert(replacement, path)

    def _convert_mapping(self, value: Mapping[Any, Any], path: tuple[int, ...]) -> dict[str, Any]:
        converted: dict[str, Any] = {}
        # A list first: another thread may add to the mapping while its members are converted.
        for key, member in list(value.items()):
            converted[free_name(_key_text(key), converted)] = self._convert(member, path)
        return converted


def _convert_scalar(value: object) -> str | float | bool | None:
    """Return the exact scalar under a subclass, whatever methods that class overrides."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return repair(str.__str__(value))
    if isinstance(value, int):
        return _convert_int(int.__int__(value))
    number = float.__float__(value)  # type: ignore[arg-type]
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _convert_int(number: int) -> int | str:
    try:
        int.__repr__(number)
    except ValueError:  # sys.set_int_max_str_digits(): a decimal of that size takes too long
        return hex(number)
    return number


def _key_text(key: object) -> str:
    """Return a key as a string: what the json module makes of it, else ``str``."""
    if issubclass(type(key), _SCALAR_BASES):
        scalar = _convert_scalar(key)
        return scalar if isinstance(scalar, str) else json.dumps(scalar)
    try:
        return repair(str.__str__(str(key)))
    except Exception:  # noqa: BLE001 - str() is the application's code
        return describe_text(key)


def _is_plain(value: object, depth: int) -> bool:
    """Return whether json's C encoder may have ``value``: exact types, string keys, not too deep.

    Other keys can become the same string and subclasses can lie; neither makes the encoder fail.
    """
    kind = type(value)
    if kind is dict:
        if not _EXACT_TEXT.issuperset(map(type, value)):  # type: ignore[call-overload]
            return False
        members = value.values()  # type: ignore[attr-defined]
    elif kind is list or kind is tuple:
        members = value
    else:
        return kind in _EXACT_SCALARS
    # In C for what is usual: an object that holds nothing but scalars.
    if depth > 0 and _EXACT_SCALARS.issuperset(map(type, members)):
        return True
    return depth > 0 and all(_is_plain(member, depth - 1) for member in members)


def _quick_encoder() -> Callable[[object], str]:
    """Return what encodes plain values as ``JSONEncoder`` does, in half of the time.

    ``JSONEncoder.encode`` makes an encoder in C for each call. What that is made of is not
    documented, so it is put to the test here.
    """
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    try:
        encoder = json.encoder
        no = False  # of: sort_keys, skipkeys, allow_nan
        chunks = encoder.c_make_encoder(  # type: ignore[attr-defined]
            None, None, encoder.encode_basestring, None, ": ", ", ", no, no, no
        )

        def quick(value: object) -> str:
            return "".join(chunks(value, 0))

        probe = {"a": ["\n\u00fc", 1, -2.5, None, True, {}]}
        return quick if quick(probe) == encode(probe) else encode
    except Exception:  # noqa: BLE001 - another Python, other internals
        return encode
