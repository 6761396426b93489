"""A wake-up call that can be made from anywhere."""

from __future__ import annotations

import contextlib
from threading import TIMEOUT_MAX

from logspire.delivery.threads import Lock

# lock.acquire takes no longer time-out (about 292 years on 64 bits, 49 days on Windows).
_LONGEST_S = min(TIMEOUT_MAX, 4_000_000.0)


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
