"""A log event and its size; repair of text that cannot be encoded; cutting what is too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from logspire.core.ledger import LossReason

if TYPE_CHECKING:
    from logspire.core.limits import Limits
    from logspire.core.notice import Gap

Oversize = Literal["split", "truncate", "drop"]
OVERSIZE: Final[tuple[Oversize, ...]] = ("split", "truncate", "drop")

# What CPython 3.10-3.13 takes for an Event, its numbers and its places in the queues, beside the
# text itself; rounded up (tests/core/test_event_memory.py measures it).
_OBJECT_BYTES: Final = 232


class Whole:
    """A record that had to be split: it is settled when the last of its pieces is."""

    __slots__ = ("loss", "pieces_left")

    def __init__(self, pieces: int) -> None:
        self.pieces_left = pieces
        self.loss: tuple[LossReason, str] | None = None


@dataclass(eq=False)
class Event:
    """One log event, as it will be sent."""

    __slots__ = (
        "arrived_s",
        "epoch",
        "memory_bytes",
        "message",
        "size_bytes",
        "timestamp_ms",
        "whole",
    )

    timestamp_ms: int
    message: str
    size_bytes: int
    """As the destination counts: UTF-8 length and overhead."""
    memory_bytes: int
    """What it was counted with when it came in. It may be more by now: CPython keeps the UTF-8 form
    with a string once a C extension, such as sqlite3, has asked for it."""
    arrived_s: float
    """Monotonic time at which it began to wait."""
    epoch: int
    """How many flushes had been asked for when it came in."""
    whole: Whole | Gap | None
    """Set on the pieces of a split record, and on what is no record: a notice of missing ones."""


class UnsendableError(Exception):
    """A message that cannot be sent at all; its text says why."""

    def __init__(self, reason: LossReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def prepare(text: str, limits: Limits, oversize: Oversize) -> tuple[list[tuple[str, int]], bool]:
    """Return what is to be sent for a message: texts and their sizes; and whether it was cut.

    Args:
        text: the message; repaired where it cannot be encoded.
        limits: what the destination takes.
        oversize: what to do with a message that is too large.

    Raises:
        UnsendableError: it is empty, or too large and to be dropped.
    """
    overhead, limit = limits.overhead_bytes, limits.event_bytes
    if text.isascii() and overhead < len(text) + overhead <= limit:
        return [(text, len(text) + overhead)], False  # nearly always; the rest comes to the same
    try:
        size = utf8_length(text) + overhead
    except UnicodeEncodeError:
        text = repair(text)
        size = len(text.encode()) + overhead
    if not text:
        raise UnsendableError(LossReason.EMPTY, "the formatted message was empty")
    if size <= limit:
        return [(text, size)], False
    if oversize == "drop":
        raise UnsendableError(LossReason.TOO_LARGE, f"{size} bytes, the most is {limit}")
    room = limit - overhead
    pieces = split(text, room) if oversize == "split" else [truncate(text, room)]
    return [(piece, len(piece.encode()) + overhead) for piece in pieces], True


def memory_bytes(text: str) -> int:
    """Return the bytes of memory that a queued record with this text takes, rounded up."""
    # What sys.getsizeof asks as well, at a tenth of its cost.
    return text.__sizeof__() + _OBJECT_BYTES


def utf8_length(text: str) -> int:
    """Return the length in bytes of ``text`` in UTF-8; raises ``UnicodeEncodeError``."""
    return len(text) if text.isascii() else len(text.encode())


def repair(text: str) -> str:
    r"""Make ``text`` encodable: a lone surrogate becomes its escape, such as ``\udc80``."""
    return text.encode("utf-8", "backslashreplace").decode()


def split(text: str, limit_bytes: int) -> list[str]:
    """Cut ``text`` into marked pieces of at most ``limit_bytes`` bytes of UTF-8 each.

    Each piece starts with its mark, ``[1/3] ``; what follows the marks, joined, is ``text``. No
    character is cut in two. ``limit_bytes`` must leave room for the mark and a character.
    """
    data = text.encode()
    # The mark's width depends on the number of pieces: take the width from an upper bound.
    for digits in range(1, 20):
        room = limit_bytes - (2 * digits + len("[/] "))
        bodies = _chunks(data, room)
        if len(str(len(bodies))) <= digits:
            break
    total = len(bodies)
    return [f"[{number}/{total}] {body.decode()}" for number, body in enumerate(bodies, 1)]


def truncate(text: str, limit_bytes: int) -> str:
    """Cut ``text`` to ``limit_bytes`` bytes of UTF-8, a mark with its full length at the end."""
    data = text.encode()
    mark = f" [truncated, {len(data)} bytes]"
    return data[: _boundary(data, 0, limit_bytes - len(mark))].decode() + mark


def _chunks(data: bytes, room: int) -> list[bytes]:
    chunks = []
    start = 0
    while start < len(data):
        end = _boundary(data, start, room)
        chunks.append(data[start:end])
        start = end
    return chunks


def _boundary(data: bytes, start: int, room: int) -> int:
    """Return the last end of a character in ``data`` within ``room`` bytes of ``start``."""
    if room < 4:  # noqa: PLR2004 - the longest character in UTF-8
        raise ValueError(f"no room for a character: {room} bytes")
    end = start + room
    if end >= len(data):
        return len(data)
    while data[end] & 0xC0 == 0x80:  # noqa: PLR2004 - 10xxxxxx: in the middle of a character
        end -= 1
    return end
