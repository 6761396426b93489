"""The service misbehaves for a moment: everything arrives, once unless an answer was lost."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S

from logspire.testing.operations import OPERATIONS

from .situations import GROUP

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from logspire import CloudWatchLogHandler
    from logspire.testing import LocalCloudWatchLogs

    Make = Callable[..., CloudWatchLogHandler]

pytestmark = pytest.mark.slow  # and the same on every Python

STREAM = "stream"


def retention_days(service: LocalCloudWatchLogs) -> int | None:
    with contextlib.closing(service.client()) as client:
        (group,) = client.describe_log_groups()["logGroups"]
    return group.get("retentionInDays")


def texts(*ranges: range) -> list[str]:
    return [str(number) for numbers in ranges for number in numbers]


@pytest.mark.parametrize("kind", ["lost_answer", "truncated"])
def test_an_answer_that_is_lost_or_cut_stores_no_more_than_its_batch_twice(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger, kind: str
) -> None:
    handler = make_handler(send_interval=60, max_batch_count=100)
    log.info("before")
    assert handler.flush(PATIENCE_S)
    cloudwatch_logs.misbehave(kind, operation="PutLogEvents", times=1)
    for number in range(1000):
        log.info("%d", number)
    assert handler.flush(PATIENCE_S)
    stored = cloudwatch_logs.messages(GROUP, STREAM)
    assert stored == ["before", *texts(range(100), range(1000))]
    stats = handler.stats()
    assert (stats.accepted, stats.delivered, stats.lost, stats.held) == (1001, 1001, 0, 0)


def test_allowed_nothing_but_put_log_events_everything_arrives(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    client = cloudwatch_logs.client()
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    client.close()
    cloudwatch_logs.misbehave("access_denied", operation=OPERATIONS.keys() - {"PutLogEvents"})
    handler = make_handler(log_group_retention_days=7, log_group_tags={"team": "web"})
    for number in range(1000):
        log.info("%d", number)
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == texts(range(1000))
    assert cloudwatch_logs.refused == 0


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("CreateLogGroup", "throttle"),
        ("CreateLogStream", "aborted"),
        ("PutRetentionPolicy", "throttle"),
    ],
)
def test_a_creation_that_fails_three_times_is_done_in_the_end(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_handler: Make,
    log: logging.Logger,
    operation: str,
    kind: str,
) -> None:
    cloudwatch_logs.misbehave(kind, operation=operation, times=3)
    handler = make_handler(max_batch_count=100, log_group_retention_days=7)
    logged = 0
    # The retention is tried beside the jobs: how many of them that takes is nobody's business.
    while not logged or retention_days(cloudwatch_logs) is None:
        for number in range(logged, logged + 1000):
            log.info("%d", number)
        logged += 1000
        assert handler.flush(PATIENCE_S)
    handler.close()
    assert cloudwatch_logs.messages(GROUP, STREAM) == texts(range(logged))
    failed = [call for call in cloudwatch_logs.calls if call.misbehaviour]
    assert [call.operation for call in failed] == [operation] * 3
    assert retention_days(cloudwatch_logs) == 7


@pytest.mark.parametrize("deleted", ["group", "stream"])
def test_deleted_again_and_again_while_records_come_each_is_stored_once(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger, deleted: str
) -> None:
    handler = make_handler(send_interval=0.02)
    client = cloudwatch_logs.client()
    over = threading.Event()
    deletions = 0

    def delete() -> None:
        nonlocal deletions
        while not over.wait(0.2):
            with contextlib.suppress(client.exceptions.ResourceNotFoundException):
                if deleted == "group":
                    client.delete_log_group(logGroupName=GROUP)
                else:
                    client.delete_log_stream(logGroupName=GROUP, logStreamName=STREAM)
                deletions += 1

    log.info("first")
    assert handler.flush(PATIENCE_S)
    deleting = threading.Thread(target=delete)
    deleting.start()
    logged = 0
    while logged < 2000 or deletions < 2:
        log.info("%d", logged)
        logged += 1
        over.wait(0.001)
    over.set()
    deleting.join()
    client.close()
    assert handler.flush(PATIENCE_S)
    stored = [call for call in cloudwatch_logs.calls if call.events_stored]
    arrived = [event["message"] for call in stored for event in call.request["logEvents"]]
    assert arrived == ["first", *texts(range(logged))]
    assert cloudwatch_logs.summary.refused.keys() == {"ResourceNotFoundException"}


def test_poison_is_found_alone_even_where_calls_are_throttled_and_answers_lost(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler(send_interval=60)
    log.info("before")
    assert handler.flush(PATIENCE_S)
    cloudwatch_logs.misbehave("poison", text="POISON")
    for kind in ("throttle", "lost_answer"):
        cloudwatch_logs.misbehave(kind, operation="PutLogEvents", probability=0.2, times=5)
    poisoned = {0, 17, 18, 199}
    for number in range(200):
        log.info("POISON" if number in poisoned else f"{number}")
    assert not handler.flush(PATIENCE_S)
    stats = handler.stats()
    assert (stats.delivered, stats.held, dict(stats.losses)) == (197, 0, {"refused": 4})
    stored = cloudwatch_logs.messages(GROUP, STREAM)
    notices = [text for text in stored if text.startswith("logspire: ")]
    first_seen = [text for text in dict.fromkeys(stored) if text not in notices]
    assert first_seen == ["before", *[str(n) for n in range(200) if n not in poisoned]]
