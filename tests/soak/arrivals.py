"""What the service has stored, event by event, held against what was logged."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .shapes import DOT, IDENTITY, TIMELESS, Shape, shape_of
from .slots import group_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .journal import Journal

_PIECE: Final = re.compile(r"\[(\d+)/(\d+)\] ")
# The event that tells, in the stream itself, how many records are missing.
_NOTICE: Final = re.compile(r"logspire: (\d+) records? ")
_SHOWN_CHARS: Final = 120

Identity = tuple[str, int]
"""A writer and its number."""


@dataclass(frozen=True)
class Stored:
    """An event in the store."""

    group: str
    stream: str
    message: str
    in_doubt: bool
    """The answer to the call that brought it was lost, or could not be read."""


@dataclass
class Copies:
    """How often something is there."""

    sure: int = 0
    """From calls that were answered."""
    doubtful: int = 0
    """From calls whose answer was lost: so many may have been sent once more."""


@dataclass
class _Pieces:
    """A record that was split, as far as it is there."""

    texts: dict[int, str] = field(default_factory=dict)
    copies: dict[int, Copies] = field(default_factory=dict)
    total: int = 0


class Arrivals:
    """Takes stored events in the order in which readers see them, and compares.

    Args:
        journals: what was logged, by writer.
    """

    def __init__(self, journals: Mapping[str, Journal]) -> None:
        self.complaints: list[str] = []
        self.copies: dict[Identity, Copies] = {}
        """Of each record that is there whole."""
        self.dots: dict[tuple[int, str], Copies] = {}
        """By process and slot: of the records that do not say whose they are."""
        self.notices: Counter[tuple[int, str]] = Counter()
        """By process and slot: how many records are missing, as the streams themselves say."""
        self.events = 0
        self.duplicates = 0
        self._journals = journals
        self._split: dict[Identity, _Pieces] = {}
        self._last: dict[tuple[str, str, str], int] = {}

    def add(self, stored: Stored) -> None:
        """Take one event."""
        self.events += 1
        notice = _NOTICE.match(stored.message)
        if notice:
            # Of those in doubt another copy will come.
            self.notices[_place(stored)] += 0 if stored.in_doubt else int(notice[1])
        elif stored.message == DOT:
            self._count(self.dots.setdefault(_place(stored), Copies()), stored)
        else:
            self._add_record(stored)

    def finish(self) -> None:
        """Put the pieces of split records together, when all events were added."""
        for identity, pieces in self._split.items():
            if len(pieces.texts) < pieces.total:
                continue  # a piece is lost, and with it the record
            whole = "".join(pieces.texts[number] for number in sorted(pieces.texts))
            if not shape_of(*identity).is_told_by(whole):
                self.complaints.append(f"harmed: {identity} {_shortened(whole)}")
            sure = min(copies.sure for copies in pieces.copies.values())
            doubtful = min(copies.doubtful for copies in pieces.copies.values())
            self.copies[identity] = Copies(sure, max(doubtful, int(not sure)))
        self._complain_of_duplicates()

    def _add_record(self, stored: Stored) -> None:
        found = IDENTITY.search(stored.message)
        identity = self._owner_of_tail(stored.message)
        if found is not None:
            identity = found["writer"], int(found["number"])
        journal = self._journals.get(identity[0]) if identity else None
        if identity is None or journal is None or identity[1] >= journal.begun:
            self.complaints.append(f"invented: {_shortened(stored.message)}")
            return
        if _place(stored) != (journal.pid, journal.slot):
            self.complaints.append(f"astray: {identity} in {stored.group} {stored.stream}")
        shape = shape_of(*identity)
        piece = _PIECE.match(stored.message) if shape.kind in {"large", "split"} else None
        if piece:
            self._add_piece(identity, piece, stored)
            return
        if not _is_told(shape, stored.message):
            self.complaints.append(f"harmed: {identity} {_shortened(stored.message)}")
        copies = self.copies.setdefault(identity, Copies())
        if not copies.sure + copies.doubtful and shape.kind not in TIMELESS:
            self._check_order(identity, stored)
        self._count(copies, stored)

    def _owner_of_tail(self, message: str) -> Identity | None:
        """Return whose last piece it is, where that is too short to say so."""
        mark = _PIECE.match(message)
        if mark is None or mark[1] != mark[2] or IDENTITY.search(message):
            return None
        body = message[mark.end() :]
        for identity, pieces in self._split.items():
            is_like_it = pieces.total == int(mark[2]) and body == pieces.texts.get(
                pieces.total, body
            )
            if is_like_it and shape_of(*identity).text.endswith(body):
                return identity
        return None

    def _add_piece(self, identity: Identity, mark: re.Match[str], stored: Stored) -> None:
        pieces = self._split.setdefault(identity, _Pieces())
        number, pieces.total = int(mark[1]), int(mark[2])
        body = stored.message[mark.end() :]
        if pieces.texts.setdefault(number, body) != body:
            self.complaints.append(f"harmed: piece {number} of {identity}")
        self._count(pieces.copies.setdefault(number, Copies()), stored)

    def _count(self, copies: Copies, stored: Stored) -> None:
        if stored.in_doubt:
            copies.doubtful += 1
        else:
            copies.sure += 1

    def _check_order(self, identity: Identity, stored: Stored) -> None:
        """First copies of one writer come in its order; later ones come whenever they come."""
        writer, number = identity
        key = stored.group, stored.stream, writer
        if number < self._last.get(key, -1):
            self.complaints.append(f"out of order: {identity} after {self._last[key]} in {key}")
        self._last[key] = number

    def _complain_of_duplicates(self) -> None:
        """A call that was answered is the last to bring a record: nobody had to send it again."""
        for identity, copies in self._all_copies():
            self.duplicates += copies.sure + copies.doubtful - 1
            if copies.sure > 1:
                self.complaints.append(f"duplicate without need: {identity} {copies}")

    def _all_copies(self) -> Iterator[tuple[object, Copies]]:
        for identity, pieces in self._split.items():
            for number, copies in pieces.copies.items():
                yield (*identity, number), copies
        for identity, copies in self.copies.items():
            if identity not in self._split:
                yield identity, copies


def _place(stored: Stored) -> tuple[int, str]:
    """Return the process and the slot that the names of group and stream tell."""
    slot = stored.group.removeprefix(group_of(""))
    return int(stored.stream.partition("/")[0]), slot


def _is_told(shape: Shape, message: str) -> bool:
    try:
        return shape.is_told_by(message)
    except json.JSONDecodeError:
        return False


def _shortened(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + " ...")
