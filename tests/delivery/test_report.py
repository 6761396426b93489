"""Who says what was lost goes on saying it, whatever interrupts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NoReturn

import pytest

from logspire.delivery.report import Reporter

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
    reporter, waited = Reporter(), list[float]()
    reporter.say(lambda: waited.append(reporter.wait(1e9)))
    assert not reporter.is_busy()
    assert waited == [0]


def test_it_is_waited_for_until_all_is_said() -> None:
    reporter, go_on, said = Reporter(), threading.Event(), list[int]()

    def slow() -> None:
        go_on.wait()
        said.append(1)

    reporter.say(slow)
    reporter.say(lambda: said.append(2))
    reporter.wait(0)
    assert said == []
    assert reporter.is_busy()
    go_on.set()
    reporter.wait(100)
    assert said == [1, 2]
    assert not reporter.is_busy()
