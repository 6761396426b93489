"""A wake-up call that can be made from anywhere, and the time to wait for one."""

from __future__ import annotations

import contextlib
import time
from threading import TIMEOUT_MAX

from logspire.delivery.threads import Lock

# lock.acquire takes no longer time-out (about 292 years on 64 bits, 49 days on Windows).
_LONGEST_S = min(TIMEOUT_MAX, 4_000_000.0)
_NAP_S = 0.05


class Wakeup:
    """Lets one thread sleep until another, a signal handler or a finalizer wakes it.

    ``threading.Event`` cannot do that: its ``set`` takes a lock that a signal handler may find
    taken by the very frame that it interrupted. Here a lock is the message: ``set`` releases it,
    ``wait`` takes it. Both are one atomic call, ``set`` never blocks, and a ``set`` before the
    ``wait`` is not lost.
    """

    def __init__(self) -> None:
        self._closed = Lock()
        self._closed.acquire()

    def set(self) -> None:
        """End the present ``wait``, or the next one."""
        with contextlib.suppress(RuntimeError):  # it was set already
            self._closed.release()

    def wait(self, timeout_s: float) -> bool:
        """Sleep until ``set``, at most ``timeout_s`` seconds; tell whether it was set."""
        return self._closed.acquire(timeout=max(0.0, min(timeout_s, _LONGEST_S)))


class TimeLeft:
    """Time that several waits may share, such as interrupt each other included.

    A time in which the process was stopped does not count (SIGSTOP, a paused machine, a share of
    the processor used up): who is waited for had none of it either. One in which other threads
    were at work does, in a call that keeps the GIL, say.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def nap(self, wakeup: Wakeup) -> bool:
        """Sleep for a moment, or until ``wakeup``; tell whether it came."""
        nap_s = min(self.seconds, _NAP_S)
        began_s, worked_s = time.monotonic(), time.process_time()
        try:
            return wakeup.wait(nap_s)
        finally:  # a signal handler may raise
            worked_s = time.process_time() - worked_s
            self.seconds -= min(time.monotonic() - began_s, max(nap_s, worked_s))
