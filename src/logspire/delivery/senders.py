"""The threads that do the calls, and the rule for what such threads log themselves."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from logspire.core.retry import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logspire.core.stream import Job

# Identifiers of all threads of all handlers that do nothing but deliver. What they log is not
# sent by any handler: sending it would make them log again, for ever. Adding, removing and asking
# are single operations on a set.
_own_threads: set[int] = set()


# Threads of the application that deliver at this moment, for want of a thread of ours.
_calling: set[int] = set()
# What the SDK logs under, and `logging.captureWarnings`.
_SDK_LOGGERS: Final = frozenset({"boto3", "botocore", "py", "s3transfer", "urllib3"})


def is_own_thread() -> bool:
    """Whether the calling thread does nothing but deliver."""
    return threading.get_ident() in _own_threads


def is_own_record(logger_name: str) -> bool:
    """Whether a record that the calling thread logs now comes from delivering records.

    In a thread of ours all do. In a thread of the application that is delivering, those of the
    SDK: a signal handler may log there as well.
    """
    thread = threading.get_ident()
    if thread in _own_threads:
        return True
    return thread in _calling and logger_name.partition(".")[0] in _SDK_LOGGERS


@contextlib.contextmanager
def calling_inline() -> Iterator[None]:
    """Mark the calling thread as one that delivers."""
    thread = threading.get_ident()
    _calling.add(thread)
    try:
        yield
    finally:
        _calling.discard(thread)


def start_own_thread(run: Callable[[], None], name: str) -> threading.Thread:
    """Start a daemon thread whose own log records are left out.

    Raises:
        RuntimeError: no thread can start, at a limit of the system or as the interpreter ends.
    """

    def main() -> None:
        _own_threads.add(threading.get_ident())
        try:
            run()
        finally:
            _own_threads.discard(threading.get_ident())

    thread = threading.Thread(target=main, name=name, daemon=True)
    thread.start()
    return thread


def forget_own_threads() -> None:
    """In a forked child: none of them is there, and identifiers are used again."""
    _own_threads.clear()
    _calling.clear()


class Senders:
    """A few threads that call a destination, so that the worker never waits for the network.

    Used by the worker alone, which learns of answers by ``on_answer`` and `answers`.

    Args:
        perform: does one job, blocking.
        on_answer: called by a sender after each job; wakes the worker.
        most: how many jobs may be under way at once.
    """

    def __init__(
        self, perform: Callable[[Job], Outcome], on_answer: Callable[[], None], most: int
    ) -> None:
        self._perform = perform
        self._on_answer = on_answer
        self._most = most
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._answers: deque[tuple[Job, Outcome]] = deque()
        self._threads: list[threading.Thread] = []
        self.under_way = 0

    def has_room(self) -> bool:
        """Whether another job can be started."""
        return self.under_way < self._most

    def submit(self, job: Job) -> None:
        """Start a job; blocks for as long as it takes only if no thread can be had."""
        self.under_way += 1
        if self.under_way > len(self._threads):
            try:
                self._threads.append(start_own_thread(self._run, "logspire-sender"))
            except RuntimeError:
                if not self._threads:
                    self._do(job)
                    return
        self._jobs.put(job)

    def answers(self) -> list[tuple[Job, Outcome]]:
        """Return the jobs that ended since the last call."""
        ended = [self._answers.popleft() for _ in range(len(self._answers))]
        self.under_way -= len(ended)
        return ended

    def stop(self) -> None:
        """Let the threads end; those in a call that hangs do so when it returns."""
        for _ in self._threads:
            self._jobs.put(None)
        if not self.under_way:
            for thread in self._threads:
                thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._do(job)

    def _do(self, job: Job) -> None:
        try:
            outcome = self._perform(job)
        except BaseException as error:  # noqa: BLE001 - a job without an answer would be held for ever
            outcome = Outcome(Verdict.RETRY, f"{type(error).__name__}: {error}")
        self._answers.append((job, outcome))
        self._on_answer()
