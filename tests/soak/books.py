"""What the handlers of one process say of themselves; written to a file as the process ends.

Imports neither ``logging`` nor ``logspire``: see ``launch``.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter, defaultdict, deque
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from logspire import CloudWatchLogHandler, Loss


@dataclass
class Book:
    """The sums of all handlers that a process had in one slot."""

    accepted: int = 0
    delivered: int = 0
    held: int = 0
    losses: dict[str, int] = field(default_factory=dict)
    """By reason, as ``stats()`` says."""
    told: dict[str, int] = field(default_factory=dict)
    """By reason, as ``on_loss`` was told."""
    unseen: bool = False
    """The handlers were dropped before they could be asked: only ``told`` is known."""

    @property
    def lost(self) -> int:
        """How many records are said to be lost."""
        return sum((self.told if self.unseen else self.losses).values())

    def add(self, handler: CloudWatchLogHandler) -> None:
        """Enter what a handler says."""
        stats = handler.stats()
        self.accepted += stats.accepted
        self.delivered += stats.delivered
        self.held += stats.held
        self.losses = dict(Counter(self.losses) + Counter(_plain(stats.losses)))


@dataclass
class Account:
    """What a process says as it ends."""

    pid: int
    exit_s: float
    """How long it took from its last own act to the end of Logspire's."""
    books: dict[str, Book]


class Bookkeeper:
    """Knows the handlers of this process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._handlers: defaultdict[str, list[CloudWatchLogHandler]] = defaultdict(list)
        self.start_anew()

    def start_anew(self) -> None:
        """In a forked child: the handlers are the parent's, what became of records is not."""
        self._settled: defaultdict[str, Book] = defaultdict(Book)
        # Appended to by the threads of many handlers, with no lock that a fork could copy taken.
        self._told: deque[tuple[str, str, int]] = deque()
        self.leaving_s = time.monotonic()

    def listener(self, slot: str) -> Callable[[Loss], object]:
        """Return an ``on_loss`` that keeps neither a handler nor the records alive."""
        return partial(self._listen, slot)

    def watch(self, slot: str, handler: CloudWatchLogHandler) -> None:
        """A handler is to be asked at the end."""
        self._handlers[slot].append(handler)

    def handlers(self) -> list[CloudWatchLogHandler]:
        """Return all that were not let go of."""
        return [handler for slot in self._handlers.values() for handler in slot]

    def settle(self, slot: str, keep: CloudWatchLogHandler) -> None:
        """Let go of those handlers in a slot that are out of use and hold nothing any more."""
        self._enter_told()
        for handler in list(self._handlers[slot]):
            if handler is not keep and not handler.stats().held:
                self._settled[slot].add(handler)
                self._handlers[slot].remove(handler)

    def unseen(self, slot: str) -> None:
        """The handlers of a slot cannot be asked."""
        self._settled[slot].unseen = True

    def write(self) -> None:
        """Write it all down."""
        self._enter_told()
        books = {slot: Book(**asdict(book)) for slot, book in self._settled.items()}
        for slot, handlers in self._handlers.items():
            book = books.setdefault(slot, Book())
            for handler in handlers:
                book.add(handler)
        account = Account(os.getpid(), time.monotonic() - self.leaving_s, books)
        # The system uses numbers of processes again: 32,768 are soon through on a busy machine.
        path = self._directory / f"{account.pid}.{time.monotonic_ns()}.account"
        path.write_text(json.dumps(asdict(account)))

    def _enter_told(self) -> None:
        while self._told:
            slot, reason, count = self._told.popleft()
            told = self._settled[slot].told
            told[reason] = told.get(reason, 0) + count

    def _listen(self, slot: str, loss: Loss) -> None:
        self._told.append((slot, loss.reason.value, loss.count))


class _Process:
    """The bookkeeper of this process, if it has one."""

    bookkeeper: Bookkeeper | None = None


def appoint(bookkeeper: Bookkeeper) -> None:
    """Let this one write at the end."""
    _Process.bookkeeper = bookkeeper


def write_at_exit() -> None:
    """Write down what the handlers say, if there are any."""
    if _Process.bookkeeper is not None:
        _Process.bookkeeper.write()


def read_accounts(directory: Path) -> dict[int, Account]:
    """Return what the processes said, by their numbers; those that had the same one, together."""
    accounts: dict[int, Account] = {}
    for path in directory.glob("*.account"):
        fields = json.loads(path.read_text())
        books = {slot: Book(**book) for slot, book in fields["books"].items()}
        known = accounts.get(fields["pid"])
        if known is not None:
            books = _sum_of(known.books, books)
        exit_s = max(fields["exit_s"], known.exit_s if known else 0.0)
        accounts[fields["pid"]] = Account(fields["pid"], exit_s, books)
    return accounts


def _sum_of(some: dict[str, Book], others: dict[str, Book]) -> dict[str, Book]:
    total = {slot: Book() for slot in some | others}
    for slot, book in total.items():
        for part in (some.get(slot, Book()), others.get(slot, Book())):
            book.accepted += part.accepted
            book.delivered += part.delivered
            book.held += part.held
            book.losses = dict(Counter(book.losses) + Counter(part.losses))
            book.told = dict(Counter(book.told) + Counter(part.told))
            book.unseen |= part.unseen
    return total


def _plain(losses: object) -> dict[str, int]:
    return {reason.value: count for reason, count in dict(losses).items()}  # type: ignore[call-overload]
