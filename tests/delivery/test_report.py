"""Who says what was lost goes on saying it, whatever interrupts."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, NoReturn

import pytest
from patience import PATIENCE_S

from logspire.delivery.report import Reporter
from logspire.delivery.wakeup import TimeLeft, Wakeup

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def no_threads() -> Iterator[None]:
    """No thread can start: all is said in the calling one."""
    threading.stack_size(1 << 46)
    yield
    threading.stack_size(0)


@pytest.mark.usefixtures("no_threads")
def test_interrupted_by_a_signal_handler_that_raises_it_speaks_the_next_time() -> None:
    def interrupted() -> NoReturn:
        raise KeyboardInterrupt

    reporter, said = Reporter(), list[str]()
    with pytest.raises(KeyboardInterrupt):
        reporter.say(interrupted)
    assert not reporter.is_busy()
    reporter.say(lambda: said.append("next"))
    assert said == ["next"]


@pytest.mark.usefixtures("no_threads")
def test_who_speaks_does_not_wait_for_itself() -> None:
    reporter, an_age = Reporter(), TimeLeft(1e9)
    reporter.say(lambda: reporter.wait(an_age))
    assert not reporter.is_busy()
    assert an_age.seconds == 1e9


def test_it_is_waited_for_until_all_is_said() -> None:
    reporter, go_on, said = Reporter(), threading.Event(), list[int]()

    def slow() -> None:
        go_on.wait()
        said.append(1)

    reporter.say(slow)
    reporter.say(lambda: said.append(2))
    reporter.wait(TimeLeft(0))
    assert said == []
    assert reporter.is_busy()
    go_on.set()
    reporter.wait(TimeLeft(PATIENCE_S))
    assert said == [1, 2]
    assert not reporter.is_busy()


@pytest.mark.usefixtures("no_threads")
def test_what_is_not_to_be_said_here_is_kept_until_the_next_time() -> None:
    reporter, said = Reporter(), list[int]()
    assert not reporter.say(lambda: said.append(1), here=False)
    assert (said, reporter.is_busy()) == ([], False)
    assert reporter.say(lambda: said.append(2))
    assert said == [1, 2]


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no such signals there")
def test_what_interrupts_a_wait_takes_its_time_from_the_same() -> None:
    time_left, never = TimeLeft(1), Wakeup()

    def interrupt(*_: object) -> NoReturn:
        assert not time_left.nap(never)
        raise KeyboardInterrupt

    def wait() -> NoReturn:
        while True:
            time_left.nap(never)

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    with pytest.raises(KeyboardInterrupt):
        wait()
    signal.signal(signal.SIGALRM, before)
    assert time_left.seconds < 0.96  # a moment takes 0.05
