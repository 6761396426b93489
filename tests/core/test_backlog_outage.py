"""Many streams, one destination: what an outage costs, and what one denied stream costs."""

import math
from collections.abc import Callable

import pytest
from core.oracle import TINY

from logspire.core.backlog import Backlog
from logspire.core.ledger import Ledger, LossReason
from logspire.core.retry import Outcome, Verdict
from logspire.core.stream import Batch, Creation, Job

SENDERS = 4
CALL_S = 0.01
FAILED = Outcome(Verdict.RETRY, "connection refused")


class Bench:
    """A backlog with one event in each of many streams, all of them due at 0."""

    def __init__(self, streams: int) -> None:
        self.ledger = Ledger()
        self.backlog = Backlog(TINY, send_interval_s=0.0, oversize="split", ledger=self.ledger)
        for number in range(streams):
            self.add(f"{number}", 0.0)

    def add(self, stream: str, now_s: float) -> None:
        self.backlog.add(stream, [0], ["x"], arrived_s=now_s, now_s=now_s)

    def start(self, now_s: float) -> Job:
        job = self.backlog.next_job(now_s, 0)
        assert job is not None
        return job

    def start_all(self, now_s: float) -> list[Job]:
        jobs: list[Job] = []
        while len(jobs) < SENDERS and (job := self.backlog.next_job(now_s, 0)):
            jobs.append(job)
        return jobs

    def answer(self, job: Job, verdict: Verdict, now_s: float, jitter: float = 1.0) -> None:
        outcome = Outcome(verdict, verdict.name)
        self.backlog.resolve(job, outcome, now_s=now_s, jitter=jitter)

    def fail(self, verdicts: list[Verdict], now_s: float = 0.0) -> None:
        """Start as many jobs together, of different streams, and answer them."""
        jobs = [self.start(now_s) for _ in verdicts]
        for job, verdict in zip(jobs, verdicts, strict=True):
            self.answer(job, verdict, now_s)


def simulate(bench: Bench, answer: Callable[[Job], Verdict], until_s: float) -> list[float]:
    """Four senders, calls of 10 ms, driven by `next_due_s` alone; return when calls went out."""
    under_way: list[tuple[float, Job]] = []
    calls: list[float] = []
    now_s = 0.0
    while True:
        due_s = bench.backlog.next_due_s() if len(under_way) < SENDERS else math.inf
        now_s = max(now_s, min([due_s, *(done_s for done_s, _ in under_way)]))
        if now_s >= until_s:
            return calls
        for entry in [entry for entry in under_way if entry[0] <= now_s]:
            under_way.remove(entry)
            bench.answer(entry[1], answer(entry[1]), now_s, jitter=0.5)
        while len(under_way) < SENDERS and (job := bench.backlog.next_job(now_s, 0)):
            under_way.append((now_s + CALL_S, job))
            calls.append(now_s)


def test_in_an_outage_two_thousand_streams_call_no_more_often_than_one() -> None:
    calls = {
        streams: len(simulate(Bench(streams), lambda _: Verdict.RETRY, until_s=60.0))
        for streams in (1, 2000)
    }
    assert calls[1] <= calls[2000] <= calls[1] + SENDERS


def test_after_an_outage_all_streams_resume_at_once() -> None:
    bench = Bench(20)
    bench.fail([Verdict.RETRY])
    bench.answer(bench.start(1.0), Verdict.DELIVERED, 1.0)
    assert len(bench.start_all(1.0)) == SENDERS


def test_one_denied_stream_hardly_slows_down_another() -> None:
    bench = Bench(0)
    waits_s: list[float] = []
    now_s = 0.0
    bench.add("denied", now_s)
    # A record a tenth of a second, for a minute; the denied stream is tried whenever it is due.
    for tick in range(600):
        now_s = max(now_s, tick * 0.1)
        bench.add("fine", now_s)
        came_s = now_s
        while True:
            now_s = max(now_s, bench.backlog.next_due_s())
            job = bench.start(now_s)
            now_s += CALL_S
            bench.answer(job, Verdict.RETRY if job.stream == "denied" else Verdict.DELIVERED, now_s)
            if job.stream == "fine":
                break
        waits_s.append(now_s - came_s)
    assert bench.ledger.delivered == 600
    # At worst a first failure just before: its call, 0.1 s of back-off, and the call itself.
    assert max(waits_s) <= 0.1 + 2 * CALL_S + 1e-9
    assert sum(waits_s) / len(waits_s) <= 2 * CALL_S


def test_a_hundred_streams_that_are_not_allowed_do_not_hold_up_one_that_is() -> None:
    bench = Bench(0)
    for n in range(100):
        bench.add(f"denied {n}", 0.0)
    bench.add("fine", 0.0)
    now_s = bench.backlog.next_due_s()
    for _ in range(101):
        job = bench.start(now_s)
        fine = job.stream == "fine"
        bench.answer(job, Verdict.DELIVERED if fine else Verdict.DENIED, now_s)
    assert bench.ledger.delivered == 1


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.DISCONNECTED])
def test_no_stream_calls_before_the_wait_of_the_destination_is_over(verdict: Verdict) -> None:
    bench = Bench(9)
    bench.fail([Verdict.RETRY, Verdict.RETRY, verdict])
    assert bench.backlog.next_due_s() == pytest.approx(0.4)
    assert bench.backlog.next_job(0.39, 0) is None
    assert bench.backlog.next_job(0.41, 0) is not None


