"""Events outside the time window are told by index; the rest of their batch is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

    from logspire.testing import LocalCloudWatchLogs

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

Put = Callable[..., Any]


def at(*timestamps: int) -> list[dict[str, Any]]:
    return [{"timestamp": t, "message": str(number)} for number, t in enumerate(timestamps)]


def test_the_edges_of_the_window_are_inside(
    put: Put, service: LocalCloudWatchLogs, clock: Callable[[], int]
) -> None:
    assert "rejectedLogEventsInfo" not in put(events=at(clock() - 14 * DAY_MS))
    assert "rejectedLogEventsInfo" not in put(events=at(clock() + 2 * HOUR_MS))
    assert service.summary.events_stored == 2


def test_events_before_14_days_are_told_by_the_index_after_the_last(
    put: Put, service: LocalCloudWatchLogs, clock: Callable[[], int]
) -> None:
    old = clock() - 14 * DAY_MS - 1
    answer = put(events=at(old - 5, old, clock()))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2}
    assert service.messages("group", "stream") == ["2"]


def test_events_over_2_hours_ahead_are_told_by_the_index_of_the_first(
    put: Put, service: LocalCloudWatchLogs, clock: Callable[[], int]
) -> None:
    new = clock() + 2 * HOUR_MS + 1
    answer = put(events=at(clock(), new, new + 5))
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert service.messages("group", "stream") == ["0"]


def test_events_before_the_retention_of_their_group_are_expired(
    put: Put,
    client: CloudWatchLogsClient,
    service: LocalCloudWatchLogs,
    clock: Callable[[], int],
) -> None:
    client.put_retention_policy(logGroupName="group", retentionInDays=1)
    answer = put(events=at(clock() - DAY_MS - 1, clock() - DAY_MS, clock() - 2))
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert service.messages("group", "stream") == ["1", "2"]


def test_a_batch_can_be_too_old_and_expired_and_too_new_at_once(
    put: Put,
    client: CloudWatchLogsClient,
    service: LocalCloudWatchLogs,
    clock: Callable[[], int],
) -> None:
    client.put_retention_policy(logGroupName="group", retentionInDays=1)
    now = clock()
    answer = put(events=at(now - 15 * DAY_MS, now - DAY_MS - 1, now - HOUR_MS, now + DAY_MS))
    assert answer["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 1,
        "expiredLogEventEndIndex": 2,
        "tooNewLogEventStartIndex": 3,
    }
    assert service.messages("group", "stream") == ["2"]
    assert service.summary.events_rejected == 3


def test_a_batch_with_nothing_in_the_window_is_accepted_and_stores_nothing(
    put: Put, service: LocalCloudWatchLogs, clock: Callable[[], int]
) -> None:
    answer = put(events=at(clock() - 15 * DAY_MS))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    assert service.messages("group", "stream") == []
    assert service.summary.batches == 0


def test_a_retention_over_14_days_does_not_widen_the_window(
    put: Put, client: CloudWatchLogsClient, clock: Callable[[], int]
) -> None:
    client.put_retention_policy(logGroupName="group", retentionInDays=30)
    answer = put(events=at(clock() - 15 * DAY_MS))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}


def test_the_window_moves_with_the_clock(
    put: Put, service: LocalCloudWatchLogs, clock: Any
) -> None:
    ahead = clock() + 3 * HOUR_MS
    put(events=at(ahead))
    clock.now_ms += HOUR_MS
    put(events=at(ahead))
    assert [event.ingestion_time for event in service.events("group", "stream")] == [clock()]
