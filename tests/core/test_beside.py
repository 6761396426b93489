"""Batches of one stream beside each other: when, and what may never come of it."""

from __future__ import annotations

import itertools
import math

import pytest
from core.oracle import tiny_but

from logspire.core.backlog import Backlog
from logspire.core.ledger import Ledger
from logspire.core.retry import Outcome, Verdict
from logspire.core.stream import STAGGER_S, Batch, Creation, Job

NOW_MS = 1_000_000
LIMITS = tiny_but(batch_count=16, batch_bytes=10_000, age_ms=None, ahead_ms=None)
DELIVERED = Outcome(Verdict.DELIVERED)
LONG_S = 99.0


class Bench:
    """A stream that is well: its first batch is stored, and one more is under way."""

    def __init__(self, *, step_ms: int = 1) -> None:
        self.ledger = Ledger()
        self.backlog = Backlog(
            LIMITS, send_interval_s=0.0, oversize="split", ledger=self.ledger, beside_bytes=0
        )
        self.backlog.add(
            "s",
            [NOW_MS - 200 + number * step_ms for number in range(96)],
            [f"m{number}" for number in range(96)],
            arrived_s=0.0,
            now_s=0.0,
        )
        self.now_s = 0.0
        self.answer(self.start(), DELIVERED)
        self.first = self.start()

    def start(self) -> Batch:
        job = self.next()
        assert isinstance(job, Batch)
        return job

    def next(self) -> Job | None:
        """The next job after the stagger; it goes out at once."""
        self.now_s += STAGGER_S
        job = self.backlog.next_job(self.now_s, NOW_MS)
        if isinstance(job, Batch):
            job.left_s = self.now_s
        return job

    def answer(self, job: Job, outcome: Outcome) -> None:
        self.backlog.resolve(job, outcome, now_s=self.now_s, jitter=0.0)

    def finish(self, poison: str) -> int:
        """Answer all there is, and as much that comes in; return how many calls were refused."""
        refused = 0
        under_way: list[Job] = []
        coming_ms = iter(range(NOW_MS, NOW_MS + 2000))
        while self.backlog.held_events:
            for time_ms in itertools.islice(coming_ms, 16):
                self.backlog.add("s", [time_ms], ["new"], arrived_s=0.0, now_s=self.now_s)
            job = self.next()
            if job is not None:
                under_way.append(job)
            # No sooner than the next could go beside it.
            if under_way and (job is None or len(under_way) > 1):
                oldest = under_way.pop(0)
                messages = oldest.events.messages if isinstance(oldest, Batch) else []
                refused += poison in messages
                verdict = Verdict.REFUSED if poison in messages else Verdict.DELIVERED
                self.answer(oldest, Outcome(verdict, "said the service"))
        return refused


def test_a_batch_goes_beside_one_that_has_left_a_while_ago() -> None:
    bench = Bench()
    assert bench.start().events.times_ms[0] > bench.first.events.times_ms[-1]


def test_none_goes_beside_one_that_has_not_left() -> None:
    bench = Bench()
    bench.first.left_s = None
    assert bench.next() is None


def test_the_backlog_looks_ever_less_often_whether_a_request_has_left() -> None:
    bench = Bench()
    bench.first.left_s, looks = None, 0
    while (due_s := bench.backlog.next_due_s()) < bench.first.cut_s + LONG_S:
        assert bench.backlog.next_job(due_s, NOW_MS) is None
        looks += 1
    assert 0 < looks < math.log2(LONG_S / STAGGER_S) + 1


def test_none_goes_beside_one_with_an_event_of_the_same_time() -> None:
    bench = Bench(step_ms=0)
    bench.now_s += LONG_S
    assert bench.next() is None


def test_none_goes_beside_one_where_an_older_record_has_come() -> None:
    bench = Bench()
    bench.backlog.add("s", [0], ["older"], arrived_s=0.0, now_s=bench.now_s)
    assert bench.next() is None


def test_a_batch_leaves_out_a_millisecond_that_it_would_cut_in_two() -> None:
    bench = Bench()
    times_ms = [*range(15), 15, 15, *range(16, 60)]
    bench.backlog.add("t", times_ms, ["m"] * 61, arrived_s=-LONG_S, now_s=0.0)
    batch = bench.start()
    assert (batch.stream, list(batch.events.times_ms)) == ("t", list(range(15)))


@pytest.mark.parametrize("failed", [0, 1])
@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.DENIED, Verdict.MISSING])
def test_what_failed_beside_another_is_sent_again_in_the_order_of_time(
    failed: int, verdict: Verdict
) -> None:
    bench = Bench()
    jobs = [bench.first, bench.start()]
    bench.answer(jobs[failed], Outcome(verdict))
    bench.answer(jobs[1 - failed], Outcome(verdict))
    bench.now_s += LONG_S
    job = bench.next()
    if isinstance(job, Creation):
        bench.answer(job, DELIVERED)
        job = bench.next()
    assert isinstance(job, Batch)
    assert job.events.messages == jobs[0].events.messages


def test_the_stream_is_created_once_where_three_batches_find_it_missing() -> None:
    bench = Bench()
    jobs = [bench.first, bench.start(), bench.start()]
    for job in jobs:
        bench.answer(job, Outcome(Verdict.MISSING))
    creation = bench.next()
    assert isinstance(creation, Creation)
    bench.answer(creation, DELIVERED)
    assert isinstance(bench.next(), Batch)


def test_a_poison_is_found_by_halving_while_others_go_on() -> None:
    bench = Bench()
    bench.answer(bench.first, DELIVERED)
    refused = bench.finish(poison="m50")
    assert refused <= 2 * math.log2(LIMITS.batch_count) + 2


def test_all_but_the_poison_arrives() -> None:
    bench = Bench()
    bench.answer(bench.first, DELIVERED)
    bench.finish(poison="m50")
    assert (bench.ledger.delivered, bench.ledger.lost_so_far) == (95 + 2000, 1)


def test_a_stream_whose_call_hangs_is_woken_by_its_answer_alone() -> None:
    bench = Bench()
    while bench.next() is not None:
        pass
    assert bench.backlog.next_due_s() == math.inf


def test_what_waits_is_due_again_with_the_answer() -> None:
    bench = Bench()
    while bench.next() is not None:
        pass
    bench.answer(bench.first, DELIVERED)
    assert bench.backlog.next_due_s() <= bench.now_s


def test_an_answer_after_all_was_given_up_changes_nothing() -> None:
    bench = Bench()
    beside = bench.start()
    from_before = bench.ledger.delivered
    bench.backlog.hurry(bench.now_s)
    bench.backlog.shed(0, bench.now_s)
    bench.answer(beside, DELIVERED)
    bench.answer(beside, DELIVERED)
    assert bench.ledger.delivered == from_before + len(beside.events)
