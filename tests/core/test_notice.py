"""A stream is told of records that are missing from it."""

import math
import re

import pytest
from core.oracle import TINY, tiny_but
from hypothesis import given
from hypothesis import strategies as st

from logspire.core.backlog import Backlog
from logspire.core.ledger import Ledger, LossReason
from logspire.core.notice import INTERVAL_S, MAX_STREAMS, Gap
from logspire.core.retry import Outcome, Rejection, Verdict
from logspire.core.stream import Batch

NOW_MS = 1_000_000
ROOMY = tiny_but(batch_bytes=4000, event_bytes=1000)


class Bench:
    """A backlog whose jobs are answered one by one, at a time that the test moves."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.backlog = Backlog(ROOMY, send_interval_s=2.0, oversize="drop", ledger=self.ledger)
        self.now_s = 0.0

    def add(self, text: str, *, stream: str = "s", age_ms: int = 0) -> None:
        time_ms = NOW_MS - age_ms
        self.backlog.add(stream, [time_ms], [text], arrived_s=self.now_s, now_s=self.now_s)

    def work(self, verdict: Verdict = Verdict.DELIVERED, until_s: float | None = None) -> list[str]:
        """Send what is due until a time, by default now; return the messages that arrived."""
        sent: list[str] = []
        until_s = self.now_s if until_s is None else until_s
        while True:
            self.backlog.tell(self.now_s, NOW_MS, urgent=False)
            while (job := self.backlog.next_job(self.now_s, NOW_MS)) is not None:
                assert isinstance(job, Batch)
                poison = any("poison" in message for message in job.events.messages)
                answer = Verdict.REFUSED if poison else verdict
                if answer is Verdict.DELIVERED:
                    sent += list(job.events.messages)
                outcome = Outcome(answer, "said the service")
                self.backlog.resolve(job, outcome, now_s=self.now_s, jitter=1.0)
            next_s = min(self.backlog.next_due_s(), self.backlog.next_notice_s())
            if next_s > until_s:
                return sent
            self.now_s = max(self.now_s, next_s)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def notices(messages: list[str]) -> list[str]:
    return [message for message in messages if message.startswith("logspire: ")]


def test_after_an_outage_the_stream_is_told_how_many_are_missing_and_why(bench: Bench) -> None:
    for age_ms in (30, 20, 10):
        bench.add(f"{age_ms} old", age_ms=age_ms)
    bench.work(Verdict.RETRY, until_s=60.0)
    bench.backlog.shed(bench.backlog.held_bytes // 3, 0.0)
    kept, told = bench.work(until_s=70.0)
    assert kept == "10 old"
    assert told == (
        "logspire: 2 records are missing here, of 1970-01-01T00:16:39.970Z to "
        "1970-01-01T00:16:39.980Z: 2 queue_full (max_queue_size was reached; said the service)"
    )


def test_while_calls_fail_nobody_is_told(bench: Bench) -> None:
    bench.add("a")
    bench.add("b")
    bench.work(Verdict.RETRY, until_s=10.0)
    bench.backlog.shed(bench.backlog.held_bytes // 2, 0.0)
    held = bench.backlog.held_events
    bench.work(Verdict.RETRY, until_s=200.0)
    assert (held, bench.backlog.held_events) == (1, 1)
    assert bench.backlog.next_notice_s() == math.inf


def test_a_stream_of_which_all_is_lost_is_told_as_well(bench: Bench) -> None:
    bench.add("poison")
    (told,) = bench.work(until_s=10.0)
    assert told == (
        "logspire: 1 record is missing here, of 1970-01-01T00:16:40.000Z: "
        "1 refused (said the service)"
    )


def test_each_stream_is_told_of_its_own(bench: Bench) -> None:
    bench.add("poison", stream="one")
    bench.add("poison", stream="two")
    bench.add("poison", stream="two")
    bench.add("all is well", stream="three")
    told = notices(bench.work(until_s=10.0))
    assert sorted(text.split(" missing")[0] for text in told) == [
        "logspire: 1 record is",
        "logspire: 2 records are",
    ]


def test_a_notice_takes_the_place_of_the_gap_in_time(bench: Bench) -> None:
    bench.add("before", age_ms=9)
    bench.add("poison", age_ms=8)
    bench.add("after", age_ms=7)
    bench.backlog.hasten(0.0)
    bench.work()
    bench.now_s = 9.0
    bench.backlog.tell(9.0, NOW_MS, urgent=True)
    job = bench.backlog.next_job(9.0, NOW_MS)
    assert isinstance(job, Batch)
    assert list(job.events.times_ms) == [NOW_MS - 8]


@pytest.mark.parametrize("age_ms", [101, 60, -31], ids=["too old", "old", "ahead"])
def test_a_notice_is_never_where_the_service_would_not_take_it(age_ms: int) -> None:
    gap = Gap("s")
    gap.add(LossReason.TOO_OLD, 1, "", NOW_MS - age_ms, NOW_MS - age_ms)
    assert gap.time_ms(NOW_MS, 100) == NOW_MS


def test_an_empty_message_leaves_no_gap(bench: Bench) -> None:
    bench.add("")
    assert bench.work(until_s=100.0) == []


def test_what_was_never_held_is_missing_too(bench: Bench) -> None:
    bench.add("x" * 2000)
    bench.backlog.lose("s", LossReason.QUEUE_FULL, "full", count=7, first_ms=1, last_ms=NOW_MS)
    bench.add("x")
    (told,) = notices(bench.work(until_s=10.0))
    assert "8 records are missing here" in told
    assert "1 too_large (2003 bytes, the most is 1000); 7 queue_full (full)" in told


def test_a_stream_that_keeps_losing_is_told_once_a_minute(bench: Bench) -> None:
    told = []
    for _ in range(int(3 * INTERVAL_S)):
        bench.add("poison")
        told += notices(bench.work(until_s=bench.now_s + 1.0))
        bench.now_s += 1.0
    assert 2 <= len(told) <= 1 + bench.now_s / INTERVAL_S


def test_in_a_hurry_it_is_told_at_once(bench: Bench) -> None:
    for _ in range(2):
        bench.add("poison")
        bench.backlog.hurry(bench.now_s)
        assert len(notices(bench.work())) == 1


def test_a_notice_is_no_record(bench: Bench) -> None:
    bench.add("poison")
    bench.work(until_s=10.0)
    assert (bench.ledger.delivered, bench.ledger.lost) == (0, {LossReason.REFUSED: 1})
    assert bench.backlog.held_events == bench.backlog.held_bytes == 0


def test_a_flush_does_not_wait_for_what_was_said_of_older_losses(bench: Bench) -> None:
    bench.add("poison")
    flush = bench.backlog.flush(bench.now_s)
    while (job := bench.backlog.next_job(bench.now_s, NOW_MS)) is not None:
        bench.backlog.resolve(job, Outcome(Verdict.REFUSED), now_s=bench.now_s, jitter=0.0)
    assert flush.done


def test_a_notice_that_had_to_make_room_is_said_again_with_what_was_lost_since(
    bench: Bench,
) -> None:
    bench.add("poison")
    bench.backlog.hasten(0.0)
    bench.work()
    bench.backlog.tell(5.0, NOW_MS, urgent=True)
    assert bench.backlog.is_telling()
    bench.add("younger", age_ms=-1)
    bench.backlog.shed(0, 0.0)
    assert bench.backlog.held_events == 0
    assert bench.ledger.lost == {LossReason.REFUSED: 1, LossReason.QUEUE_FULL: 1}
    bench.add("poison")
    (told,) = notices(bench.work(until_s=100.0))
    assert "3 records are missing here" in told


def test_a_notice_is_not_counted_in_the_bound_which_may_just_have_been_reached(
    bench: Bench,
) -> None:
    bench.add("poison")
    bench.backlog.hasten(0.0)
    bench.work()
    bench.backlog.tell(5.0, NOW_MS, urgent=True)
    assert (bench.backlog.held_events, bench.backlog.held_bytes) == (1, 0)


def test_a_notice_that_the_service_refuses_is_not_tried_for_ever(bench: Bench) -> None:
    bench.backlog.add("s", [NOW_MS], ["x"], arrived_s=0.0, now_s=0.0)
    bench.backlog.lose("s", LossReason.REFUSED, "poison", first_ms=0, last_ms=0)
    assert notices(bench.work(until_s=1000.0)) == []
    assert bench.backlog.held_events == 0


def test_a_notice_that_the_service_sets_aside_is_not_tried_for_ever(bench: Bench) -> None:
    bench.backlog.lose("s", LossReason.REFUSED, "x", first_ms=NOW_MS, last_ms=NOW_MS)
    bench.add("x", stream="t")
    bench.backlog.tell(0.0, NOW_MS, urgent=True)
    job = bench.backlog.next_job(0.0, NOW_MS)
    assert job is not None
    rejected = (Rejection(0, 1, LossReason.EXPIRED),)
    outcome = Outcome(Verdict.DELIVERED, rejected=rejected)
    bench.backlog.resolve(job, outcome, now_s=0.0, jitter=0.0)
    assert notices(bench.work(until_s=1000.0)) == []
    assert not bench.backlog.is_telling()


def test_after_the_end_nobody_is_told_until_the_next_record(bench: Bench) -> None:
    bench.add("a")
    bench.backlog.abandon(LossReason.SHUTDOWN, "not delivered in time")
    assert bench.work(until_s=1000.0) == []
    bench.add("b")
    (told,) = notices(bench.work(until_s=2000.0))
    assert "1 shutdown (not delivered in time)" in told


def test_only_so_many_streams_are_kept_in_mind(bench: Bench) -> None:
    for number in range(3 * MAX_STREAMS):
        bench.add("poison", stream=f"stream {number}")
    told = notices(bench.work(until_s=100.0))
    assert len(told) == MAX_STREAMS


def test_a_notice_fits_the_smallest_event_and_any_detail_and_time() -> None:
    bench = Bench()
    bench.backlog = Backlog(TINY, send_interval_s=2.0, oversize="drop", ledger=bench.ledger)
    bench.add("x")
    bench.backlog.lose("s", LossReason.REFUSED, "\ud800" * 1000, first_ms=-(10**30), last_ms=10**30)
    (told,) = notices(bench.work(until_s=100.0))
    assert re.fullmatch(r"logspire: .* \[truncated, \d+ bytes\]", told)
    assert len(told) <= TINY.event_bytes - TINY.overhead_bytes


@given(
    life=st.lists(
        st.sampled_from(["a", "b", "poison", "x" * 2000, "shed", "outage", "well", "hurry"]),
        max_size=40,
    )
)
def test_what_streams_were_told_adds_up_to_what_was_lost(life: list[str]) -> None:
    bench = Bench()
    verdict = Verdict.DELIVERED
    told: list[str] = []
    for step in life:
        if step == "shed":
            bench.backlog.shed(bench.backlog.held_bytes // 2, 0.0)
        elif step == "hurry":
            bench.backlog.hurry(bench.now_s)
        elif step in ("outage", "well"):
            verdict = Verdict.RETRY if step == "outage" else Verdict.DELIVERED
        else:
            bench.add(step, stream=step[:1])
        told += notices(bench.work(verdict, until_s=bench.now_s + 1.0))
    bench.add("the service is well again")
    told += notices(bench.work(until_s=bench.now_s + 3 * INTERVAL_S))
    numbers = [int(text.split()[1]) for text in told]
    assert sum(numbers) == bench.ledger.lost_so_far
    assert bench.backlog.held_events == 0


def test_without_an_interval_a_stream_is_told_once_a_minute_all_the_same(bench: Bench) -> None:
    bench.backlog = Backlog(ROOMY, send_interval_s=0.0, oversize="drop", ledger=bench.ledger)
    told = []
    for _ in range(30):
        bench.add("poison")
        told += notices(bench.work(until_s=bench.now_s + 1.0))
        bench.now_s += 1.0
    assert len(told) == 1


def test_a_notice_of_what_has_expired_does_not_expire_itself() -> None:
    hour_ms = 3_600_000
    for age_hours, moved in [(1, False), (11, False), (13, True), (30, True)]:
        gap = Gap("s")
        then_ms = 10**12 - age_hours * hour_ms
        gap.add(LossReason.EXPIRED, 1, "", then_ms, then_ms)
        assert gap.time_ms(10**12, 14 * 24 * hour_ms) == (10**12 if moved else then_ms)
