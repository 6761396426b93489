"""A service that does not take anything is named on standard error before records are lost."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from logspire.core.limits import CLOUDWATCH_LOGS
from logspire.core.retry import Outcome, Verdict
from logspire.core.stream import Creation
from logspire.delivery.clock import Clock
from logspire.delivery.pipeline import Pipeline, Settings
from logspire.delivery.report import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from logspire.core.stream import Job

SPEED = 100.0
SETTINGS = Settings(
    limits=CLOUDWATCH_LOGS,
    send_interval_s=0.0,
    jitter=lambda: 0.01,
    on_loss=lambda _: None,
    # A clock that runs a hundred times as fast: half a minute of outage takes 0.3 s.
    clock=Clock(monotonic_s=lambda: time.monotonic() * SPEED),
)
DENIED = Outcome(Verdict.DENIED, "AccessDeniedException: not you")
DELIVERED = Outcome(Verdict.DELIVERED)


class Service:
    """A destination that answers as it is told to."""

    name = "log group 'x'"

    def __init__(self, answer: Callable[[int], Outcome]) -> None:
        self._answer = answer
        self.calls = 0

    def perform(self, job: Job) -> Outcome:  # noqa: ARG002 - part of the protocol
        self.calls += 1
        return self._answer(self.calls)

    def has_chores(self) -> bool:
        return False

    def tend(self) -> None:
        """Nothing is left to do."""

    def limit_wait(self, seconds: float) -> None:
        """Nothing here waits."""

    def close(self) -> None:
        """Nothing here is open."""

    def after_fork_in_child(self) -> None:
        """Nothing here is shared."""


def errors_of(answer: Callable[[float], Outcome], capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Deliver to a service that answers by the seconds since its first call; return stderr."""
    began_s = time.monotonic() * SPEED
    service = Service(lambda _: answer(time.monotonic() * SPEED - began_s))
    pipeline = Pipeline(service, SETTINGS)
    pipeline.put(("stream", int(time.time() * 1000), "x"))
    pipeline.flush(20 * PATIENCE_S)
    pipeline.close()
    return capfd.readouterr().err.splitlines()


def test_an_outage_that_lasts_is_said_once(capfd: pytest.CaptureFixture[str]) -> None:
    (line,) = errors_of(lambda passed_s: DENIED if passed_s < 5 * PATIENCE_S else DELIVERED, capfd)
    assert line == (
        "logspire: nothing could be delivered to log group 'x' for 30 seconds; "
        "the records are kept, and tried again: AccessDeniedException: not you"
    )


def test_a_short_one_is_nobodys_business(capfd: pytest.CaptureFixture[str]) -> None:
    quick = [DENIED, DENIED, DELIVERED]
    service = Service(lambda call: quick[min(call, 3) - 1])
    pipeline = Pipeline(service, SETTINGS)
    pipeline.put(("stream", int(time.time() * 1000), "x"))
    assert pipeline.flush(20 * PATIENCE_S)
    pipeline.close()
    assert service.calls == 3
    assert capfd.readouterr().err == ""


def test_a_service_that_refuses_an_event_is_there(capfd: pytest.CaptureFixture[str]) -> None:
    service = Service(lambda _: Outcome(Verdict.REFUSED, "no"))
    pipeline = Pipeline(service, SETTINGS)
    for _ in range(40):
        pipeline.put(("stream", int(time.time() * 1000), "x"))
        pipeline.flush(PATIENCE_S)
    pipeline.close()
    assert "delivered" not in capfd.readouterr().err


def test_a_stream_that_is_created_and_never_found_is_trouble(
    capfd: pytest.CaptureFixture[str],
) -> None:
    began_s = time.monotonic() * SPEED
    missing, there = Outcome(Verdict.MISSING, "no such stream"), Outcome(Verdict.DELIVERED)

    def answer(job: Job) -> Outcome:
        over = time.monotonic() * SPEED - began_s > 5 * PATIENCE_S
        return there if over or isinstance(job, Creation) else missing

    service = Service(lambda _: there)
    service.perform = answer  # type: ignore[method-assign]
    pipeline = Pipeline(service, SETTINGS)
    pipeline.put(("stream", int(time.time() * 1000), "x"))
    pipeline.flush(20 * PATIENCE_S)
    pipeline.close()
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("no such stream")


def test_a_call_without_an_answer_is_trouble(capfd: pytest.CaptureFixture[str]) -> None:
    called, end = threading.Event(), threading.Event()
    ahead_s = 0.0

    def hang(_: int) -> Outcome:
        called.set()
        end.wait(60)
        return DELIVERED

    clock = Clock(monotonic_s=lambda: time.monotonic() + ahead_s)
    pipeline = Pipeline(Service(hang), replace(SETTINGS, clock=clock))
    pipeline.put(("stream", int(time.time() * 1000), "x"))
    assert called.wait(20)
    assert not pipeline.flush(0)
    assert capfd.readouterr().err == ""
    ahead_s = PATIENCE_S + 1
    while not (lines := capfd.readouterr().err.splitlines()):
        assert not pipeline.flush(0)  # has the worker look at the clock
    end.set()
    pipeline.close()
    (line,) = lines
    assert line.endswith("tried again: no answer")
    assert capfd.readouterr().err == ""
