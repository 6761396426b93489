"""Tests with `moto`, which takes the place of AWS inside of the process."""

from collections.abc import Iterator

import boto3
import pytest
import shop
from moto import mock_aws

from logspire import CloudWatchLogHandler


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudWatchLogHandler]:
    """The program's own handler, in a mock of its own."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    with mock_aws():
        handler = shop.set_up_logging()
        yield handler
        shop.logger.removeHandler(handler)
        handler.close()  # within the mock: after it, what is held would go to AWS


@pytest.mark.parametrize("number", [17, 18])
def test_an_order_is_logged(handler: CloudWatchLogHandler, number: int) -> None:
    shop.place_order(number)
    assert handler.flush(timeout=30)
    client = boto3.client("logs")
    page = client.get_log_events(logGroupName="shop", logStreamName="orders")
    messages = [event["message"] for event in page["events"]]
    assert messages == [f'{{"order": {number}, "placed": true}}']
