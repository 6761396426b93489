"""The children of the program under test: they log as well, and leave in each proper way."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections import Counter
from multiprocessing import util
from random import Random
from typing import TYPE_CHECKING, Any, Final

from . import slots
from .books import Bookkeeper
from .journal import Writer

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from logspire import CloudWatchLogHandler

# What a child may take in all: its exit takes SHUTDOWN_TIMEOUT_S, and it may have to wait for that
# long before, as in a flush or a close. A call without a queue takes a second where the service
# fails, and there are up to forty.
_LONGEST_LIFE_S: Final = 100.0
_MOST_RECORDS: Final = 200
_GRANDCHILD_CHANCE: Final = 0.15


class Children:
    """Starts children, and sees to it that they end, and end well.

    For the main thread: only there can a forked child leave by ``sys.exit``.
    """

    def __init__(
        self, directory: Path, handlers: dict[str, CloudWatchLogHandler], bookkeeper: Bookkeeper
    ) -> None:
        self.complaints: list[str] = []
        self.ended: Counter[str] = Counter()
        self._directory = directory
        self._handlers = handlers
        self._bookkeeper = bookkeeper
        self._forked: dict[int, float] = {}
        self._processes: dict[BaseProcess, float] = {}

    def fork(self, seed: int) -> None:
        """Start a child with ``os.fork`` that leaves by ``sys.exit``."""
        self.reap()
        if self._processes:
            return  # at its exit, multiprocessing would take them for children of its own
        pid = os.fork()
        if pid:
            self._forked[pid] = time.monotonic()
            return
        _live(self._directory, seed, self._handlers, self._bookkeeper)
        sys.exit()

    def start(self, method: str, seed: int) -> None:
        """Start a child of ``multiprocessing``."""
        context: Any = multiprocessing.get_context(method)
        if method == "fork":
            inherited = self._directory, seed, self._handlers, self._bookkeeper
            child = context.Process(target=_live, args=inherited)
        else:
            child = context.Process(target=_live_from_nothing, args=(self._directory, seed))
        child.start()
        child.name = f"{child.name}, {method}"
        self._processes[child] = time.monotonic()

    def reap(self) -> None:
        """See who has ended, and how."""
        for pid in list(self._forked):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self._end(pid, os.waitstatus_to_exitcode(status))
                self.ended["os.fork"] += 1
                del self._forked[pid]
        for child in list(self._processes):
            if not child.is_alive():
                self._end(child.pid, child.exitcode)
                self.ended[f"multiprocessing {child.name.rpartition(' ')[2]}"] += 1
                child.close()
                del self._processes[child]

    def wait(self) -> None:
        """Wait until all have ended; complain of those that do not."""
        while self._forked or self._processes:
            self.reap()
            time.sleep(0.05)
            latest_s = time.monotonic() - _LONGEST_LIFE_S
            for pid in [pid for pid, since_s in self._forked.items() if since_s < latest_s]:
                self.complaints.append(f"forked child {pid} does not end")
                del self._forked[pid]
            for child in [c for c, since_s in self._processes.items() if since_s < latest_s]:
                self.complaints.append(f"{child} does not end")
                del self._processes[child]

    def _end(self, pid: int | None, exit_code: int | None) -> None:
        if exit_code:
            self.complaints.append(f"child {pid} ended with {exit_code}")


def _live_from_nothing(directory: Path, seed: int) -> None:
    bookkeeper = Bookkeeper(directory)
    _live(directory, seed, slots.install(bookkeeper), bookkeeper)


def _live(
    directory: Path, seed: int, handlers: dict[str, CloudWatchLogHandler], bookkeeper: Bookkeeper
) -> None:
    """Log a little from two threads, to handlers that may be copies of the parent's."""
    _keep_own_books(bookkeeper)
    random = Random(seed)
    for slot in random.sample(sorted(handlers), random.randint(1, 3)):
        logger = slots.logger_of(slot)
        most = 20 if slot == "queueless" else _MOST_RECORDS
        second = Writer(directory, slot, logger)
        thread = threading.Thread(target=second.log, args=(random.randint(0, most),))
        thread.start()
        first = Writer(directory, slot, logger)
        first.log(random.randint(1, most))
        thread.join()
        if random.random() < _GRANDCHILD_CHANCE:
            _have_a_child(directory, slot, bookkeeper)
        end = random.choice(("leave", "leave", "flush", "close"))
        if end == "flush":
            handlers[slot].flush()
        elif end == "close":
            handlers[slot].close()
            first.log(random.randint(0, 2))
    bookkeeper.leaving_s = time.monotonic()


def _have_a_child(directory: Path, slot: str, bookkeeper: Bookkeeper) -> None:
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    _keep_own_books(bookkeeper)
    Writer(directory, slot, slots.logger_of(slot)).log(5)
    bookkeeper.leaving_s = time.monotonic()
    sys.exit()


def _keep_own_books(bookkeeper: Bookkeeper) -> None:
    bookkeeper.start_anew()
    if multiprocessing.current_process().name != "MainProcess":
        # It ends in os._exit, after these: the lower the later, and Logspire's is -100.
        util.Finalize(None, bookkeeper.write, exitpriority=-200)
