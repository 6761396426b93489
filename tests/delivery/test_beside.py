"""Batches of one stream beside each other, over HTTP: what a reader sees is what was logged."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from patience import PATIENCE_S

from .conftest import GROUP, STREAM, MakeHandler

if TYPE_CHECKING:
    from logspire import CloudWatchLogHandler
    from logspire.testing import LocalCloudWatchLogs

pytestmark = pytest.mark.slow  # and the same on every Python

EACH = 5000
THREADS = 3


class Counting:
    """A client that knows how many of its puts were under way at once."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_log_events(self, **request: Any) -> Any:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return self._client.put_log_events(**request)
        finally:
            with self._lock:
                self._now -= 1


@pytest.fixture
def client(cloudwatch_logs: LocalCloudWatchLogs) -> Counting:
    return Counting(cloudwatch_logs.client())


@pytest.fixture
def handler(make_handler: MakeHandler, client: Counting) -> CloudWatchLogHandler:
    return make_handler(boto3_client=client, max_batch_count=500)


def log_from_threads(handler: CloudWatchLogHandler) -> None:
    """Ten lines to a millisecond, so that there are ties, and batches that have none in common."""

    def work(thread: int) -> None:
        for number in range(EACH):
            record = logging.makeLogRecord({"msg": f"{thread} {number} {'.' * 90}"})
            record.created = start_s + number // 10 / 1000
            handler.handle(record)

    start_s = logging.makeLogRecord({}).created - EACH / 1000
    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def shown(service: LocalCloudWatchLogs) -> dict[int, list[int]]:
    """The numbers of each thread as the service shows them: by time, ties as they arrived."""
    numbers: dict[int, list[int]] = {thread: [] for thread in range(THREADS)}
    for event in sorted(service.events(GROUP, STREAM), key=lambda event: event.timestamp):
        thread, number, _ = event.message.split()
        numbers[int(thread)].append(int(number))
    return numbers


ALL = {thread: list(range(EACH)) for thread in range(THREADS)}


def test_several_batches_of_a_stream_are_under_way_where_answers_take_long(
    handler: CloudWatchLogHandler, client: Counting, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    cloudwatch_logs.misbehave("slow", seconds=0.05)
    log_from_threads(handler)
    assert handler.flush(PATIENCE_S)
    assert client.most > 1


@pytest.mark.parametrize("trouble", ["throttle", "unavailable", "reset", "aborted"])
def test_all_is_shown_once_and_in_order_whatever_fails_in_between(
    handler: CloudWatchLogHandler, cloudwatch_logs: LocalCloudWatchLogs, trouble: str
) -> None:
    cloudwatch_logs.misbehave(trouble, probability=0.2)
    cloudwatch_logs.misbehave("slow", seconds=0.05)
    log_from_threads(handler)
    assert handler.flush(PATIENCE_S)
    assert shown(cloudwatch_logs) == ALL


def test_a_flush_and_a_close_in_between_change_no_order(
    handler: CloudWatchLogHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    cloudwatch_logs.misbehave("slow", seconds=0.05)
    logging_thread = threading.Thread(target=log_from_threads, args=(handler,))
    logging_thread.start()
    while logging_thread.is_alive():
        handler.flush(0.01)
        handler.close()
    assert handler.flush(PATIENCE_S)
    assert shown(cloudwatch_logs) == ALL


def test_where_the_stream_is_deleted_in_between_the_rest_is_shown_in_order(
    handler: CloudWatchLogHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler.handle(logging.makeLogRecord({"msg": "0 0 first"}))
    assert handler.flush(PATIENCE_S)
    cloudwatch_logs.misbehave("slow", seconds=0.05)
    log_from_threads(handler)
    cloudwatch_logs.client().delete_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    assert handler.flush(PATIENCE_S)
    assert all(numbers == sorted(set(numbers)) for numbers in shown(cloudwatch_logs).values())
