"""An object made small enough for one event: cut inside, so that it stays one object."""

from __future__ import annotations

from logspire.core.event import repair
from logspire.formatters.strict_json import free_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

SHORTENED_FROM: Final = "shortened_from"
"""The member that has the size of the whole line, in bytes."""

_LONGEST_NUMBER_BITS: Final = 256
_REFINEMENTS: Final = 4


def shortened(
    members: dict[str, Any], encode: Callable[[object], str], most_bytes: int, whole_bytes: int
) -> str:
    """Return ``members`` as text of at most ``most_bytes`` bytes of UTF-8.

    What is too long is cut: of a text the middle, of a list or an object the end; each says how
    much is missing. All parts have the same limit, so the longest are cut first. It is halved until
    the line fits, and then raised again by what room is left.

    Args:
        members: nothing but ``dict`` with ``str`` keys, ``list``, and scalars.
        encode: makes text of what it is given.
        most_bytes: at least 100.
        whole_bytes: what they would take, which is more.
    """

    def text_within(limit: int) -> str | None:
        text = encode({**_cut_members(members, limit), SHORTENED_FROM: whole_bytes})
        return text if len(repair(text).encode()) <= most_bytes else None

    # More than half is tried below. Where there are a million parts, each try counts.
    limit = min(most_bytes, _longest(members) // 2)
    while (fitting := text_within(limit)) is None and limit:
        limit //= 2
    step = limit // 2
    for _ in range(_REFINEMENTS):
        more = text_within(limit + step) if step else None
        if more is not None:
            fitting, limit = more, limit + step
        step //= 2
    return fitting or ""


def _longest(value: Any) -> int:
    if isinstance(value, dict):
        return max(len(value), *map(len, value), *map(_longest, value.values()), 0)
    if isinstance(value, list):
        return max(len(value), *map(_longest, value), 0)
    if isinstance(value, int):
        return value.bit_length() // 3  # and a few digits less
    return len(value) if isinstance(value, str) else 0


def _cut(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return _cut_text(value, limit)
    if isinstance(value, dict):
        return _cut_members(value, limit)
    if isinstance(value, list):
        return _cut_list(value, limit)
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER_BITS:
        return _cut_text(str(value), limit)
    return value


def _cut_text(text: str, limit: int) -> str:
    missing = len(text) - limit
    mark = f" [... {missing} characters left out ...] "
    if missing <= len(mark):
        # Nothing would be won.
        return text
    half = limit // 2
    return f"{text[:half]}{mark}{text[len(text) - limit + half :]}"


def _cut_list(values: list[Any], limit: int) -> list[Any]:
    missing = len(values) - limit
    cut = [_cut(value, limit) for value in values[:limit]]
    return [*cut, f"[... {missing} more left out ...]"] if missing > 0 else cut


def _cut_members(members: dict[str, Any], limit: int) -> dict[str, Any]:
    cut: dict[str, Any] = {}
    for name in list(members)[:limit]:
        cut[free_name(_cut_text(name, limit), cut)] = _cut(members[name], limit)
    missing = len(members) - limit
    if missing > 0:
        cut[free_name("...", cut)] = f"{missing} more left out"
    return cut
