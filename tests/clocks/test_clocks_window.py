"""Event times far apart or outside the service's window, over HTTP: no call is refused for them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S

from logspire import LossReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from clocks.conftest import WallClock

    from logspire.delivery.pipeline import Pipeline
    from logspire.testing import LocalCloudWatchLogs

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
OLDEST_MS = -14 * DAY_MS
NEWEST_MS = 2 * HOUR_MS


def refusals(service: LocalCloudWatchLogs) -> set[str | None]:
    """Why calls were refused; a missing stream is how the first call of each test goes."""
    return {call.error for call in service.calls if call.refused} - {"ResourceNotFoundException"}


def stored(service: LocalCloudWatchLogs) -> dict[str, int]:
    """Event times by message; what the stream says of missing records is set aside."""
    events = service.events("tests", "stream")
    return {e.message: e.timestamp for e in events if not e.message.startswith("logspire: ")}


def test_records_spread_over_five_days_in_one_go_all_arrive_in_batches_of_a_day(
    make_pipeline: Callable[..., Pipeline], service: LocalCloudWatchLogs, wall: WallClock
) -> None:
    times = [wall.now_ms - n * 5 * DAY_MS // 3000 for n in range(3000)]
    expected = {str(n): time_ms for n, time_ms in enumerate(times)}
    logged = list(expected.items())
    random.Random(1).shuffle(logged)
    pipeline = make_pipeline()
    for message, time_ms in logged:
        pipeline.put(("stream", time_ms, message))
    assert pipeline.flush(PATIENCE_S), pipeline.stats()
    assert stored(service) == expected
    assert refusals(service) == set()
    assert pipeline.stats().batches == 5


def test_the_edges_of_the_window_arrive_and_a_millisecond_beyond_is_lost_by_name(
    make_pipeline: Callable[..., Pipeline], service: LocalCloudWatchLogs, wall: WallClock
) -> None:
    ages = {"oldest": OLDEST_MS, "too old": OLDEST_MS - 1, "now": 0, "ancient": -wall.now_ms}
    aheads = {"newest": NEWEST_MS, "too new": NEWEST_MS + 1, "far": 400 * DAY_MS}
    pipeline = make_pipeline()
    for message, offset_ms in (ages | aheads).items():
        pipeline.put(("stream", wall.now_ms + offset_ms, message))
    assert not pipeline.flush(PATIENCE_S)
    assert set(stored(service)) == {"oldest", "now", "newest"}
    assert pipeline.stats().losses == {LossReason.TOO_OLD: 2, LossReason.TOO_NEW: 2}
    assert refusals(service) == set()


@pytest.mark.parametrize(
    ("ours_ahead_ms", "offset_ms", "reason"),
    [
        (-HOUR_MS, OLDEST_MS, LossReason.TOO_OLD),
        (HOUR_MS, NEWEST_MS, LossReason.TOO_NEW),
    ],
)
def test_where_our_clock_is_wrong_the_service_has_the_last_word_and_the_rest_arrives(
    make_pipeline: Callable[..., Pipeline],
    service: LocalCloudWatchLogs,
    wall: WallClock,
    ours_ahead_ms: int,
    offset_ms: int,
    reason: LossReason,
) -> None:
    pipeline = make_pipeline(wall_s=lambda: (wall.now_ms + ours_ahead_ms) / 1000)
    ours_ms = wall.now_ms + ours_ahead_ms
    pipeline.put(("stream", ours_ms + offset_ms, "at the edge for us"))
    pipeline.put(("stream", ours_ms, "now"))
    pipeline.flush(PATIENCE_S)
    assert set(stored(service)) == {"now"}
    assert pipeline.stats().losses == {reason: 1}


def test_what_ages_out_while_it_waits_for_an_outage_to_end_is_lost_and_the_rest_arrives(
    make_pipeline: Callable[..., Pipeline], service: LocalCloudWatchLogs, wall: WallClock
) -> None:
    pipeline = make_pipeline()
    service.misbehave("unavailable")
    expected = {f"young {n}": wall.now_ms - n for n in range(50)}
    for message, time_ms in expected.items():
        pipeline.put(("stream", time_ms, message))
    for n in range(50):
        pipeline.put(("stream", wall.now_ms + OLDEST_MS + n, f"old {n}"))
    assert not pipeline.flush(0)
    assert service.wait_for(
        lambda: service.refused >= 2, PATIENCE_S
    )  # tried, and waits to be tried again
    assert pipeline.stats().held == 100
    wall.now_ms += HOUR_MS
    service.behave()
    pipeline.flush(PATIENCE_S)  # the retry that finds them too old may have come before it
    assert stored(service) == expected
    stats = pipeline.stats()
    assert (stats.held, dict(stats.losses)) == (0, {LossReason.TOO_OLD: 50})
    assert refusals(service) == {"ServiceUnavailableException"}


def test_a_batch_that_ages_out_as_a_whole_ends_as_lost_and_the_next_record_arrives(
    make_pipeline: Callable[..., Pipeline], service: LocalCloudWatchLogs, wall: WallClock
) -> None:
    pipeline = make_pipeline()
    service.misbehave("unavailable")
    for n in range(20):
        pipeline.put(("stream", wall.now_ms, str(n)))
    assert not pipeline.flush(0)
    assert service.wait_for(lambda: service.refused >= 2, PATIENCE_S)
    wall.now_ms += 15 * DAY_MS  # an outage that long
    pipeline.flush(PATIENCE_S)  # the retry that finds them too old may have come before it
    assert pipeline.stats().losses == {LossReason.TOO_OLD: 20}
    service.behave()
    pipeline.put(("stream", wall.now_ms, "next"))
    assert pipeline.flush(PATIENCE_S)
    assert stored(service) == {"next": wall.now_ms}


def test_an_event_that_ages_out_between_two_tries_counts_as_lost_though_it_may_be_there(
    make_pipeline: Callable[..., Pipeline], service: LocalCloudWatchLogs, wall: WallClock
) -> None:
    def an_hour_later_once_the_answer_is_lost() -> float:
        lost = any(call.misbehaviour == "lost_answer" for call in service.calls)
        return wall.s() + 3600 * lost

    pipeline = make_pipeline(wall_s=an_hour_later_once_the_answer_is_lost)
    pipeline.put(("stream", wall.now_ms, "first"))
    assert pipeline.flush(PATIENCE_S)
    service.misbehave("lost_answer", operation="PutLogEvents", times=1)
    pipeline.put(("stream", wall.now_ms + OLDEST_MS, "old"))
    pipeline.put(("stream", wall.now_ms, "young"))
    assert not pipeline.flush(PATIENCE_S)
    stats = pipeline.stats()
    assert (stats.held, stats.delivered, dict(stats.losses)) == (0, 2, {LossReason.TOO_OLD: 1})
    assert service.messages("tests", "stream")[:3] == ["first", "old", "young"]
    assert refusals(service) == set()
