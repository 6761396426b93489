"""What a log stream says itself about records that are missing from it."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest

from logspire import LossReason

from .conftest import GROUP, STREAM

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs

    from .conftest import MakeHandler, Programs

POISON = '{"poison": true}'


def record(message: str, name: str = "app") -> logging.LogRecord:
    return logging.LogRecord(name, logging.INFO, __file__, 1, message, None, None)


def told(service: LocalCloudWatchLogs, stream: str = STREAM) -> list[str]:
    return [text for text in service.messages(GROUP, stream) if text.startswith("logspire: ")]


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_after_an_outage_that_was_too_long_the_stream_says_how_many_are_missing(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs, policy: str
) -> None:
    handler = make_handler(max_queue_size=1_000_000, queue_full=policy, send_interval=0.1)
    cloudwatch_logs.misbehave("unavailable")
    for n in range(10_000):
        handler.handle(record(f"{n:0100d}"))
    cloudwatch_logs.behave()
    handler.close()
    lost = handler.stats().losses[LossReason.QUEUE_FULL]
    numbers = [re.match(r"logspire: (\d+) records? ", text) for text in told(cloudwatch_logs)]
    assert sum(int(number[1]) for number in numbers if number) == lost > 4000
    assert "queue_full (max_queue_size was reached" in told(cloudwatch_logs)[0]
    assert handler.stats().delivered == len(cloudwatch_logs.messages(GROUP, STREAM)) - len(numbers)


def test_it_is_said_where_the_gap_is(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler()
    cloudwatch_logs.misbehave("poison", text="poison")
    for number, text in enumerate(["before", POISON, "after"]):
        entry = record(text)
        entry.created += number - 10
        handler.handle(entry)
    handler.close()
    events = cloudwatch_logs.events(GROUP, STREAM)
    before, notice, after = sorted(events, key=lambda event: event.timestamp)
    assert (before.message, after.message) == ("before", "after")
    assert "1 record is missing here" in notice.message
    assert "1 refused (An error occurred (InvalidParameterException)" in notice.message


def test_a_program_that_ends_says_it_before_it_ends(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        handler = make(oversize="drop", max_message_size=1000)
        log.addHandler(handler)
        log.removeHandler(log.handlers[0])
        log.info("x" * 2000)
        """
    )
    (notice,) = told(cloudwatch_logs)
    assert "1 too_large (2026 bytes, the most is 1000)" in notice
