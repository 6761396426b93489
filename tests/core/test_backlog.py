"""Rules of `Backlog` that are best read as single examples; the rest: test_backlog_machine.py."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from core.oracle import TINY, tiny_but

from logspire.core.backlog import Backlog
from logspire.core.ledger import Ledger, Loss, LossReason
from logspire.core.retry import Outcome, Rejection, Verdict
from logspire.core.stream import STAGGER_S, Batch, Creation

if TYPE_CHECKING:
    from logspire.core.event import Oversize
    from logspire.core.limits import Limits

NOW_MS = 1_000_000
DELIVERED = Outcome(Verdict.DELIVERED)


class Bench:
    """A backlog with its ledger, and few words for what tests do to it."""

    def __init__(self, limits: Limits = TINY, oversize: Oversize = "split") -> None:
        self.ledger = Ledger()
        self.backlog = Backlog(
            limits,
            send_interval_s=2.0,
            oversize=oversize,
            ledger=self.ledger,
            beside_bytes=0,
        )

    def add(self, text: str, *, stream: str = "s", age_ms: int = 0, now_s: float = 0.0) -> None:
        self.backlog.add(stream, [NOW_MS - age_ms], [text], arrived_s=now_s, now_s=now_s)

    def batch(self, now_s: float = 9.0) -> Batch:
        job = self.backlog.next_job(now_s, NOW_MS)
        assert isinstance(job, Batch)
        return job

    def send(self, outcome: Outcome, now_s: float = 9.0) -> list[str]:
        """Answer the next batch; return its messages."""
        batch = self.batch(now_s)
        self.backlog.resolve(batch, outcome, now_s=now_s, jitter=1.0)
        return list(batch.events.messages)

    def two_under_way(self) -> tuple[Batch, Batch]:
        """Start two batches of a stream that is well, the second beside the first."""
        for age_ms in (9, 8, 7):
            for _ in range(4):
                self.add("x", age_ms=age_ms)
        self.send(DELIVERED, now_s=9.0)
        first = self.batch(now_s=9.0)
        first.left_s = 9.0
        return first, self.batch(now_s=9.0 + STAGGER_S)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_stream_that_has_waited_longest_comes_first(bench: Bench) -> None:
    bench.add("late", stream="late", now_s=1.0)
    bench.add("early", stream="early", now_s=0.0)
    assert [bench.batch().stream, bench.batch().stream] == ["early", "late"]


def test_a_stream_that_fills_again_and_again_does_not_starve_another(bench: Bench) -> None:
    bench.add("patient", stream="patient", now_s=0.0)
    sent = []
    for step in range(8):
        for _ in range(4):
            bench.add("greedy", stream="greedy", now_s=step * 0.5)
        sent += bench.send(DELIVERED, now_s=step * 0.5)
    assert "patient" in sent


def test_hastened_again_and_again_a_stream_still_gets_its_turn(bench: Bench) -> None:
    sent = []
    for step in range(8):
        now_s = step * 0.5
        for _ in range(5):
            bench.add("greedy", stream="greedy", now_s=now_s)
        if step == 0:
            bench.add("patient", stream="patient", now_s=now_s)
        bench.backlog.hasten(now_s)
        sent += bench.send(DELIVERED, now_s=now_s)
    assert "patient" in sent


def test_what_came_back_goes_out_in_order_with_what_came_meanwhile(bench: Bench) -> None:
    bench.add("1", age_ms=5)
    bench.add("3", age_ms=3)
    batch = bench.batch()
    bench.add("2", age_ms=4)
    bench.backlog.resolve(batch, Outcome(Verdict.RETRY), now_s=9.0, jitter=0.0)
    assert bench.send(DELIVERED) == ["1", "2", "3"]


def test_what_came_back_counts_towards_a_full_batch(bench: Bench) -> None:
    bench.add("x" * 37, age_ms=60, now_s=0.0)
    bench.send(Outcome(Verdict.DISCONNECTED), now_s=2.0)
    bench.send(DELIVERED, now_s=2.0)
    for _ in range(3):
        bench.add("x" * 37, now_s=2.0)
    assert bench.backlog.next_due_s() == 2.0


def test_what_is_too_old_does_not_count_towards_a_full_batch(bench: Bench) -> None:
    for _ in range(3):
        bench.add("x" * 37, age_ms=101, now_s=0.0)
    bench.add("x", now_s=0.0)
    batch = bench.batch(now_s=0.0)
    bench.add("x", now_s=0.0)
    bench.backlog.resolve(batch, DELIVERED, now_s=0.0, jitter=0.0)
    assert bench.backlog.next_due_s() == 2.0


def test_sorting_by_time_does_not_lose_sight_of_who_has_waited_longest(bench: Bench) -> None:
    for age_ms in (9, 9, 9, 0):
        bench.add("x", age_ms=age_ms, now_s=0.0)
    for age_ms in (9, 1):
        bench.add("later, but of an earlier time", age_ms=age_ms, now_s=1.5)
    bench.send(DELIVERED, now_s=1.5)
    assert bench.backlog.next_due_s() == 2.0


def test_coming_back_does_not_lose_sight_of_who_has_waited_longest(bench: Bench) -> None:
    for age_ms in (9, 9, 9, 0):
        bench.add("x", age_ms=age_ms, now_s=0.0)
    batch = bench.batch(now_s=0.0)
    for age_ms in (9, 1):
        bench.add("later, but of an earlier time", age_ms=age_ms, now_s=1.5)
    bench.backlog.resolve(batch, Outcome(Verdict.RETRY), now_s=1.5, jitter=0.0)
    bench.send(DELIVERED, now_s=1.5)
    assert bench.backlog.next_due_s() == 2.0


def test_a_batch_of_all_there_is_comes_back_without_losing_sight_of_who_has_waited_longest(
    bench: Bench,
) -> None:
    bench.add("x", age_ms=1, now_s=0.0)
    for age_ms in (9, 8, 7):
        bench.add("later, but of an earlier time", age_ms=age_ms, now_s=1.0)
    bench.send(Outcome(Verdict.REFUSED))
    half = bench.batch()
    bench.add("x", stream="other", now_s=0.5)
    bench.backlog.resolve(half, DELIVERED, now_s=9.0, jitter=1.0)
    assert bench.batch().stream == "s"


def test_who_comes_back_queues_up_behind_those_that_are_due_at_the_same_time(
    bench: Bench,
) -> None:
    bench.add("x", now_s=0.0)
    bench.backlog.hasten(0.0)
    batch = bench.batch(now_s=0.0)
    bench.add("x", stream="other", now_s=0.0)
    bench.add("x", now_s=0.0)
    bench.backlog.resolve(batch, DELIVERED, now_s=0.0, jitter=1.0)
    assert bench.batch().stream == "other"


@pytest.mark.parametrize(("last", "due_s"), [("x" * 17, 0.0), ("x" * 16, 2.0)])
def test_a_batch_is_due_at_once_when_its_bytes_are_full(
    bench: Bench, last: str, due_s: float
) -> None:
    for text in ("x" * 37, "x" * 37, last):
        bench.add(text, now_s=0.0)
    assert bench.backlog.next_due_s() == due_s


@pytest.mark.parametrize(("events", "due_s"), [(4, 0.0), (3, 2.0)])
def test_a_batch_is_due_at_once_when_its_count_is_full(
    bench: Bench, events: int, due_s: float
) -> None:
    for _ in range(events):
        bench.add("x", now_s=0.0)
    assert bench.backlog.next_due_s() == due_s


def test_the_last_error_is_kept_until_a_call_works(bench: Bench) -> None:
    bench.add("x")
    bench.send(Outcome(Verdict.RETRY, "slow down"), now_s=9.0)
    assert bench.ledger.last_error == "slow down"
    bench.send(DELIVERED, now_s=19.0)
    assert bench.ledger.last_error is None


def test_a_rejected_entity_costs_no_event(bench: Bench) -> None:
    bench.add("x")
    bench.send(Outcome(Verdict.DELIVERED, entity_rejected=True))
    assert (bench.ledger.entity_rejected, bench.ledger.delivered) == (1, 1)


def test_a_rejected_event_is_lost_for_the_reason_that_came_first(bench: Bench) -> None:
    bench.add("x")
    both = (Rejection(0, 1, LossReason.TOO_OLD), Rejection(0, 1, LossReason.EXPIRED))
    bench.send(Outcome(Verdict.DELIVERED, "retention", rejected=both))
    assert bench.ledger.take_losses() == [Loss(LossReason.TOO_OLD, 1, "retention")]


def test_an_absurd_index_from_the_network_costs_no_time(bench: Bench) -> None:
    bench.add("x")
    absurd = Rejection(-(10**15), 10**15, LossReason.EXPIRED)
    bench.send(Outcome(Verdict.DELIVERED, rejected=(absurd,)))
    assert bench.ledger.lost == {LossReason.EXPIRED: 1}


def test_an_event_refused_alone_is_lost_with_the_words_of_the_service(bench: Bench) -> None:
    bench.add("x")
    bench.send(Outcome(Verdict.REFUSED, "not like this"))
    assert bench.ledger.take_losses() == [Loss(LossReason.REFUSED, 1, "not like this")]


@pytest.mark.parametrize("oversize", ["split", "truncate"])
def test_a_record_cut_to_size_is_counted_once(oversize: Oversize) -> None:
    bench = Bench(oversize=oversize)
    bench.add("x" * 90)
    while bench.backlog.held_events:
        bench.send(DELIVERED)
    assert (bench.ledger.split, bench.ledger.delivered) == (1, 1)


def test_a_record_of_just_the_limit_is_not_cut(bench: Bench) -> None:
    bench.add("é" * 18 + "x")
    assert bench.ledger.split == 0
    assert bench.send(DELIVERED) == ["é" * 18 + "x"]


def test_a_record_dropped_for_its_size_is_reported_with_size_and_limit() -> None:
    bench = Bench(oversize="drop")
    bench.add("x" * 38)
    assert bench.ledger.take_losses() == [Loss(LossReason.TOO_LARGE, 1, "41 bytes, the most is 40")]


def test_a_split_record_with_a_rejected_piece_is_lost_once(bench: Bench) -> None:
    bench.add("x" * 60)
    one = (Rejection(1, 2, LossReason.EXPIRED),)
    assert len(bench.send(Outcome(Verdict.DELIVERED, rejected=one))) == 2
    assert (bench.ledger.delivered, bench.ledger.lost) == (0, {LossReason.EXPIRED: 1})


def test_a_split_record_is_lost_for_the_reason_of_the_piece_that_was_lost_first(
    bench: Bench,
) -> None:
    bench.add("x" * 60)
    both = (Rejection(0, 1, LossReason.TOO_OLD), Rejection(1, 2, LossReason.EXPIRED))
    bench.send(Outcome(Verdict.DELIVERED, rejected=both))
    assert bench.ledger.lost == {LossReason.TOO_OLD: 1}


def test_a_destination_without_limits_in_time_takes_any_time_in_one_batch() -> None:
    bench = Bench(tiny_but(span_ms=None, age_ms=None, ahead_ms=None))
    for age_ms in (10**9, 0, -(10**9)):
        bench.add(str(age_ms), age_ms=age_ms)
    assert len(bench.send(DELIVERED)) == 3


def test_a_missing_stream_is_created_before_its_events_are_sent_again(bench: Bench) -> None:
    bench.add("x")
    bench.send(Outcome(Verdict.MISSING), now_s=9.0)
    creation = bench.backlog.next_job(9.0, NOW_MS)
    assert isinstance(creation, Creation)
    assert creation.stream == "s"
    bench.backlog.resolve(creation, DELIVERED, now_s=9.0, jitter=1.0)
    assert bench.send(DELIVERED, now_s=9.0) == ["x"]


def test_where_creating_fails_the_put_is_tried_all_the_same(bench: Bench) -> None:
    bench.add("x")
    bench.send(Outcome(Verdict.MISSING), now_s=9.0)
    creation = bench.backlog.next_job(9.0, NOW_MS)
    assert creation
    bench.backlog.resolve(creation, Outcome(Verdict.REFUSED, "denied"), now_s=9.0, jitter=1.0)
    assert bench.send(DELIVERED, now_s=19.0) == ["x"]


def test_after_a_halving_batches_grow_back_to_full_in_steps() -> None:
    bench = Bench(tiny_but(batch_count=16, batch_bytes=10_000))
    for _ in range(64):
        bench.add("x")
    sizes = [len(bench.send(Outcome(Verdict.REFUSED)))]
    sizes += [len(bench.send(DELIVERED)) for _ in range(4)]
    assert sizes == [16, 8, 16, 16, 16]


def test_a_second_refusal_halves_again(bench: Bench) -> None:
    for _ in range(4):
        bench.add("x")
    sizes = [len(bench.send(Outcome(Verdict.REFUSED))) for _ in range(3)]
    assert sizes == [4, 2, 1]


def test_a_batch_that_left_before_a_refusal_does_not_end_the_search_for_the_poison(
    bench: Bench,
) -> None:
    refused, beside = bench.two_under_way()
    bench.backlog.resolve(refused, Outcome(Verdict.REFUSED), now_s=9.1, jitter=0.0)
    bench.backlog.resolve(beside, DELIVERED, now_s=9.1, jitter=0.0)
    assert len(bench.send(DELIVERED, now_s=9.1)) == 2


def test_a_batch_that_left_before_a_failure_does_not_end_the_wait(bench: Bench) -> None:
    failed, beside = bench.two_under_way()
    bench.backlog.resolve(failed, Outcome(Verdict.DENIED), now_s=9.1, jitter=1.0)
    bench.backlog.resolve(beside, DELIVERED, now_s=9.1, jitter=0.0)
    assert bench.backlog.next_due_s() > 9.1


def test_a_flush_asked_for_on_the_way_still_holds_after_the_way_back(bench: Bench) -> None:
    for _ in range(4):
        bench.add("flushed")
    batch = bench.batch(now_s=0.0)
    bench.backlog.flush(0.0)
    bench.backlog.resolve(batch, Outcome(Verdict.RETRY), now_s=0.0, jitter=0.0)
    bench.add("older", age_ms=1)
    assert bench.send(DELIVERED, now_s=0.0) == ["older"] + ["flushed"] * 3
    assert bench.send(DELIVERED, now_s=0.0) == ["flushed"]


def test_what_comes_after_a_flush_waits_for_company_again(bench: Bench) -> None:
    bench.add("x", now_s=0.0)
    batch = bench.batch(now_s=2.0)
    bench.backlog.flush(2.0)
    bench.add("later", now_s=2.0)
    bench.backlog.resolve(batch, DELIVERED, now_s=2.0, jitter=0.0)
    assert bench.backlog.next_due_s() == 4.0


def test_giving_up_answers_every_flush_and_says_that_it_lost(bench: Bench) -> None:
    bench.add("x")
    flush = bench.backlog.flush(0.0)
    bench.batch(0.0)
    bench.backlog.abandon(LossReason.SHUTDOWN, "10 s have passed")
    assert (flush.done, flush.lossless) == (True, False)
    said = "10 s have passed; no answer so far"
    assert bench.ledger.take_losses() == [Loss(LossReason.SHUTDOWN, 1, said)]


def test_giving_up_nothing_but_pieces_loses_their_record_once(bench: Bench) -> None:
    bench.add("x" * 80)
    bench.backlog.abandon(LossReason.SHUTDOWN, "10 s have passed")
    assert (bench.ledger.lost, bench.backlog.held_events) == ({LossReason.SHUTDOWN: 1}, 0)


def test_a_flush_whose_records_are_shed_is_done(bench: Bench) -> None:
    bench.add("x")
    flush = bench.backlog.flush(0.0)
    bench.backlog.shed(0, 0.0)
    assert (flush.done, flush.lossless) == (True, False)


def test_no_more_is_shed_than_has_to_be(bench: Bench) -> None:
    bench.add("one")
    just_one = bench.backlog.held_bytes
    bench.add("two")
    bench.backlog.shed(just_one, 0.0)
    assert (bench.backlog.held_bytes, bench.send(DELIVERED)) == (just_one, ["two"])


def test_streams_with_nothing_left_take_no_memory(bench: Bench) -> None:
    bench.add("delivered", stream="a", now_s=0.0)
    bench.send(DELIVERED, now_s=2.0)
    bench.add("too old", stream="b", age_ms=101, now_s=0.0)
    bench.backlog.next_job(2.0, NOW_MS)
    bench.add("shed", stream="c", now_s=2.0)
    bench.backlog.shed(0, 0.0)
    assert bench.backlog._streams == {}


def test_a_message_that_is_lost_at_once_makes_no_stream(bench: Bench) -> None:
    bench.add("", stream="never heard of")
    assert not bench.backlog._streams


def test_a_flush_with_nothing_held_is_done(bench: Bench) -> None:
    flush = bench.backlog.flush(0.0)
    assert (flush.done, flush.lossless) == (True, True)


def test_in_a_hurry_no_wait_is_long(bench: Bench) -> None:
    bench.add("x")
    bench.backlog.hurry(0.0)
    for attempt in range(20):
        bench.send(Outcome(Verdict.RETRY), now_s=float(attempt))
        assert bench.backlog.next_due_s() - attempt <= 0.5


def test_what_is_held_stays_exact_when_a_c_extension_makes_a_string_larger(bench: Bench) -> None:
    text = "".join(["é"] * 18)
    bench.add(text)
    with sqlite3.connect(":memory:") as database:
        database.execute("select ?", (text,))  # CPython now keeps its UTF-8 form with it
    database.close()
    bench.send(DELIVERED)
    assert bench.backlog.held_bytes == 0


class CountedTime(float):
    """A point in time that counts how often it is compared."""

    __slots__ = ()
    comparisons = 0

    def __lt__(self, other: float) -> bool:
        CountedTime.comparisons += 1
        return super().__lt__(other)

    __gt__ = __lt__


def test_adding_to_a_long_queue_does_not_look_through_it(bench: Bench) -> None:
    CountedTime.comparisons = 0
    for number in range(1000):
        age_ms = number % 2  # out of order, as from several threads
        bench.backlog.add("s", [NOW_MS - age_ms], ["x"], arrived_s=CountedTime(0.0), now_s=number)
    assert CountedTime.comparisons <= 1000  # one each


class InterruptedLedger(Ledger):
    """A signal handler raises in the middle of the first loss."""

    interrupted = False

    def lose(self, reason: LossReason, count: int = 1, detail: str = "") -> None:
        if not self.interrupted:
            self.interrupted = True
            raise KeyboardInterrupt
        super().lose(reason, count, detail)


def test_giving_up_can_be_begun_again_after_an_interruption() -> None:
    backlog = Backlog(
        tiny_but(age_ms=None), send_interval_s=0.0, oversize="split", ledger=InterruptedLedger()
    )
    for stream in ("a", "b"):
        backlog.add(stream, [NOW_MS], ["x"], arrived_s=0.0, now_s=0.0)
    assert backlog.next_job(1.0, NOW_MS) is not None
    flush = backlog.flush(1.0)
    with pytest.raises(KeyboardInterrupt):
        backlog.abandon(LossReason.SHUTDOWN, "")
    backlog.abandon(LossReason.SHUTDOWN, "")
    assert (backlog.held_events, flush.done) == (0, True)
