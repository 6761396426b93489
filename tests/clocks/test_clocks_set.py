"""The clock of the machine is set while records wait: event times stay, so do waits."""

from __future__ import annotations

import dataclasses
import itertools
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S

from logspire import LossReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from clocks.conftest import WallClock
    from delivery.conftest import Programs

    from logspire.delivery.pipeline import Pipeline
    from logspire.testing import LocalCloudWatchLogs

HOUR_MS = 3_600_000


def has_arrived(service: LocalCloudWatchLogs, number: int) -> bool:
    return service.messages("tests", "stream") == [str(n) for n in range(number + 1)]


@pytest.mark.parametrize("hours", [-1, 1, 3, 30, 13 * 24])
def test_records_from_before_and_after_the_clock_is_set_arrive_with_the_times_they_say(
    make_pipeline: Callable[..., Pipeline],
    service: LocalCloudWatchLogs,
    wall: WallClock,
    hours: int,
) -> None:
    pipeline = make_pipeline()
    before_ms = wall.now_ms
    pipeline.put(("stream", before_ms, "before"))
    wall.now_ms += hours * HOUR_MS
    pipeline.put(("stream", wall.now_ms, "after"))
    assert pipeline.flush(PATIENCE_S), pipeline.stats()
    stored = {event.message: event.timestamp for event in service.events("tests", "stream")}
    assert stored == {"before": before_ms, "after": wall.now_ms}


@pytest.mark.parametrize(
    ("hours", "reason"), [(-3, LossReason.TOO_NEW), (-30, LossReason.TOO_NEW), (15 * 24, "too_old")]
)
def test_what_a_clock_set_right_shows_to_be_outside_the_window_is_lost_by_name_and_no_more(
    make_pipeline: Callable[..., Pipeline],
    service: LocalCloudWatchLogs,
    wall: WallClock,
    hours: int,
    reason: LossReason,
) -> None:
    pipeline = make_pipeline()
    pipeline.put(("stream", wall.now_ms, "before"))
    wall.now_ms += hours * HOUR_MS
    pipeline.put(("stream", wall.now_ms, "after"))
    assert not pipeline.flush(PATIENCE_S)
    stats = pipeline.stats()
    assert (dict(stats.losses), stats.delivered, stats.held) == ({reason: 1}, 1, 0)
    assert "after" in service.messages("tests", "stream")
    assert "before" not in service.messages("tests", "stream")


@pytest.mark.parametrize("hours", [-1, -5, -300, 5])
def test_a_clock_set_by_mistake_loses_nothing_that_the_service_takes(
    make_pipeline: Callable[..., Pipeline],
    service: LocalCloudWatchLogs,
    wall: WallClock,
    hours: int,
) -> None:
    ours = dataclasses.replace(wall)
    pipeline = make_pipeline(wall_s=ours.s)
    pipeline.put(("stream", wall.now_ms, "0"))
    assert pipeline.flush(PATIENCE_S)
    for n in range(1, 10):
        pipeline.put(("stream", wall.now_ms + n, str(n)))
    ours.now_ms += hours * HOUR_MS
    assert pipeline.flush(PATIENCE_S), pipeline.stats()
    assert service.messages("tests", "stream") == [str(n) for n in range(10)]


def test_a_clock_that_jumps_at_every_look_disturbs_neither_intervals_nor_back_off(
    make_pipeline: Callable[..., Pipeline], service: LocalCloudWatchLogs, wall: WallClock
) -> None:
    hours = itertools.cycle([0, 300, -1, 30, 1])
    pipeline = make_pipeline(
        wall_s=lambda: wall.s() + 3600 * next(hours), send_interval_s=0.2, shutdown_timeout_s=20
    )
    service.misbehave("throttle", operation="PutLogEvents", times=3)
    for n in range(5):
        pipeline.put(("stream", wall.now_ms + n, str(n)))
        # Nobody flushes: each is sent because its interval is over.
        assert service.wait_for(partial(has_arrived, service, n), PATIENCE_S)
    assert pipeline.flush(PATIENCE_S)


