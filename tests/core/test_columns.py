"""Events in columns stay what they were as records, in whatever order and company they come."""

from __future__ import annotations

from core.oracle import tiny_but
from hypothesis import example, given
from hypothesis import strategies as st

from logspire.core.backlog import Backlog
from logspire.core.columns import Events, Origin
from logspire.core.ledger import Ledger, LossReason
from logspire.core.retry import Outcome, Rejection, Verdict
from logspire.core.stream import Batch

NOW_MS = 1_795_348_800_000
# No time is too old or too new, and all times fit in one batch, so that only order is at stake.
LIMITS = tiny_but(batch_count=50, batch_bytes=400, span_ms=None, age_ms=None, ahead_ms=None)

texts = st.sampled_from(["a", "é", "😀", "\x00", "\u2028", "\ud800", "x\udfffy", "", "z" * 90])
near_ms = st.sampled_from([0, 0, 1, 2, 5, -1, -40]).map(lambda ms: NOW_MS + ms)
far_ms = st.sampled_from([2**63, -(2**63) - 1, 2**70, 10**400, -(10**400), -1])
takes = st.lists(st.lists(st.tuples(near_ms, texts), min_size=1, max_size=8), max_size=6)
rejections = st.builds(
    Rejection,
    st.integers(-2, 9),
    st.integers(-2, 99),
    st.sampled_from([LossReason.TOO_OLD, LossReason.EXPIRED, LossReason.TOO_NEW]),
)


def events_of(times_ms: list[int], start: int = 0) -> Events:
    texts = [str(number) for number in range(start, start + len(times_ms))]
    return Events.of(times_ms, texts, [27] * len(texts), Origin(0.0, 0))


def filled(taken: list[list[tuple[int, str]]], ledger: Ledger) -> Backlog:
    backlog = Backlog(LIMITS, send_interval_s=0.0, oversize="split", ledger=ledger)
    for records in taken:
        times_ms, messages = zip(*records, strict=True)
        backlog.add("s", times_ms, messages, arrived_s=0.0, now_s=0.0)
    return backlog


def batches(backlog: Backlog, outcome: Outcome) -> list[Batch]:
    sent = []
    while (job := backlog.next_job(9.0, NOW_MS)) is not None:
        assert isinstance(job, Batch)
        sent.append(job)
        backlog.resolve(job, outcome, now_s=9.0, jitter=0.0)
    return sent


@given(first=st.lists(near_ms | far_ms), second=st.lists(near_ms | far_ms, min_size=1))
def test_ties_stay_in_the_order_in_which_they_came(first: list[int], second: list[int]) -> None:
    events = events_of(second, len(first))
    if first:
        earlier = events_of(first)
        earlier.extend(events)
        events = earlier
    cut = [
        max(-(2**62), min(time, 2**62)) if abs(time) >= 2**62 else time for time in first + second
    ]
    expected = sorted(range(len(cut)), key=cut.__getitem__)
    assert [int(text) for text in events.messages] == expected


@given(times_ms=st.lists(far_ms, min_size=1))
def test_a_time_beyond_64_bits_is_no_obstacle(times_ms: list[int]) -> None:
    assert list(events_of(times_ms).times_ms) == sorted(events_of(times_ms).times_ms)


@given(taken=takes)
def test_batches_leave_in_the_order_of_time_and_ties_in_that_of_logging(
    taken: list[list[tuple[int, str]]],
) -> None:
    times_ms = [time_ms for records in taken for time_ms, _ in records]
    numbers = iter(range(len(times_ms)))
    numbered = [[(time_ms, str(next(numbers))) for time_ms, _ in records] for records in taken]
    sent = batches(filled(numbered, Ledger()), Outcome(Verdict.DELIVERED))
    messages = [int(text) for batch in sent for text in batch.events.messages]
    assert messages == sorted(range(len(times_ms)), key=times_ms.__getitem__)


@given(taken=takes, rejected=st.lists(rejections, max_size=3))
@example(taken=[[(NOW_MS, "z" * 90), (NOW_MS, "a")]], rejected=[])
def test_the_books_balance_whatever_is_rejected(
    taken: list[list[tuple[int, str]]], rejected: list[Rejection]
) -> None:
    ledger = Ledger()
    batches(filled(taken, ledger), Outcome(Verdict.DELIVERED, "no", tuple(rejected)))
    assert ledger.delivered + ledger.lost_so_far == sum(map(len, taken))


@given(taken=takes, bound=st.integers(0, 2000))
def test_nothing_is_held_when_all_is_sent_or_shed(
    taken: list[list[tuple[int, str]]], bound: int
) -> None:
    backlog = filled(taken, Ledger())
    backlog.shed(bound, 0.0)
    batches(backlog, Outcome(Verdict.DELIVERED))
    assert (backlog.held_bytes, backlog.held_events) == (0, 0)


@given(taken=takes, size=st.integers(1, 5))
def test_what_is_popped_and_what_stays_are_all(
    taken: list[list[tuple[int, str]]], size: int
) -> None:
    events = events_of([time_ms for records in taken for time_ms, _ in records])
    before = list(events.messages)
    first = events.pop_first(min(size, len(events)))
    last = events.pop_from(len(events) // 2)
    assert first.messages + events.messages + last.messages == before
