"""Request bodies on the wire: smaller where that helps, plain where they are not understood."""

import logging
from collections.abc import Callable

import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler
from logspire.testing import Call, LocalCloudWatchLogs

pytestmark = pytest.mark.slow  # and the same on every Python

GROUP, STREAM = "group", "stream"
Make = Callable[..., CloudWatchLogHandler]


def puts(service: LocalCloudWatchLogs) -> list[Call]:
    return [call for call in service.calls if call.operation == "PutLogEvents"]


@pytest.fixture(autouse=True)
def existing(cloudwatch_logs: LocalCloudWatchLogs) -> None:
    client = cloudwatch_logs.client()
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    client.close()


def log_much(log: logging.Logger) -> None:
    for number in range(500):
        log.info("a line that looks much like the next, number %d", number)


def test_bodies_are_compressed_unless_told_otherwise(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler()
    log_much(log)
    assert handler.flush(PATIENCE_S)
    (put,) = puts(cloudwatch_logs)
    assert put.compressed
    assert put.wire_bytes < put.raw_bytes / 5
    assert len(cloudwatch_logs.messages(GROUP, STREAM)) == 500


def test_told_not_to_compress_it_sends_the_body_as_it_is(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler(compress=False)
    log_much(log)
    assert handler.flush(PATIENCE_S)
    (put,) = puts(cloudwatch_logs)
    assert not put.compressed
    assert put.wire_bytes == put.raw_bytes


def test_a_body_that_would_not_shrink_is_sent_as_it_is(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler()
    log.info("short")
    assert handler.flush(PATIENCE_S)
    assert not puts(cloudwatch_logs)[0].compressed


@pytest.mark.parametrize("error", ["SerializationException", "InvalidParameterException"])
def test_refused_compression_is_given_up_at_once_and_for_good(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger, error: str
) -> None:
    cloudwatch_logs.misbehave("error", operation="PutLogEvents", error=error, times=1)
    handler = make_handler()
    for _ in range(2):
        log_much(log)
        assert handler.flush(PATIENCE_S)
    assert [put.compressed for put in puts(cloudwatch_logs)] == [True, False, False]
    assert len(cloudwatch_logs.messages(GROUP, STREAM)) == 1000


@pytest.mark.parametrize("status", [500, 415])
def test_one_error_that_may_be_an_accident_does_not_end_compression(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger, status: int
) -> None:
    cloudwatch_logs.misbehave(
        "error", operation="PutLogEvents", error="InternalError", status=status, times=1
    )
    handler = make_handler()
    for _ in range(2):
        log_much(log)
        assert handler.flush(PATIENCE_S)
    assert [put.compressed for put in puts(cloudwatch_logs)] == [True, False, True]


def test_two_such_errors_do(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler()
    for _ in range(2):
        cloudwatch_logs.misbehave("internal_failure", operation="PutLogEvents", times=1)
        log_much(log)
        assert handler.flush(PATIENCE_S)
    log_much(log)
    assert handler.flush(PATIENCE_S)
    compressed = [put.compressed for put in puts(cloudwatch_logs)]
    assert compressed == [True, False, True, False, False]


def test_once_a_compressed_body_was_taken_an_error_is_not_blamed_on_compression(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler()
    log_much(log)
    assert handler.flush(PATIENCE_S)
    cloudwatch_logs.misbehave("internal_failure", operation="PutLogEvents", times=1)
    log_much(log)
    assert handler.flush(PATIENCE_S)
    assert all(put.compressed for put in puts(cloudwatch_logs))


def test_a_service_that_fails_both_ways_is_waited_for(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    cloudwatch_logs.misbehave("internal_failure", operation="PutLogEvents", times=4)
    handler = make_handler()
    log_much(log)
    assert handler.flush(PATIENCE_S)
    assert handler.stats().delivered == 500
    assert len(cloudwatch_logs.messages(GROUP, STREAM)) == 500
