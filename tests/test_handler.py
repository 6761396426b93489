"""The handler as ``logging`` and its users see it: names of streams, odd records, what it shows."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logspire.testing import LocalCloudWatchLogs


@pytest.fixture
def make(
    cloudwatch_logs: LocalCloudWatchLogs, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., CloudWatchLogHandler]]:
    for name, value in cloudwatch_logs.environment.items():
        monkeypatch.setenv(name, value)
    made: list[CloudWatchLogHandler] = []

    def make(stream: str, **keywords: Any) -> CloudWatchLogHandler:
        made.append(CloudWatchLogHandler("group", stream, **keywords))
        return made[-1]

    yield make
    for handler in made:
        handler.close()


def record(message: str, **attributes: object) -> logging.LogRecord:
    made = logging.LogRecord("app", logging.INFO, __file__, 1, message, None, None)
    made.__dict__.update(attributes)
    return made


def test_a_stream_name_assigned_later_holds_for_later_records(
    make: Callable[..., CloudWatchLogHandler], cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make("first")
    handler.handle(record("one"))
    handler.log_stream_name = "second"
    handler.handle(record("two"))
    assert handler.log_stream_name == "second"
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages("group", "first") == ["one"]
    assert cloudwatch_logs.messages("group", "second") == ["two"]


def test_a_bad_stream_name_assigned_later_is_refused_and_changes_nothing(
    make: Callable[..., CloudWatchLogHandler],
) -> None:
    handler = make("first")
    with pytest.raises(ValueError, match="log_stream_name"):
        handler.log_stream_name = "{nonsense}"
    assert handler.log_stream_name == "first"


def test_more_names_than_are_remembered_are_all_right(
    make: Callable[..., CloudWatchLogHandler], cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make("{strftime:%M}")
    for second in range(1500):  # the cache has room for 1024 seconds
        handler.handle(record("x", created=time.time() - second))
    assert handler.flush(PATIENCE_S)
    streams = cloudwatch_logs.client().describe_log_streams(logGroupName="group")["logStreams"]
    assert len(streams) in (25, 26)


@pytest.mark.parametrize("created", [float("nan"), None, float("inf"), "yesterday"])
def test_a_record_without_a_usable_time_arrives_as_of_now(
    make: Callable[..., CloudWatchLogHandler],
    cloudwatch_logs: LocalCloudWatchLogs,
    created: object,
) -> None:
    handler = make("{strftime:%Y}")
    handler.handle(record("when", created=created))
    assert handler.flush(PATIENCE_S)
    assert handler.stats().delivered == 1
    assert cloudwatch_logs.summary.events_stored == 1


def test_it_shows_where_it_sends_to(make: Callable[..., CloudWatchLogHandler]) -> None:
    assert repr(make("stream", level="INFO")) == "<CloudWatchLogHandler group stream (INFO)>"
