"""A service that does not take anything is named on standard error before records are lost."""

from __future__ import annotations

import threading
import time
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


class Outage:
    """A pipeline whose clock the test puts forward, and what was said on standard error."""

    def __init__(self, service: Service, capfd: pytest.CaptureFixture[str]) -> None:
        self.ahead_s = 0.0
        settings = Settings(
            limits=CLOUDWATCH_LOGS,
            send_interval_s=0.0,
            jitter=lambda: 0.01,
            on_loss=lambda _: None,
            clock=Clock(monotonic_s=lambda: time.monotonic() + self.ahead_s),
        )
        self.pipeline = Pipeline(service, settings)
        self._capfd = capfd

    def put(self) -> None:
        self.pipeline.put(("stream", int(time.time() * 1000), "x"))

    def said(self) -> list[str]:
        """What is new, after the worker has looked at the clock."""
        self.pipeline.flush(0)
        return self._capfd.readouterr().err.splitlines()

    def wait_for_error(self) -> None:
        while self.pipeline.stats().last_error is None:
            self.pipeline.flush(0)

    def wait_for_word(self) -> list[str]:
        while not (lines := self.said()):
            pass
        return lines


def test_an_outage_that_lasts_is_said_once(capfd: pytest.CaptureFixture[str]) -> None:
    over = threading.Event()
    outage = Outage(Service(lambda _: DELIVERED if over.is_set() else DENIED), capfd)
    outage.put()
    outage.wait_for_error()
    assert outage.said() == []
    outage.ahead_s = PATIENCE_S + 1
    (line,) = outage.wait_for_word()
    assert line == (
        "logspire: nothing could be delivered to log group 'x' for 30 seconds; "
        "the records are kept, and tried again: AccessDeniedException: not you"
    )
    for _ in range(5):
        outage.ahead_s += PATIENCE_S
        assert outage.said() == []
    over.set()
    assert outage.pipeline.flush(20)
    outage.pipeline.close()
    assert capfd.readouterr().err == ""


def test_a_short_one_is_nobodys_business(capfd: pytest.CaptureFixture[str]) -> None:
    quick = [DENIED, DENIED, DELIVERED]
    service = Service(lambda call: quick[min(call, 3) - 1])
    outage = Outage(service, capfd)
    outage.put()
    assert outage.pipeline.flush(20)
    outage.ahead_s = 2 * PATIENCE_S
    assert outage.said() == []
    outage.pipeline.close()
    assert service.calls == 3
    assert capfd.readouterr().err == ""


def test_a_service_that_refuses_an_event_is_there(capfd: pytest.CaptureFixture[str]) -> None:
    outage = Outage(Service(lambda _: Outcome(Verdict.REFUSED, "no")), capfd)
    for number in range(1, 5):
        outage.put()
        outage.pipeline.flush(20)
        assert outage.pipeline.stats().lost == number
        outage.pipeline.close()  # ends the worker, which would take a turn at two times otherwise
        outage.ahead_s += PATIENCE_S + 1
    assert "delivered" not in capfd.readouterr().err


def test_a_stream_that_is_created_and_never_found_is_trouble(
    capfd: pytest.CaptureFixture[str],
) -> None:
    over = threading.Event()
    missing = Outcome(Verdict.MISSING, "no such stream")

    def answer(job: Job) -> Outcome:
        return DELIVERED if over.is_set() or isinstance(job, Creation) else missing

    service = Service(lambda _: DELIVERED)
    service.perform = answer  # type: ignore[method-assign]
    outage = Outage(service, capfd)
    outage.put()
    outage.wait_for_error()
    assert outage.said() == []
    outage.ahead_s = PATIENCE_S + 1
    (line,) = outage.wait_for_word()
    assert line.endswith("no such stream")
    over.set()
    assert outage.pipeline.flush(20)
    outage.pipeline.close()


def test_a_call_without_an_answer_is_trouble(capfd: pytest.CaptureFixture[str]) -> None:
    called, end = threading.Event(), threading.Event()

    def hang(_: int) -> Outcome:
        called.set()
        end.wait(60)
        return DELIVERED

    outage = Outage(Service(hang), capfd)
    outage.put()
    assert called.wait(PATIENCE_S)
    assert outage.said() == []
    outage.ahead_s = PATIENCE_S + 1
    (line,) = outage.wait_for_word()
    end.set()
    outage.pipeline.close()
    assert line.endswith("tried again: no answer")
    assert capfd.readouterr().err == ""
