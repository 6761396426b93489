"""The text of a log event: its size, its repair where it cannot be encoded, cutting it to size."""

from __future__ import annotations

from logspire.core.ledger import LossReason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final, Literal

    from logspire.core.limits import Limits

    Oversize = Literal["split", "truncate", "drop"]

OVERSIZE: Final[tuple[Oversize, ...]] = ("split", "truncate", "drop")


class UnsendableError(Exception):
    """A message that cannot be sent at all; its text says why."""

    def __init__(self, reason: LossReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def plain_sizes(texts: Sequence[str], limits: Limits) -> list[int]:
    """Return for each message its size, or 0 if it needs to be looked at: see `prepare`."""
    overhead, room = limits.overhead_bytes, limits.event_bytes - limits.overhead_bytes
    if all(map(str.isascii, texts)):
        lengths = list(map(len, texts))
    else:
        lengths = [_length_or_0(text) for text in texts]
    return [length + overhead if 0 < length <= room else 0 for length in lengths]


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


def utf8_length(text: str) -> int:
    """Return the length in bytes of ``text`` in UTF-8; raises ``UnicodeEncodeError``."""
    return len(text) if text.isascii() else len(text.encode())


def _length_or_0(text: str) -> int:
    try:
        return utf8_length(text)
    except UnicodeEncodeError:
        return 0


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
