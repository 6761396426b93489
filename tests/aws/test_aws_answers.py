"""What the service answers to a put, and what the books say about it afterwards."""

import logging
import time
from collections.abc import Callable

import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler, Loss, LossReason
from logspire.aws.logs import CloudWatchLogs
from logspire.core.retry import Rejection, Verdict
from logspire.core.stream import Batch, Creation
from logspire.testing import LocalCloudWatchLogs

pytestmark = pytest.mark.slow  # and the same on every Python

GROUP, STREAM = "group", "stream"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
Make = Callable[..., CloudWatchLogHandler]
ENTITY = {"keyAttributes": {"Type": "Service", "Name": "shop"}}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def record(text: str, age_s: float = 0) -> logging.LogRecord:
    made = logging.LogRecord("tests.aws", logging.INFO, "", 0, text, (), None)
    made.created -= age_s
    return made


def test_rejected_ranges_are_read_as_the_service_means_them(
    make_destination: Callable[..., CloudWatchLogs],
    batch: Callable[..., Batch],
    cloudwatch_logs: LocalCloudWatchLogs,
) -> None:
    destination, now = make_destination(), now_ms()
    destination.perform(Creation(STREAM))
    outcome = destination.perform(
        batch((now - 16 * DAY_MS, "old"), (now - 15 * DAY_MS, "old"), (now, "fine"))
    )
    assert outcome.verdict is Verdict.DELIVERED
    assert outcome.rejected == (Rejection(0, 2, LossReason.TOO_OLD),)
    outcome = destination.perform(
        batch((now, "fine"), (now + 3 * HOUR_MS, "a"), (now + DAY_MS, "b"))
    )
    assert outcome.rejected == (Rejection(1, 3, LossReason.TOO_NEW),)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["fine", "fine"]


def test_events_older_than_the_retention_of_their_group_are_lost_as_expired_and_no_other(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, losses: list[Loss]
) -> None:
    client = cloudwatch_logs.client()
    client.create_log_group(logGroupName=GROUP)
    client.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    handler = make_handler()
    for age_s in (86_400 + 7200, 86_400 + 3600, 82_800, 0):
        handler.handle(record(str(age_s), age_s))
    assert not handler.flush(PATIENCE_S)
    stats = handler.stats()
    assert (stats.delivered, dict(stats.losses)) == (2, {LossReason.EXPIRED: 2})
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["82800", "0"]
    handler.close()
    assert sum(loss.count for loss in losses) == 2
    assert "expiredLogEventEndIndex" in losses[0].detail


def test_an_entity_goes_with_each_put(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler(entity=ENTITY)
    log.info("first")
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.calls[-1].request["entity"] == ENTITY
    assert handler.stats().entity_rejected == 0


def test_a_rejected_entity_is_counted_and_the_events_are_delivered(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler(entity={"keyAttributes": {"Type": "Service", "Nonsense": "shop"}})
    for number in range(3):
        log.info("%d", number)
        assert handler.flush(PATIENCE_S)
    stats = handler.stats()
    assert (stats.delivered, stats.lost, stats.entity_rejected) == (3, 0, 3)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["0", "1", "2"]


def test_a_poison_event_is_refused_alone_and_all_others_arrive_in_order(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    cloudwatch_logs.misbehave("poison", text="POISON")
    handler = make_handler()
    for number in range(100):
        log.info("%s of some length", "POISON" if number in {13, 77} else number)
    assert not handler.flush(PATIENCE_S)
    stats = handler.stats()
    assert (stats.delivered, dict(stats.losses), stats.held) == (98, {LossReason.REFUSED: 2}, 0)
    expected = [f"{n} of some length" for n in range(100) if n not in {13, 77}]
    assert cloudwatch_logs.messages(GROUP, STREAM) == expected


@pytest.mark.parametrize("kind", ["html", "garbage", "bad_gateway", "throttle", "unavailable"])
def test_what_is_no_answer_of_the_service_does_not_count_as_delivered(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger, kind: str
) -> None:
    handler = make_handler()
    log.info("before")
    assert handler.flush(PATIENCE_S)
    cloudwatch_logs.misbehave(kind, operation="PutLogEvents", times=2)
    log.info("after")
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["before", "after"]
    assert (
        cloudwatch_logs.summary.refused[
            {
                "throttle": "ThrottlingException",
                "unavailable": "ServiceUnavailableException",
            }.get(kind, kind)
        ]
        == 2
    )


@pytest.mark.parametrize("kind", ["html", "garbage"])
@pytest.mark.parametrize("operation", ["CreateLogGroup", "CreateLogStream"])
def test_a_creation_answered_by_something_else_is_made_up_for(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_handler: Make,
    log: logging.Logger,
    kind: str,
    operation: str,
) -> None:
    cloudwatch_logs.misbehave(kind, operation=operation, times=1)
    handler = make_handler()
    log.info("first")
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["first"]


def test_a_batch_too_large_for_a_gateway_is_halved(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler(compress=False)
    log.info("before")
    assert handler.flush(PATIENCE_S)
    cloudwatch_logs.misbehave("too_large", operation="PutLogEvents", times=1)
    for number in range(8):
        log.info("%d", number)
    assert handler.flush(PATIENCE_S)
    puts = [c for c in cloudwatch_logs.calls if c.operation == "PutLogEvents"]
    assert [len(put.request["logEvents"]) for put in puts[2:]] == [8, 4, 4]
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["before", *map(str, range(8))]


def test_a_lost_answer_may_store_twice_but_loses_nothing(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler()
    log.info("before")
    assert handler.flush(PATIENCE_S)
    cloudwatch_logs.misbehave("lost_answer", operation="PutLogEvents", times=1)
    log.info("after")
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["before", "after", "after"]
    assert handler.stats().delivered == 2


def test_already_accepted_is_as_good_as_accepted(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    cloudwatch_logs.misbehave(
        "error", operation="PutLogEvents", error="DataAlreadyAcceptedException", times=1
    )
    handler = make_handler()
    log.info("first")
    assert handler.flush(PATIENCE_S)
    assert handler.stats().delivered == 1
    assert len(cloudwatch_logs.calls) == 1


def test_the_last_error_is_the_words_of_the_service_until_something_works(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    cloudwatch_logs.misbehave("access_denied", operation="PutLogEvents")
    handler = make_handler(send_interval=0)
    log.info("first")
    assert cloudwatch_logs.wait_for(lambda: len(cloudwatch_logs.calls) > 1, PATIENCE_S)
    assert "Not authorized to perform: logs:PutLogEvents" in str(handler.stats().last_error)
    cloudwatch_logs.behave()
    assert handler.flush(PATIENCE_S)
    assert handler.stats().last_error is None
