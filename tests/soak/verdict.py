"""The checks: what the service stored, what was logged and what the handlers say must agree."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .arrivals import Copies
from .shapes import kind_of
from .slots import DROPPED, SHUTDOWN_TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .arrivals import Arrivals, Identity
    from .books import Account, Book
    from .journal import Journal

# What caches, the allocator and the tracker process of multiprocessing may keep. So few blocks that
# one for each tenth record of a minute is found.
_MORE_BLOCKS: Final = 5_000
_MORE_RESIDENT_BYTES: Final = 60 * 1024 * 1024
_MORE_DESCRIPTORS: Final = 2
# "No longer than shutdown_timeout plus one second", five more where a thread that is to say what is
# lost has no turn, and as much where the process has none. A call that hangs takes longer.
_EXIT_GRACE_S: Final = 11.0
# What is said there of an outage, before anything is lost.
_OUTAGE: Final = re.compile(r"logspire: nothing could be delivered to .* for \d+ seconds;")
# Refusals that are part of how what is missing gets created.
_EXPECTED_REFUSALS: Final = frozenset(
    {"ResourceNotFoundException", "ResourceAlreadyExistsException"}
)
# What is lost for such a reason can only have been of such a kind.
_KIND_OF_LOSS: Final = {"empty": "empty", "too_old": "old", "too_new": "future"}


@dataclass(frozen=True)
class Evidence:
    """All that the checks look at.

    Attributes:
        journals: what was logged, by writer.
        accounts: what the handlers say, by process.
        arrivals: what the service stored.
        refusals: how often the service, behaving, refused a call, by error.
        report: what the program says of itself at the end, empty if it said nothing.
        exit_status: of the program.
        errors: what the program and its children wrote to standard error.
    """

    journals: Mapping[str, Journal]
    accounts: Mapping[int, Account]
    arrivals: Arrivals
    refusals: Mapping[str, int]
    report: Mapping[str, Any]
    exit_status: int
    errors: str


def complaints(evidence: Evidence) -> Iterator[str]:
    """Yield all that is wrong, in words."""
    yield from evidence.arrivals.complaints
    yield from _books(evidence)
    yield from _refusals(evidence.refusals)
    yield from _program(evidence)


def _books(evidence: Evidence) -> Iterator[str]:
    places: defaultdict[tuple[int, str], list[Journal]] = defaultdict(list)
    for journal in evidence.journals.values():
        places[journal.pid, journal.slot].append(journal)
        if journal.begun != journal.ended:
            yield f"a logging call did not return: {journal}"
    for (pid, slot), journals in sorted(places.items()):
        account = evidence.accounts.get(pid)
        book = account.books.get(slot) if account else None
        if book is None:
            yield f"process {pid} left no books of {slot!r}: it did not come to its end"
            continue
        for complaint in _one_book(journals, book, evidence.arrivals):
            yield f"process {pid}, {slot}: {complaint}; {book}"
    for account in evidence.accounts.values():
        if account.exit_s > SHUTDOWN_TIMEOUT_S + _EXIT_GRACE_S:
            yield f"process {account.pid} took {account.exit_s:.1f} s to end"


def _one_book(journals: list[Journal], book: Book, arrivals: Arrivals) -> Iterator[str]:
    logged = sum(journal.begun for journal in journals)
    if journals[0].slot != DROPPED:
        yield from _closing(logged, book)
    there = _take_stock(journals, arrivals)
    least_missing = logged - there.sure - there.doubtful
    if least_missing > book.lost:
        named = [who for who in there.missing if kind_of(*who) not in {"dot", "empty"}]
        without = least_missing - book.lost
        yield f"{without} of {least_missing} are missing without a loss, such as {named[:5]}"
    # What was stored without an answer may be said to be lost, and what was sent at a deadline.
    given_up = (book.told if book.unseen else book.losses).get("shutdown", 0)
    most_lost = logged - there.sure + given_up
    if book.lost > most_lost:
        yield f"more are said to be lost than the {most_lost} that may be missing"
    for reason, kind in _KIND_OF_LOSS.items():
        count = there.missing_kinds[kind]
        if book.losses.get(reason, 0) > count:
            yield f"lost as {reason!r}, but only {count} of kind {kind!r} are missing"
    if there.surplus:
        yield f"{there.surplus} messages of one byte more than were logged"
    if there.noticed > book.lost:
        yield f"the streams themselves say that {there.noticed} are missing"


def _closing(logged: int, book: Book) -> Iterator[str]:
    if book.accepted != logged:
        yield f"{logged} were logged"
    if book.held or book.accepted != book.delivered + book.lost:
        yield "the books do not close"
    if sum(book.told.values()) != book.lost:
        yield "on_loss was told another number of losses"


@dataclass
class _Stock:
    """How many of the records of one process and slot are there."""

    sure: int
    doubtful: int
    missing: list[Identity]
    """Those that say whose they are not: dots among them, which may be there."""
    missing_kinds: Counter[str]
    surplus: int
    noticed: int


def _take_stock(journals: list[Journal], arrivals: Arrivals) -> _Stock:
    sure = doubtful = 0
    missing = []
    for journal in journals:
        for number in range(journal.begun):
            identity = journal.writer, number
            copies = arrivals.copies.get(identity)
            if copies is None:
                missing.append(identity)
            elif copies.sure:
                sure += 1
            else:
                doubtful += 1
    kinds = Counter(kind_of(*identity) for identity in missing)
    place = journals[0].pid, journals[0].slot
    dots, logged_dots = arrivals.dots.get(place, Copies()), kinds["dot"]
    sure_dots = min(dots.sure, logged_dots)
    return _Stock(
        sure + sure_dots,
        doubtful + min(dots.doubtful, logged_dots - sure_dots),
        missing,
        kinds,
        dots.sure - sure_dots,
        arrivals.notices[place],
    )


def _refusals(refusals: Mapping[str, int]) -> Iterator[str]:
    for error, count in refusals.items():
        if error not in _EXPECTED_REFUSALS:
            yield f"the service refused {count} calls of its own accord: {error}"


def _program(evidence: Evidence) -> Iterator[str]:
    if evidence.exit_status:
        yield f"the program ended with {evidence.exit_status}"
    errors = "".join(
        line for line in evidence.errors.splitlines(keepends=True) if not _OUTAGE.match(line)
    )
    if errors:
        yield f"standard error is not empty: {errors[:4000]}"
    report = evidence.report
    if not report:
        yield "the program left no report"
        return
    yield from report["complaints"]
    before, after = report["before"], report["after"]
    if after["threads"] > before["threads"]:
        yield f"{before['threads']} threads before, {after['threads']} after"
    if after["descriptors"] > before["descriptors"] + _MORE_DESCRIPTORS:
        yield f"{before['descriptors']} descriptors before, {after['descriptors']} after"
    if after["blocks"] > before["blocks"] + _MORE_BLOCKS:
        yield f"{before['blocks']} blocks of memory before, {after['blocks']} after"
    if after["resident_bytes"] > before["resident_bytes"] + _MORE_RESIDENT_BYTES:
        yield f"{before['resident_bytes']} bytes resident before, {after['resident_bytes']} after"
