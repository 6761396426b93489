"""The threads that do the calls, and the rule for what such threads log themselves."""

from __future__ import annotations

import contextlib
from collections import deque

from logspire.core.retry import Outcome, Verdict
from logspire.delivery.threads import SimpleQueue, are_replaced, end_copies, get_ident, new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Thread
    from typing import Final

    from logspire.core.stream import Job
    from logspire.delivery.destination import Destination
    from logspire.delivery.threads import BareThread

# Identifiers of threads: of all that do nothing but deliver, whatever their handler; of those of
# the application that deliver at this moment, for want of a thread of ours; of those in a loss
# callback. Adding, removing and asking are single operations on a set.
_own_threads: set[int] = set()
deliverers: set[int] = set()
"""All that are in one of the sets, and perhaps some that were: who is not in it need not ask."""
_calling: set[int] = set()
_silent: set[int] = set()


# What the SDK logs under, and `logging.captureWarnings`.
_SDK_LOGGERS: Final = frozenset({"boto3", "botocore", "py", "s3transfer", "urllib3"})


def is_own_thread() -> bool:
    """Whether the calling thread does nothing but deliver, so that it must not wait for itself."""
    return get_ident() in _own_threads


def is_own_record(logger_name: str) -> bool:
    """Whether a record that the calling thread logs now comes from delivering records.

    Sending those would make the thread log again, for ever. They are told by their loggers, the
    SDK's, as the thread may log for the application too: a finalizer may run in it, or a signal
    handler. In a loss callback all are.
    """
    thread = get_ident()
    if thread in _own_threads or thread in _calling:
        return thread in _silent or logger_name.partition(".")[0] in _SDK_LOGGERS
    return thread in _silent


def calling_inline() -> contextlib.AbstractContextManager[None]:
    """Mark the calling thread as one that delivers."""
    return _marked(_calling)


def silenced() -> contextlib.AbstractContextManager[None]:
    """Leave out whatever the calling thread logs in the block."""
    return _marked(_silent)


@contextlib.contextmanager
def _marked(threads: set[int]) -> Iterator[None]:
    thread = get_ident()
    deliverers.add(thread)
    threads.add(thread)
    try:
        yield
    finally:
        threads.discard(thread)


def new_own_thread(run: Callable[[], None], name: str) -> BareThread | Thread:
    """Return a daemon thread whose own log records are left out; not started yet."""

    def main() -> None:
        thread = get_ident()
        deliverers.add(thread)
        _own_threads.add(thread)
        try:
            run()
        finally:
            _own_threads.discard(thread)
            deliverers.discard(thread)

    return new_thread(main, name)


def forget_own_threads() -> None:
    """In a forked child: none of them is there, and identifiers are used again."""
    end_copies()
    deliverers.clear()
    _own_threads.clear()
    _calling.clear()
    _silent.clear()


class Senders:
    """A few threads that call a destination, so that the worker never waits for the network.

    Used by the worker alone, which learns of answers by ``on_answer`` and `answers`.

    Args:
        destination: does one job, blocking; then, its answer handed over, its chores.
        on_answer: called by a sender after each job; wakes the worker.
        most: how many jobs may be under way at once.
    """

    def __init__(self, destination: Destination, on_answer: Callable[[], None], most: int) -> None:
        self._destination = destination
        self._on_answer = on_answer
        self._most = most
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._answers: deque[tuple[Job, Outcome]] = deque()
        self._threads: list[BareThread | Thread] = []
        self._tending: set[int] = set()
        """The threads that do chores, and so no jobs."""
        self.under_way = 0

    def has_room(self) -> bool:
        """Whether another job can be started."""
        # They share connections, which they may not where gevent has replaced sockets but not them.
        return self.under_way < (1 if are_replaced() else self._most)

    def start(self) -> None:
        """Start the first thread; the others come when they are needed.

        Raises:
            RuntimeError: no thread can start.
        """
        thread = new_own_thread(self._run, "logspire-sender")
        # Known before it starts: a signal handler may raise in between, and then `stop` ends it.
        self._threads.append(thread)
        try:
            thread.start()
        except RuntimeError:
            self._threads.remove(thread)
            raise

    def submit(self, job: Job) -> None:
        """Start a job; does not block."""
        self.under_way += 1
        if self.under_way > len(self._threads) - len(self._tending):
            with contextlib.suppress(RuntimeError):  # then those that are there do it in turn
                self.start()
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
        if not self.under_way and not self._tending:
            for thread in self._threads:
                if thread.is_alive():  # not so where its start was interrupted
                    thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._do(job)

    def _do(self, job: Job) -> None:
        try:
            outcome = self._destination.perform(job)
        except BaseException as error:  # a job without an answer would be held for ever
            if not is_own_thread():
                raise  # it is a copy, in a forked child, that is being ended
            outcome = Outcome(Verdict.RETRY, f"{type(error).__name__}: {error}")
        has_chores = self._destination.has_chores()
        if has_chores:
            self._tending.add(get_ident())
        self._answers.append((job, outcome))
        self._on_answer()
        self._destination.tend()
        if has_chores:
            self._tending.discard(get_ident())
            self._on_answer()  # somebody may wait for the end of it
