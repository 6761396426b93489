"""What is logged: lines as a web service writes them, with names, ids and times that vary."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINES: Final = 4_999
"""A prime: whichever number of streams takes turns, each gets all lines, not the same few."""
_USERS: Final = 1_000
_MOST_BYTES: Final = 8 * 1024 * 1024
_NAMES: Final = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy")
_PATHS: Final = ("/orders", "/orders/%d", "/carts/%d/items", "/users/%d", "/search", "/health")
_METHODS: Final = ("GET", "GET", "GET", "POST", "PUT", "DELETE")
_STATUSES: Final = (200, 200, 200, 200, 201, 204, 302, 400, 404, 500)

LAYOUT: Final = "%s %08d"
"""A line and the number of the record, by which the sink tells which records arrived."""
LAYOUT_BYTES: Final = 9


def ordinary_lines(message_bytes: int | None = None) -> list[str]:
    """Return lines to take turns; with ``message_bytes`` each message has exactly that length."""
    random = Random(4)
    users = [_user(random) for _ in range(_USERS)]
    if message_bytes is None:
        return [_line(random, users) for _ in range(_LINES)]
    # Few enough to fit in memory, and more than a compressor looks back.
    count = max(4, min(_LINES, _MOST_BYTES // message_bytes))
    return [_line_of(random, users, message_bytes - LAYOUT_BYTES) for _ in range(count)]


def _user(random: Random) -> str:
    return ".".join(str(random.randrange(256)) for _ in range(4)) + f" {random.choice(_NAMES)}"


def _line(random: Random, users: Sequence[str]) -> str:
    path = random.choice(_PATHS)
    if "%" in path:
        path %= random.randrange(100_000)
    return (
        f"{random.choice(users)} {random.choice(_METHODS)} {path} {random.choice(_STATUSES)}"
        f" {random.randrange(50_000)} B {random.expovariate(0.05):.1f} ms"
        f" request={random.getrandbits(64):016x}"
    )


def _line_of(random: Random, users: Sequence[str], size_bytes: int) -> str:
    parts, length = [], 0
    while length < size_bytes:
        parts.append(f"{_line(random, users)} ")
        length += len(parts[-1])
    return "".join(parts)[:size_bytes]
