"""moto inside the process, as the tests of a user's program have it."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

import boto3
import pytest
from moto import mock_aws
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler

pytestmark = pytest.mark.slow  # and the same on every Python

Make = Callable[..., CloudWatchLogHandler]


_Test = TypeVar("_Test", bound=Callable[..., None])


def mocked(test: _Test) -> _Test:
    """`mock_aws`, which has no annotations."""
    return cast("_Test", mock_aws(test))


@pytest.fixture
def handler(make_handler: Make) -> CloudWatchLogHandler:
    """Made outside of any mock, as a module of the program under test would."""
    return make_handler("group", "stream")


def read() -> list[str]:
    client = boto3.client("logs")
    page = client.get_log_events(logGroupName="group", logStreamName="stream", startFromHead=True)
    return [event["message"] for event in page["events"]]


@mocked
def test_a_handler_made_inside_of_the_decorator_delivers_to_the_mock(
    log: logging.Logger, make_handler: Make
) -> None:
    handler = make_handler("group", "stream")
    log.addHandler(handler)
    for number in range(100):
        log.info("record %d of some length", number)
    assert handler.flush(PATIENCE_S), handler.stats()
    assert read() == [f"record {number} of some length" for number in range(100)]


@mocked
def test_a_handler_made_outside_of_the_decorator_delivers_to_the_mock(
    log: logging.Logger, handler: CloudWatchLogHandler
) -> None:
    log.addHandler(handler)
    log.info("first")
    assert handler.flush(PATIENCE_S), handler.stats()
    assert read() == ["first"]


@mocked
def test_a_client_made_inside_of_the_decorator_delivers_to_the_mock(
    log: logging.Logger, make_handler: Make
) -> None:
    handler = make_handler("group", "stream", boto3_client=boto3.client("logs"))
    log.addHandler(handler)
    log.info("%s", "long enough to be compressed " * 50)
    assert handler.flush(PATIENCE_S), handler.stats()
    assert len(read()) == 1


def test_a_client_made_outside_of_the_mock_delivers_to_it_too(
    log: logging.Logger, make_handler: Make
) -> None:
    client = boto3.client("logs")
    with mock_aws():
        # moto's own advice for clients that were made too early; current versions need it not.
        handler = make_handler("group", "stream", boto3_client=client)
        log.addHandler(handler)
        log.info("first")
        assert handler.flush(PATIENCE_S), handler.stats()
        assert read() == ["first"]


def test_one_handler_goes_through_several_mocks_one_after_another(
    log: logging.Logger, handler: CloudWatchLogHandler
) -> None:
    log.addHandler(handler)
    for number in range(3):
        with mock_aws():
            log.info("in mock %d", number)
            assert handler.flush(PATIENCE_S), handler.stats()
            assert read() == [f"in mock {number}"]


@pytest.mark.parametrize("compress", [True, False])
@mocked
def test_without_a_queue_the_record_is_in_the_mock_when_the_call_returns(
    log: logging.Logger, make_handler: Make, *, compress: bool
) -> None:
    keywords: dict[str, Any] = {"use_queues": False, "compress": compress}
    keywords["send_interval"] = 100  # so long a call waits, if it must: moto takes a while to start
    log.addHandler(make_handler("group", "stream", **keywords))
    log.info("%s", "x" * 5000)
    assert read() == ["x" * 5000]


@mocked
def test_closing_the_handler_delivers_to_the_mock(
    log: logging.Logger, handler: CloudWatchLogHandler
) -> None:
    log.addHandler(handler)
    log.info("queued")
    handler.close()
    assert handler.stats().delivered == 1
    assert read() == ["queued"]
