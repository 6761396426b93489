"""`Backlog` does, step by step, what the slow and obvious oracle does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from core.oracle import SEND_INTERVAL_S, TINY, Oracle, OracleFlush, loss_outside
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from logspire.core.backlog import Backlog
from logspire.core.ledger import Ledger, LossReason
from logspire.core.retry import Outcome, Rejection, Verdict
from logspire.core.stream import Batch, Job

if TYPE_CHECKING:
    from collections.abc import Iterable

    from logspire.core.event import Oversize
    from logspire.core.flush import Flush

pytestmark = pytest.mark.slow  # and the same on every Python

fillers = st.sampled_from(["", "", "é", "😀", "é\ud800"])
# Around what fits: an event has 37 bytes of text; 40 + 40 + 20 bytes of events fill a batch.
text_bytes = st.sampled_from([0, 3, 3, 16, 17, 17, 17, 18, 36, 37, 37, 38, 74, 150])
ages_ms = st.sampled_from([0, 0, 0, 1, 1, 2, 3, -1, 49, 50, 51, 99, 100, 101, -29, -30, -31])
# stream, age in milliseconds, filler, bytes, for how long it has waited elsewhere
Record = tuple[str, int, str, int, float]
records = st.tuples(
    st.sampled_from("aaabbc"),
    ages_ms,
    fillers,
    text_bytes,
    st.sampled_from([0.0, 0.0, 0.0, 0.25, 3.0]),
)
steps_s = st.sampled_from([0.0, 0.125, 0.5, 1.875, SEND_INTERVAL_S, 5.0])
steps_ms = st.sampled_from([0, 0, 0, 1, 49, 50, 51, 110, -1, -60])
rejections = st.builds(
    Rejection,
    st.integers(-1, 3),
    st.integers(0, 6),
    st.sampled_from([LossReason.TOO_OLD, LossReason.EXPIRED, LossReason.TOO_NEW]),
)
# verdict (None: refused if there is poison in it, taken otherwise), rejections, jitter, what comes
# in before the answer does
answers = st.tuples(
    st.sampled_from([None, None, None, Verdict.DELIVERED, Verdict.DELIVERED, *Verdict]),
    st.lists(rejections, max_size=2),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.lists(records, max_size=3),
)
# Milliseconds from one record of a busy stream to the next: there is more than one batch of them.
busy_steps_ms = st.lists(st.sampled_from([0, 1, 1, 2]), min_size=8, max_size=20)


def text_of(number: int, filler: str, size_bytes: int) -> str:
    """A text of that size with its number all over it, so that no two pieces are alike."""
    text = ""
    for character in (f"{number:03}" + filler) * size_bytes:
        if len((text + character).encode("utf-8", "surrogatepass")) > size_bytes:
            break
        text += character
    return text


def assert_legal(batch: Batch, now_ms: int, latest_ms: float) -> None:
    """Every limit of the destination holds, at the time of the call."""
    times = list(batch.events.times_ms)
    sizes = [len(text.encode()) + TINY.overhead_bytes for text in batch.events.messages]
    assert 1 <= len(times) <= TINY.batch_count
    assert sum(sizes) == batch.size_bytes <= TINY.batch_bytes
    assert max(sizes) <= TINY.event_bytes
    assert list(batch.events.sizes) == sizes
    assert times == sorted(times)
    assert TINY.span_ms is not None
    assert times[-1] - times[0] < TINY.span_ms
    assert not any(loss_outside(time, now_ms, latest_ms) for time in times)
    assert all(batch.events.messages)


class BacklogMachine(RuleBasedStateMachine):
    """Drives both through the same life."""

    @initialize(oversize=st.sampled_from(["split", "truncate", "drop"]))
    def start(self, oversize: Oversize) -> None:
        self.ledger = Ledger()
        self.backlog = Backlog(
            TINY,
            send_interval_s=SEND_INTERVAL_S,
            oversize=oversize,
            ledger=self.ledger,
            beside_bytes=0,
        )
        self.oracle = Oracle(oversize)
        self.under_way: list[Job] = []
        self.answered: list[Job] = []
        self.flushes: list[tuple[Flush, OracleFlush]] = []
        self.last_arrival_s = -math.inf

    # -- what comes in, and time ----------------------------------------------------------------

    @rule(batch=st.lists(records, min_size=2, max_size=8))
    def add(self, batch: list[Record]) -> None:
        oracle = self.oracle
        for stream, age_ms, filler, size_bytes, lag_s in batch:
            text = text_of(len(oracle.records), filler, size_bytes)
            arrived_s = self.last_arrival_s = max(self.last_arrival_s, oracle.now_s - lag_s)
            time_ms = oracle.now_ms - age_ms
            oracle.add(stream, time_ms, text, arrived_s)
            self.backlog.add(stream, [time_ms], [text], arrived_s=arrived_s, now_s=oracle.now_s)

    @rule(
        stream=st.sampled_from("aab"), steps_ms=busy_steps_ms, start_ms=st.sampled_from([-25, -5])
    )
    def add_batches(self, stream: str, steps_ms: list[int], start_ms: int) -> None:
        """Enough for batches that leave beside each other."""
        for step_ms in steps_ms:
            start_ms += step_ms
            self.add([(stream, -start_ms, "", 17, 0.0)])

    @rule(seconds=steps_s, milliseconds=steps_ms)
    def time_passes(self, seconds: float, milliseconds: int) -> None:
        """The wall clock goes its own way, at times backwards."""
        self.oracle.now_s += seconds
        self.oracle.now_ms += milliseconds

    # -- what goes out --------------------------------------------------------------------------

    @rule()
    def send_what_is_due(self) -> None:
        expected = self.oracle.jobs()
        jobs = list(self._jobs())
        assert len(jobs) == len({job.stream for job in jobs}), "two jobs for one stream"
        sent = {
            job.stream: list(zip(job.events.times_ms, job.events.messages, strict=True))
            if isinstance(job, Batch)
            else []
            for job in jobs
        }
        assert list(sent.items()) == list(expected.items())
        self.under_way += jobs
        assert self.backlog.next_due_s() > self.oracle.now_s, "spins"

    def _jobs(self) -> Iterable[Job]:
        while (job := self.backlog.next_job(self.oracle.now_s, self.oracle.now_ms)) is not None:
            if isinstance(job, Batch):
                assert_legal(job, self.oracle.now_ms, self.oracle.latest_ms)
                job.left_s = self.oracle.now_s
            yield job

    def _sleep_until_due(self) -> None:
        held, jobs = self.backlog.held_events, len(self.under_way)
        self.oracle.now_s = max(self.oracle.now_s, self.backlog.next_due_s())
        self.send_what_is_due()
        assert len(self.under_way) > jobs or self.backlog.held_events < held, "woken for nothing"

    # -- answers --------------------------------------------------------------------------------

    @rule(
        answers=st.lists(answers, min_size=3, max_size=8),
        last=st.booleans(),
        most=st.sampled_from([1, 2, 4]),
    )
    def answer(
        self,
        answers: list[tuple[Verdict | None, list[Rejection], float, list[Record]]],
        *,
        last: bool,
        most: int,
    ) -> None:
        """Answers come in, each after so many calls at the most have started."""
        for verdict, rejected, jitter, meanwhile in answers:
            while len(self.under_way) < most and self.backlog.next_due_s() < math.inf:
                self._sleep_until_due()
            self.add(meanwhile)
            if self.under_way:
                job = self.under_way[-last]
                self._answer(job, verdict, tuple(rejected), jitter)

    def _answer(
        self, job: Job, verdict: Verdict | None, rejected: tuple[Rejection, ...], jitter: float
    ) -> None:
        turn = [other for other in self.under_way if other.stream == job.stream].index(job)
        self.under_way.remove(job)
        if verdict is None:
            poison = isinstance(job, Batch) and any("3" in text for text in job.events.messages)
            verdict = Verdict.REFUSED if poison else Verdict.DELIVERED
        self.oracle.resolve(job.stream, turn, verdict, rejected, jitter)
        outcome = Outcome(verdict, "said the service", rejected)
        self.backlog.resolve(job, outcome, now_s=self.oracle.now_s, jitter=jitter)
        self.answered.append(job)

    @precondition(lambda self: self.answered)
    @rule(verdict=st.sampled_from(Verdict))
    def a_second_answer_changes_nothing(self, verdict: Verdict) -> None:
        for job in self.answered:
            self.backlog.resolve(job, Outcome(verdict), now_s=self.oracle.now_s, jitter=1.0)

    # -- requests -------------------------------------------------------------------------------

    @rule()
    def flush(self) -> None:
        self.flushes.append((self.backlog.flush(self.oracle.now_s), self.oracle.flush()))

    @precondition(lambda self: self.flushes)
    @rule()
    def forget_flush(self) -> None:
        flush, _ = self.flushes.pop()
        self.backlog.forget_flush(flush)

    @rule(pace=st.sampled_from(["hasten", "hurry", "relax"]))
    def set_the_pace(self, pace: str) -> None:
        if pace == "hasten":
            self.oracle.hasten()
            self.backlog.hasten(self.oracle.now_s)
        elif pace == "hurry":
            self.oracle.hurry()
            self.backlog.hurry(self.oracle.now_s)
        else:
            self.oracle.hurried = False
            self.backlog.relax()

    @rule(percent=st.sampled_from([0, 30, 60, 90, 90, 100]))
    def shed(self, percent: int) -> None:
        held_bytes = self.oracle.held_bytes() * percent // 100
        self.oracle.shed(held_bytes)
        self.backlog.shed(held_bytes, self.oracle.now_s)

    @precondition(lambda self: self.oracle.items % 8 == 7)
    @rule()
    def abandon(self) -> None:
        self.oracle.abandon(LossReason.SHUTDOWN)
        self.backlog.abandon(LossReason.SHUTDOWN, "the end")
        self.answered += self.under_way
        self.under_way.clear()

    # -- what always holds ----------------------------------------------------------------------

    @invariant()
    def the_books_balance(self) -> None:
        oracle, ledger = self.oracle, self.ledger
        assert ledger.delivered == oracle.delivered
        assert +ledger.lost == +oracle.lost
        assert ledger.batches == oracle.batches
        held = oracle.held_records()
        assert ledger.delivered + sum(ledger.lost.values()) + held == len(oracle.records)

    @invariant()
    def what_is_held_is_known_exactly(self) -> None:
        assert self.backlog.held_events == len(self.oracle.held())
        assert self.backlog.held_bytes == self.oracle.held_bytes()

    @invariant()
    def a_flush_is_done_exactly_when_its_records_are_settled(self) -> None:
        for flush, expected in self.flushes:
            assert (flush.done, flush.lossless) == (expected.done, expected.lossless)

    @invariant()
    def the_next_due_time_is_exact(self) -> None:
        now_s = self.oracle.now_s
        assert max(self.backlog.next_due_s(), now_s) == max(self.oracle.next_due_s(), now_s)


BacklogMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestBacklogMachine = BacklogMachine.TestCase