def test_a_clock_that_is_set_disturbs_no_timeout(
    make_pipeline: Callable[..., Pipeline], service: LocalCloudWatchLogs, wall: WallClock
) -> None:
    hours = itertools.cycle([-1, 300])
    pipeline = make_pipeline(wall_s=lambda: wall.s() + 3600 * next(hours), shutdown_timeout_s=0.5)
    service.misbehave("unavailable")
    pipeline.put(("stream", wall.now_ms, "held"))
    for wait, timeout_s in ((pipeline.flush, 0.3), (pipeline.flush, None)):
        began = time.monotonic()
        assert not wait(timeout_s)
        assert (timeout_s or 0.5) <= time.monotonic() - began < 15  # not an hour
    began, worker = time.monotonic(), pipeline._crew.thread
    pipeline.close()
    assert time.monotonic() - began < 15
    assert worker is not None
    worker.join(PATIENCE_S)  # which may have no turn until `close` returns
    assert pipeline.stats().losses == {LossReason.SHUTDOWN: 1}


# A program whose wall clock can be set, by `hours`: everything in it that asks for the time of day
# through `time` sees that, logging included.
PREFACE = """
import time
hours = 0
true_s, true_ns = time.time, time.time_ns
time.time = lambda: true_s() + hours * 3600
time.time_ns = lambda: true_ns() + hours * 3600 * 10**9
"""


def test_a_program_whose_clock_is_set_delivers_and_ends_as_if_nothing_were(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(  # which takes no hour, or fails
        """
        log.handlers[:] = [handler := make(send_interval=0.2)]
        for hours in (-300, -40, -5, 0, 1, 0):
            log.info("%d", hours)
        assert handler.flush(100), handler.stats()
        for hours in (-5, -30, -300):
            log.info("%d", hours)
            assert handler.flush(100), handler.stats()
        log.info("%d", hours)
        hours = 1  # while that waits for the exit
        """,
        preface=PREFACE,
    )
    now_ms = time.time_ns() // 1_000_000
    stored = cloudwatch_logs.events("tests", "stream")
    told = [(e.message, round((e.timestamp - now_ms) / HOUR_MS)) for e in stored]
    hours = (-300, -40, -5, 0, 1, 0, -5, -30, -300, -300)
    assert sorted(told) == sorted((f"{h}", h) for h in hours)


def test_a_program_whose_clock_is_set_back_waits_no_longer_for_an_interval_or_a_retry(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    cloudwatch_logs.misbehave("throttle", operation="PutLogEvents", times=3)
    programs.run(
        """
        log.handlers[:] = [handler := make(send_interval=0.2)]
        for n in range(3):
            log.info(n)
            hours -= 30  # while that waits
            while handler.stats().held:  # nobody flushes
                signal.sigtimedwait([], 0.01)
        """,
        preface=PREFACE,
    )
    assert cloudwatch_logs.messages("tests", "stream") == ["0", "1", "2"]


def test_a_clock_set_during_an_exit_that_hangs_does_not_stretch_it(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    cloudwatch_logs.misbehave("hang")
    program = programs.start(
        """
        import boto3
        from botocore.config import Config
        client = boto3.client("logs", config=Config(read_timeout=3600))
        log.handlers[:] = [make(shutdown_timeout=1.5, send_interval=0, boto3_client=client)]
        log.info("to nowhere")
        def set_it():
            global hours
            while True:
                hours = -hours or 1000
                time.sleep(0.001)
        threading.Thread(target=set_it, daemon=True).start()
        sys.stdin.readline()
        """,
        preface=PREFACE,
    )
    assert cloudwatch_logs.wait_for(lambda: len(cloudwatch_logs.calls) == 1, PATIENCE_S)
    began = time.monotonic()
    _, errors = program.communicate("\n", timeout=PATIENCE_S)
    assert 1 < time.monotonic() - began < 60  # not the hour of the call, nor one of the clock
    assert "lost 1 record" in errors