def test_a_first_lost_connection_lets_another_stream_try_at_once() -> None:
    bench = Bench(2)
    bench.fail([Verdict.DISCONNECTED])
    assert bench.backlog.next_due_s() == 0.0


def test_a_failure_with_a_short_wait_does_not_cut_a_longer_one_short() -> None:
    bench = Bench(3)
    jobs = bench.start_all(0.0)[:2]
    bench.answer(jobs[0], Verdict.RETRY, 0.0, jitter=1.0)
    bench.answer(jobs[1], Verdict.RETRY, 0.0, jitter=0.0)
    assert bench.backlog.next_due_s() == pytest.approx(0.1)


def test_while_the_destination_fails_one_call_at_a_time_goes_out() -> None:
    bench = Bench(9)
    bench.fail([Verdict.RETRY])
    assert len(bench.start_all(1.0)) == 1
    assert bench.backlog.next_due_s() == math.inf


def test_a_failed_probe_makes_room_for_the_next() -> None:
    bench = Bench(9)
    bench.fail([Verdict.RETRY])
    bench.answer(bench.start(1.0), Verdict.RETRY, 1.0)
    assert bench.backlog.next_due_s() == pytest.approx(1.2)


def test_calls_from_before_the_failure_do_not_hold_up_the_probe() -> None:
    bench = Bench(9)
    hanging = bench.start_all(0.0)
    bench.answer(hanging[0], Verdict.RETRY, 0.0)
    assert isinstance(bench.start(1.0), Batch)


def test_the_failure_of_an_older_call_makes_no_room_for_a_second_probe() -> None:
    bench = Bench(9)
    older = bench.start_all(0.0)
    bench.answer(older[0], Verdict.RETRY, 0.0)
    bench.start(1.0)
    bench.answer(older[1], Verdict.RETRY, 1.0)
    assert bench.backlog.next_due_s() == math.inf


@pytest.mark.parametrize("verdict", [Verdict.DELIVERED, Verdict.MISSING, Verdict.REFUSED])
def test_any_answer_even_to_an_older_call_opens_the_gate(verdict: Verdict) -> None:
    bench = Bench(9)
    older = bench.start_all(0.0)
    bench.answer(older[0], Verdict.RETRY, 0.0)
    bench.start(1.0)
    bench.answer(older[1], verdict, 1.0)
    assert len(bench.start_all(1.0)) == SENDERS


def test_after_an_answer_failures_are_counted_from_the_start() -> None:
    bench = Bench(9)
    bench.fail([Verdict.RETRY, Verdict.RETRY, Verdict.DELIVERED, Verdict.RETRY])
    assert bench.backlog.next_due_s() == pytest.approx(0.1)


def test_a_creation_is_a_call_like_any_other() -> None:
    bench = Bench(1)
    bench.fail([Verdict.MISSING])
    bench.add("other", 0.0)
    creation = next(job for job in bench.start_all(0.0) if isinstance(job, Creation))
    bench.backlog.resolve(creation, FAILED, now_s=0.0, jitter=1.0)
    bench.add("third", 0.0)
    assert bench.backlog.next_due_s() == pytest.approx(0.1)


def test_in_a_hurry_the_gate_opens_though_a_probe_hangs() -> None:
    bench = Bench(9)
    bench.fail([Verdict.RETRY] * 3)
    bench.start(9.0)
    bench.backlog.hurry(9.0)
    assert len(bench.start_all(9.0)) == 1


def test_in_a_hurry_no_wait_of_the_destination_is_long() -> None:
    bench = Bench(99)
    bench.backlog.hurry(0.0)
    for attempt in range(20):
        bench.answer(bench.start(float(attempt)), Verdict.RETRY, float(attempt))
        assert bench.backlog.next_due_s() - attempt <= 0.5


def test_a_probe_that_was_given_up_is_not_waited_for() -> None:
    bench = Bench(9)
    bench.fail([Verdict.RETRY])
    bench.start(1.0)
    bench.backlog.abandon(LossReason.SHUTDOWN, "the end")
    bench.add("new", 2.0)
    assert isinstance(bench.start(2.0), Batch)


@pytest.mark.parametrize(
    ("verdict", "last_error"),
    [
        (Verdict.RETRY, "RETRY"),
        (Verdict.DISCONNECTED, "DISCONNECTED"),
        (Verdict.REFUSED, "REFUSED"),
        (Verdict.MISSING, None),
        (Verdict.DELIVERED, None),
    ],
)
def test_a_stream_that_is_about_to_be_created_is_no_error(
    verdict: Verdict, last_error: str | None
) -> None:
    bench = Bench(1)
    bench.fail([verdict])
    assert bench.ledger.last_error == last_error


def test_a_created_stream_is_not_yet_a_success() -> None:
    bench = Bench(2)
    bench.fail([Verdict.RETRY, Verdict.MISSING])
    creation = next(job for job in bench.start_all(0.0) if isinstance(job, Creation))
    bench.answer(creation, Verdict.DELIVERED, 0.0)
    assert bench.ledger.last_error == "RETRY"
