"""Threads, and locks to go with them, that stay of one kind when gevent comes.

``gevent.monkey.patch_all()`` puts greenlets in the place of threads while the program runs. Called
before Logspire is imported it has replaced all of ours; called later (gunicorn's gevent workers do
that after they have forked) it must replace none. A mixture would be the end: a greenlet that waits
on a lock of threads stops all greenlets, and with them whoever would release that lock.

So what ``threading`` has to offer is looked up once, when this module is imported.
"""

from __future__ import annotations

import _thread
import threading
from queue import SimpleQueue
from threading import Lock, Thread, get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "BareThread",
    "Lock",
    "RLock",
    "SimpleQueue",
    "Thread",
    "are_replaced",
    "get_ident",
    "new_thread",
]

# The class: `threading.RLock` is a function that may make another kind later.
RLock = type(threading.RLock())
_start_new_thread = _thread.start_new_thread


class BareThread:
    """What is needed of a daemon ``threading.Thread``, without what gevent replaces in that.

    Args:
        run: what the thread does.
    """

    def __init__(self, run: Callable[[], None]) -> None:
        self._run = run
        self._alive = Lock()
        """Locked from the start of the thread to its end."""

    def start(self) -> None:
        """Start it.

        Raises:
            RuntimeError: no thread can start.
        """
        self._alive.acquire()
        try:
            _start_new_thread(self._main, ())
        except BaseException:
            self._alive.release()
            raise

    def is_alive(self) -> bool:
        """Whether it has started, and not ended."""
        return self._alive.locked()

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, at most ``timeout`` seconds."""
        if self._alive.acquire(timeout=-1 if timeout is None else timeout):
            self._alive.release()

    def _main(self) -> None:
        try:
            self._run()
        finally:
            self._alive.release()


def are_replaced() -> bool:
    """Whether gevent has come since this module was imported.

    What it does to sockets is never too late: they then belong to the thread that made them.
    """
    return _thread.start_new_thread is not _start_new_thread


def new_thread(run: Callable[[], None], name: str) -> Thread | BareThread:
    """Return a daemon thread, not started yet."""
    return BareThread(run) if are_replaced() else Thread(target=run, name=name, daemon=True)
