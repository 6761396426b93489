"""Everything at once, from many threads that switch at every turn: the books balance, all arrives.

``sys.setswitchinterval`` makes CPython change threads after a microsecond instead of 5 ms, so
that a race that is there comes up.
"""

from __future__ import annotations

import contextlib
import logging
import random
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import boto3
import pytest
from delivery.conftest import GROUP, STREAM, MakeHandler
from patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logspire import CloudWatchLogHandler
    from logspire.testing import LocalCloudWatchLogs


@pytest.fixture(autouse=True)
def hurried_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def client(make_handler: MakeHandler) -> Iterator[object]:
    """One for all handlers of a test: making one takes a tenth of a second."""
    del make_handler  # which points the environment at the service, and closes after us
    with contextlib.closing(boto3.session.Session().client("logs")) as made:
        yield made


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("app", logging.INFO, __file__, 1, message, None, None)


def arrived(service: LocalCloudWatchLogs) -> Counter[str]:
    return Counter(service.messages(GROUP, STREAM))


def run_threads(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(name,)) for name in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def our_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name in ("logspire-worker", "logspire-sender")]


def wait_for_no_thread() -> None:
    for thread in our_threads():
        thread.join(PATIENCE_S)
    assert not our_threads()


def test_a_record_that_meets_the_end_of_the_worker_is_delivered(
    make_handler: MakeHandler, client: object, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    """The worker ends when it is asked to and nothing is held; a record may come just then."""
    handler = make_handler(boto3_client=client, shutdown_timeout=50)
    rounds = 400
    slowest_s = 0.0

    def work(name: int) -> None:
        nonlocal slowest_s
        for n in range(rounds):
            handler.handle(record(f"{name} {n}"))
            began = time.monotonic()
            handler.close()
            slowest_s = max(slowest_s, time.monotonic() - began)

    run_threads(work, 2)
    assert slowest_s < 45  # none of the closes ran into its time-out
    assert arrived(cloudwatch_logs) == Counter(f"{t} {n}" for t in range(2) for n in range(rounds))
    wait_for_no_thread()


def test_closes_flushes_and_records_meet_the_end_of_the_worker_from_all_sides(
    make_handler: MakeHandler, client: object, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler(boto3_client=client, send_interval=0)
    rounds = 300
    slowest_s = 0.0

    def work(name: int) -> None:
        nonlocal slowest_s
        for n in range(rounds):
            began = time.monotonic()
            if name == 0:
                handler.handle(record(str(n)))
            elif name == 1:
                handler.flush()
            else:
                handler.close()
            slowest_s = max(slowest_s, time.monotonic() - began)

    run_threads(work, 4)
    handler.close()
    assert slowest_s < 90  # shutdown_timeout is 100: nobody waited in vain
    assert arrived(cloudwatch_logs) == Counter(str(n) for n in range(rounds))
    wait_for_no_thread()


class Chaos:
    """Two handlers for one service, and what threads may do to them."""

    def __init__(self, make: Callable[[], CloudWatchLogHandler]) -> None:
        self._make = make
        self.logged, self.other = make(), make()
        self.made: list[CloudWatchLogHandler] = []
        self.wrong: list[object] = []

    def check_books(self) -> None:
        for handler in (self.logged, self.other):
            stats = handler.stats()
            if stats.accepted != stats.delivered + stats.lost + stats.held or stats.held < 0:
                self.wrong.append(stats)

    def reconfigure(self) -> None:
        # As dictConfig does it: another handler first, then away with the old one, closed.
        made = self._make()
        self.made.append(made)
        made.handle(record(f"made {len(self.made)}"))
        made.close()

    def act(self, dice: random.Random) -> None:
        acts: list[Callable[[], object]] = [
            self.logged.close,
            self.logged.flush,
            self.check_books,
            self.reconfigure,
            lambda: self.other.handle(record(f"other {dice.random()}")),
            self.other.close,
            lambda: setattr(self.other, "log_stream_name", "elsewhere"),
        ]
        dice.choice(acts)()


@pytest.mark.parametrize("seed", range(2))
def test_eight_threads_that_do_everything_at_random_lose_nothing(
    make_handler: MakeHandler,
    client: object,
    cloudwatch_logs: LocalCloudWatchLogs,
    seed: int,
) -> None:
    chaos = Chaos(lambda: make_handler(boto3_client=client, send_interval=0.01))
    cloudwatch_logs.misbehave("throttle", probability=0.2)
    cloudwatch_logs.misbehave("reset", probability=0.1)

    def work(name: int) -> None:
        dice = random.Random(seed * 8 + name)
        for n in range(100):
            chaos.logged.handle(record(f"{name} {n}"))
            if dice.random() < 0.2:
                chaos.act(dice)

    run_threads(work, 8)
    cloudwatch_logs.behave()
    chaos.check_books()
    for handler in (chaos.logged, chaos.other, *chaos.made):
        handler.close()
        stats = handler.stats()
        assert (stats.held, stats.lost, stats.delivered) == (0, 0, stats.accepted)
    assert not chaos.wrong
    numbers = {m for m in arrived(cloudwatch_logs) if m[0].isdigit()}
    assert numbers == {f"{name} {n}" for name in range(8) for n in range(100)}
    wait_for_no_thread()
