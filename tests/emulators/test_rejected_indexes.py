"""What the emulators say about events outside the time window, and what is made of it."""

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, Protocol

import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler, Loss, LossReason
from logspire.aws.client import ClientOptions, ClientSource
from logspire.aws.logs import CloudWatchLogs, GroupOptions
from logspire.core.columns import Events, Origin
from logspire.core.retry import Rejection, Verdict
from logspire.core.stream import Batch, Creation

pytestmark = pytest.mark.slow  # and the same on every Python

DAY_S = 86_400


class Emulator(Protocol):
    """What these tests use of the fixture ``emulator``."""

    endpoint_url: str

    def client(self) -> Any: ...


def rejected(emulator: Emulator, *ages_s: int) -> tuple[Rejection, ...]:
    """Send events of these ages as they are; the handler would set some aside beforehand."""
    source = ClientSource(
        ClientOptions(endpoint_url=emulator.endpoint_url, region_name="us-east-1")
    )
    service = CloudWatchLogs(f"/tests/{uuid.uuid4().hex}", source, group=GroupOptions())
    now_ms = time.time_ns() // 1_000_000
    times_ms = [now_ms - age_s * 1000 for age_s in ages_s]
    events = Events.of(times_ms, ["m"] * len(ages_s), [27] * len(ages_s), Origin(0.0, 0))
    service.perform(Creation("stream"))
    outcome = service.perform(
        Batch("stream", events, 27 * len(events), urgent=False, setbacks=0, cut_s=0.0)
    )
    service.close()
    assert outcome.verdict is Verdict.DELIVERED
    return outcome.rejected


@pytest.mark.parametrize(
    ("ages_s", "expected"),
    [
        # moto 5.2.5 gives the index of the last event that is too old; the service the one after.
        ((16 * DAY_S, 15 * DAY_S, 0), Rejection(0, 1, LossReason.TOO_OLD)),
        # And the index of the last event that is too new; the service that of the first.
        ((0, -DAY_S // 4, -DAY_S // 3), Rejection(2, 3, LossReason.TOO_NEW)),
    ],
)
def test_moto_tells_one_rejected_event_less_and_that_is_what_is_counted(
    moto_server: Emulator, ages_s: tuple[int, ...], expected: Rejection
) -> None:
    assert rejected(moto_server, *ages_s) == (expected,)


def test_ministack_stores_whatever_the_time(ministack: Emulator) -> None:
    assert rejected(ministack, 16 * DAY_S, 0, -DAY_S // 2) == ()


def test_what_is_outside_the_window_is_lost_and_counted_before_an_emulator_sees_it(
    emulator: Emulator, make_handler: Callable[..., CloudWatchLogHandler]
) -> None:
    group = f"/tests/{uuid.uuid4().hex}"
    losses: list[Loss] = []
    handler = make_handler(
        group, "stream", endpoint_url=emulator.endpoint_url, on_loss=losses.append
    )
    for age_s in (16 * DAY_S, 15 * DAY_S, 0, -3 * 3600):
        record = logging.makeLogRecord(
            {"msg": str(age_s), "levelno": 20, "created": time.time() - age_s}
        )
        handler.handle(record)
    assert not handler.flush(PATIENCE_S)
    assert handler.stats().losses == {LossReason.TOO_OLD: 2, LossReason.TOO_NEW: 1}
    found = emulator.client().filter_log_events(logGroupName=group)["events"]
    messages = [event["message"] for event in found]
    # A notice of what is missing may be there already, and follows in its own time otherwise.
    assert [text for text in messages if not text.startswith("logspire: ")] == ["0"]
