"""A soak that cannot fail shows nothing: each of its checks is given what it is there to find."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from soak.arrivals import Arrivals, Stored
from soak.audit import complaints_of
from soak.books import Account, Book, read_accounts
from soak.journal import Journal
from soak.shapes import Shape, kind_of, shape_of
from soak.verdict import Evidence, complaints

from logspire import DeliveryStats

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PID = 7
WRITER = "7.0"
LOGGED = 300
JOURNAL = Journal("steady", PID, WRITER, LOGGED, LOGGED)
LOST_KINDS = {"empty": "empty", "old": "too_old", "future": "too_new"}
KINDS = [kind_of(WRITER, number) for number in range(LOGGED)]
PLAIN = [number for number, kind in enumerate(KINDS) if kind == "plain"]
RESOURCES = {"threads": 1, "descriptors": 4, "resident_bytes": 50_000_000, "blocks": 300_000}


def message_of(shape: Shape) -> str:
    if shape.kind == "mapping":
        return json.dumps(shape.message)
    if shape.kind == "exception":
        return f"{shape.text}\nTraceback (most recent call last):\n  ...\nValueError: {shape.text}"
    return shape.text


def stored(number: int, *, in_doubt: bool = False) -> Stored:
    return Stored("soak-steady", f"{PID}/main", message_of(shape_of(WRITER, number)), in_doubt)


def sound_book() -> Book:
    losses = {reason: KINDS.count(kind) for kind, reason in LOST_KINDS.items()}
    delivered = LOGGED - sum(losses.values())
    return Book(LOGGED, delivered, losses=losses, told=dict(losses))


@dataclass
class Soak:
    """The evidence of a sound run, to be spoiled."""

    stored: list[Stored] = field(
        default_factory=lambda: [stored(n) for n in range(LOGGED) if KINDS[n] not in LOST_KINDS]
    )
    journal: Journal = JOURNAL
    book: Book = field(default_factory=sound_book)
    refusals: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=lambda: dict(RESOURCES))
    told: list[str] = field(default_factory=list)
    exit_status: int = 0
    exit_s: float = 0.1
    errors: str = ""
    accounts: bool = True

    def complaints(self) -> list[str]:
        arrivals = Arrivals({WRITER: self.journal})
        for event in self.stored:
            arrivals.add(event)
        arrivals.finish()
        report: dict[str, Any] = {"before": RESOURCES, "after": self.after, "complaints": self.told}
        account = Account(PID, self.exit_s, {"steady": self.book})
        evidence = Evidence(
            journals={WRITER: self.journal},
            accounts={PID: account} if self.accounts else {},
            arrivals=arrivals,
            refusals=self.refusals,
            report=report,
            exit_status=self.exit_status,
            errors=self.errors,
        )
        return list(complaints(evidence))

    def place_of(self, number: int) -> int:
        return self.stored.index(stored(number))


def one_is_missing(soak: Soak) -> None:
    del soak.stored[soak.place_of(PLAIN[3])]


def one_is_missing_while_another_is_doubled(soak: Soak) -> None:
    soak.stored[soak.place_of(PLAIN[3])] = replace(stored(PLAIN[2]), in_doubt=True)


def a_one_byte_message_is_missing(soak: Soak) -> None:
    del soak.stored[soak.place_of(KINDS.index("dot"))]


def one_is_invented(soak: Soak) -> None:
    soak.stored.append(replace(stored(0), message="nobody logged this"))


def a_number_was_never_reached(soak: Soak) -> None:
    soak.stored.append(replace(stored(0), message=f"<{WRITER}:{LOGGED}:plain> plain text "))


def one_is_harmed(soak: Soak) -> None:
    place = soak.place_of(PLAIN[0])
    soak.stored[place] = replace(stored(PLAIN[0]), message=stored(PLAIN[0]).message[:-1])


def one_is_there_twice(soak: Soak) -> None:
    soak.stored.append(stored(PLAIN[0]))


def two_have_changed_places(soak: Soak) -> None:
    one, other = soak.place_of(PLAIN[0]), soak.place_of(PLAIN[1])
    soak.stored[one], soak.stored[other] = soak.stored[other], soak.stored[one]


def one_went_to_another_group(soak: Soak) -> None:
    place = soak.place_of(PLAIN[0])
    soak.stored[place] = replace(soak.stored[place], group="soak-block")


def one_is_said_to_be_lost_that_arrived(soak: Soak) -> None:
    soak.book.delivered -= 1
    soak.book.losses["queue_full"] = soak.book.told["queue_full"] = 1


def one_is_lost_for_a_reason_that_it_did_not_have(soak: Soak) -> None:
    one_is_missing(soak)
    soak.book.delivered -= 1
    soak.book.losses["empty"] += 1
    soak.book.told["empty"] += 1


def a_loss_is_not_told(soak: Soak) -> None:
    soak.book.told["empty"] -= 1


def one_is_held_at_the_end(soak: Soak) -> None:
    soak.book.delivered -= 1
    soak.book.held += 1


def one_is_accepted_too_many(soak: Soak) -> None:
    soak.book.accepted += 1
    soak.book.delivered += 1


def the_stream_says_that_more_are_missing(soak: Soak) -> None:
    message = f"logspire: {LOGGED} records are missing here"
    soak.stored.append(replace(stored(0), message=message))


def a_call_did_not_return(soak: Soak) -> None:
    soak.journal = replace(JOURNAL, ended=LOGGED - 1)


def a_child_left_no_books(soak: Soak) -> None:
    soak.accounts = False


def an_exit_took_long(soak: Soak) -> None:
    soak.exit_s = 20.0


def the_service_refused_a_batch(soak: Soak) -> None:
    soak.refusals["InvalidParameterException"] = 1


def a_thread_is_left(soak: Soak) -> None:
    soak.after["threads"] += 1


def descriptors_are_left(soak: Soak) -> None:
    soak.after["descriptors"] += 20


def memory_is_left(soak: Soak) -> None:
    soak.after["resident_bytes"] += 200_000_000


def a_little_is_kept_of_each_record(soak: Soak) -> None:
    soak.after["blocks"] += 20_000


def there_is_a_traceback(soak: Soak) -> None:
    soak.errors = "Traceback (most recent call last):"


def the_program_ended_badly(soak: Soak) -> None:
    soak.exit_status = 1


def an_audit_complained(soak: Soak) -> None:
    soak.told.append("audit 3")


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (one_is_missing, "are missing without a loss, such as"),
        (one_is_missing_while_another_is_doubled, "are missing without a loss, such as"),
        (a_one_byte_message_is_missing, "are missing without a loss, such as"),
        (one_is_invented, "invented: 'nobody logged this'"),
        (a_number_was_never_reached, "invented"),
        (one_is_harmed, "harmed"),
        (one_is_there_twice, "duplicate without need"),
        (two_have_changed_places, "out of order"),
        (one_went_to_another_group, "astray"),
        (one_is_said_to_be_lost_that_arrived, "more are said to be lost"),
        (one_is_lost_for_a_reason_that_it_did_not_have, "of kind 'empty' are missing"),
        (a_loss_is_not_told, "on_loss was told another number"),
        (one_is_held_at_the_end, "the books do not close"),
        (one_is_accepted_too_many, f"{LOGGED} were logged"),
        (the_stream_says_that_more_are_missing, "the streams themselves say"),
        (a_call_did_not_return, "a logging call did not return"),
        (a_child_left_no_books, "left no books"),
        (an_exit_took_long, "took 20.0 s to end"),
        (the_service_refused_a_batch, "refused 1 calls of its own accord"),
        (a_thread_is_left, "1 threads before, 2 after"),
        (descriptors_are_left, "4 descriptors before, 24 after"),
        (memory_is_left, "bytes resident before"),
        (a_little_is_kept_of_each_record, "blocks of memory before"),
        (there_is_a_traceback, "standard error is not empty"),
        (the_program_ended_badly, "the program ended with 1"),
        (an_audit_complained, "audit 3"),
    ],
)
def test_the_soak_finds_that(spoil: Callable[[Soak], None], complaint: str) -> None:
    soak = Soak()
    spoil(soak)
    found = soak.complaints()
    assert any(complaint in each for each in found), found


def test_the_soak_has_no_complaint_of_a_sound_run() -> None:
    assert Soak().complaints() == []


def test_a_copy_more_is_allowed_where_an_answer_was_lost() -> None:
    soak = Soak()
    soak.stored.insert(soak.place_of(PLAIN[0]), stored(PLAIN[0], in_doubt=True))
    assert soak.complaints() == []


def test_what_was_stored_without_an_answer_may_be_said_to_be_lost() -> None:
    soak = Soak()
    soak.stored[soak.place_of(PLAIN[0])] = stored(PLAIN[0], in_doubt=True)
    one_is_said_to_be_lost_that_arrived(soak)
    assert soak.complaints() == []


STATS = DeliveryStats(
    accepted=5,
    delivered=3,
    lost=0,
    held=2,
    losses={},
    held_bytes=1000,
    batches=1,
    split=0,
    ignored=0,
    entity_rejected=0,
    last_error=None,
)


def stats_but(**changes: int) -> DeliveryStats:
    return DeliveryStats(**vars(STATS) | changes)


@pytest.mark.parametrize(
    "books",
    [
        stats_but(held=1),
        stats_but(delivered=6, held=-1),
        stats_but(lost=1, held=1),
        stats_but(held_bytes=33 * 1024 * 1024),
        stats_but(delivered=1, held=4),
        stats_but(accepted=4, held=1),
        stats_but(accepted=7, held=4),
    ],
)
def test_the_audit_finds_books_that_are_wrong(books: DeliveryStats) -> None:
    before = stats_but(delivered=2, held=3)
    assert complaints_of("steady", 5, STATS, 6, before) == []
    assert complaints_of("steady", 5, books, 6, before)


def test_processes_that_had_the_same_number_are_read_together(tmp_path: Path) -> None:
    for number, book in enumerate((Book(accepted=3, delivered=2, losses={"empty": 1}), Book())):
        account = Account(
            pid=7, exit_s=float(number), books={"newest": book, f"of {number}": Book()}
        )
        (tmp_path / f"7.{number}.account").write_text(json.dumps(asdict(account)))
    (read,) = read_accounts(tmp_path).values()
    assert read.exit_s == 1.0
    assert sorted(read.books) == ["newest", "of 0", "of 1"]
    assert read.books["newest"] == Book(accepted=3, delivered=2, losses={"empty": 1})
