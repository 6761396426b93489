"""Tests with `cloudwatch_logs`, the fixture that comes with Logspire."""

from collections.abc import Iterator

import pytest
import shop

from logspire import CloudWatchLogHandler
from logspire.testing import LocalCloudWatchLogs


@pytest.fixture
def handler(
    cloudwatch_logs: LocalCloudWatchLogs, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CloudWatchLogHandler]:
    """The program's own handler, which delivers to the service of this test."""
    monkeypatch.delenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", raising=False)  # would come first
    for name, value in cloudwatch_logs.environment.items():
        monkeypatch.setenv(name, value)
    handler = shop.set_up_logging()
    yield handler
    shop.logger.removeHandler(handler)
    handler.close()


def test_an_order_is_logged(
    handler: CloudWatchLogHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    shop.place_order(17)
    assert handler.flush(timeout=30)
    assert cloudwatch_logs.messages("shop", "orders") == ['{"order": 17, "placed": true}']


def test_an_order_is_logged_although_the_service_is_throttled(
    handler: CloudWatchLogHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    cloudwatch_logs.misbehave("throttle", operation="PutLogEvents", times=2)
    shop.place_order(17)
    assert handler.flush(timeout=30)
    assert len(cloudwatch_logs.messages("shop", "orders")) == 1
