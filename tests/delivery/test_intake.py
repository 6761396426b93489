"""The hand-over has no lock where all is usual: no record is missed, and the counts hold."""

from __future__ import annotations

import itertools
import math
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from logspire.delivery.clock import Clock
from logspire.delivery.intake import Intake, memory_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

THREADS, RECORDS, ROUNDS = 4, 5_000, 300
LONG_S = 50.0
# By the first record; by as many as make a batch, as it would look for the first by itself.
WAYS_TO_BE_WOKEN = [pytest.param(10**6, math.inf, id="first"), pytest.param(1, 0.0, id="enough")]


@pytest.fixture(autouse=True)
def threads_that_take_turns_all_the_time() -> Iterator[None]:
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual_s)


def make(*, wake_count: int, bound_bytes: int = 10**9) -> Intake:
    return Intake(
        bound_bytes=bound_bytes,
        policy="drop_oldest",
        wake_bytes=10**9,
        wake_count=wake_count,
        send_interval_s=LONG_S,
        clock=Clock(),
    )


def in_threads(work: Callable[[int], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize(("wake_count", "asleep_for_s"), WAYS_TO_BE_WOKEN)
def test_a_worker_is_woken_by_the_first_record_and_where_there_are_enough(
    wake_count: int, asleep_for_s: float
) -> None:
    intake = make(wake_count=wake_count)
    taken: list[int] = []
    # A round ends when all of it is taken: nobody comes to the rescue of a record left behind.
    turns = [threading.Semaphore(1) for _ in range(THREADS)]

    def put_in_turn(thread: int) -> None:
        for number in range(ROUNDS):
            turns[thread].acquire()
            intake.put((str(thread), number, "x"))

    threads = in_threads(put_in_turn)
    for number in range(ROUNDS):
        while len(taken) < THREADS * (number + 1):
            intake.arm(asleep_for_s)
            assert intake.wakeup.wait(LONG_S)
            taken += [time_ms for _, time_ms, _ in intake.take().records]
        for turn in turns:
            turn.release()
    for thread in threads:
        thread.join()
    assert taken == [number for number in range(ROUNDS) for _ in range(THREADS)]
    assert (intake.waiting_bytes, intake.accepted()) == (0, THREADS * ROUNDS)


def at_line(number: int, act: Callable[[], object]) -> Callable[..., Any]:
    """Return a trace function that acts once, at a line of `Intake.take`."""
    lines = itertools.count()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code is Intake.take.__code__ and event == "line" and next(lines) == number:
            act()
        return trace

    return trace


@pytest.mark.parametrize("line", range(12))
@pytest.mark.parametrize(("wake_count", "asleep_for_s"), WAYS_TO_BE_WOKEN)
def test_a_record_that_comes_in_the_middle_of_taking_is_not_left_behind(
    wake_count: int, asleep_for_s: float, line: int
) -> None:
    intake = make(wake_count=wake_count)
    intake.arm(asleep_for_s)
    intake.put(("stream", 0, "x"))
    assert intake.wakeup.wait(0)
    usual = sys.gettrace()
    sys.settrace(at_line(line, lambda: intake.put(("stream", 1, "y"))))
    taken = intake.take().records
    sys.settrace(usual)
    assert intake.accepted() == 2
    intake.arm(asleep_for_s)
    if len(taken) < 2:
        assert intake.wakeup.wait(0)
        taken += intake.take().records
    assert [text for _, _, text in taken] == ["x", "y"]
    assert intake.waiting_bytes == 0


def test_each_byte_is_counted_whoever_puts() -> None:
    intake = make(wake_count=10**6)
    for thread in in_threads(lambda _: put(intake)):
        thread.join()
    assert intake.held_bytes() == THREADS * RECORDS * memory_bytes("x")


def test_a_full_queue_counts_what_comes_in_while_it_makes_room() -> None:
    small, large = ("stream", 0, "x"), ("stream", 0, "x" * 1000)
    intake = make(wake_count=10**6, bound_bytes=10 * memory_bytes(small[2]))

    calls = itertools.count()

    def trace(frame: FrameType, event: str, _arg: object) -> None:
        # Where the hand-over calls something, another thread may run.
        caller = frame.f_back
        in_the_middle = caller is not None and caller.f_code.co_name == "_make_room"
        if event == "call" and in_the_middle and next(calls) in (3, 4):  # there is room by then
            intake.put(small)

    for _ in range(10):
        intake.put(small)
    usual = sys.gettrace()
    sys.settrace(trace)
    intake.put(large)
    sys.settrace(usual)
    counted_bytes = intake.waiting_bytes
    taken = intake.take()
    assert counted_bytes == sum(memory_bytes(text) for _, _, text in taken.records)
    assert taken.dropped + len(taken.records) == intake.accepted() > 11


def put(intake: Intake) -> None:
    for number in range(RECORDS):
        intake.put(("stream", number, "x"))
