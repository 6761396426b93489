"""Who runs the worker: threads of our own or, where none can start, a thread that calls."""

from __future__ import annotations

from logspire.delivery import lifecycle
from logspire.delivery.senders import Senders, new_own_thread
from logspire.delivery.threads import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from threading import Thread

    from logspire.delivery.threads import BareThread
    from logspire.delivery.worker import Worker


class _Owner:
    """The right to be the worker, and so to touch the backlog."""

    def __init__(self, senders: Senders | None) -> None:
        self.senders = senders
        """``None`` for a thread of the application."""
        self.caller = get_ident()
        self.thread: BareThread | Thread | None = None
        self.is_starting = senders is not None
        """The caller has not returned from `Crew.start`."""
        self.at_work = False


class Crew:
    """Sees to it that one thread at a time, and no more, is the worker.

    Args:
        worker: what is to be run.
        lock: guards the ownership; the lock of the intake, so that a record that comes in finds
            either a worker that will see it or none.
        on_begin: called when the worker begins, the lock held.
        on_idle: called when it ends with nothing held, the lock held.
        on_end: called after the end of the threads.
    """

    def __init__(
        self,
        worker: Worker,
        lock: AbstractContextManager[bool],
        *,
        on_begin: Callable[[], None],
        on_idle: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        self._worker = worker
        self._lock = lock
        self._on_begin = on_begin
        self._on_idle = on_idle
        self._on_end = on_end
        self._owner: _Owner | None = None
        self.has_threads = False
        """Whether the worker runs in a thread of its own, or is about to."""

    @property
    def thread(self) -> BareThread | Thread | None:
        """The worker thread, if there is one."""
        owner = self._owner
        return owner.thread if owner is not None else None

    def is_driven_here(self) -> bool:
        """Whether the worker is a frame further down in the calling thread."""
        owner = self._owner
        return owner is not None and owner.senders is None and owner.caller == get_ident()

    def is_started_here(self) -> bool:
        """Whether the calling thread is a frame further down just starting the threads."""
        owner = self._owner
        return owner is not None and owner.is_starting and owner.caller == get_ident()

    def start(self) -> bool:
        """Make sure that there are threads; ``False`` if none can start, or a caller drives."""
        if self._owner is not None:
            return self.has_threads
        owner = _Owner(self._worker.new_senders())
        try:
            if not self._claim(owner):
                return self.has_threads
            # Both threads from here: once the interpreter ends, none of ours could start another.
            if owner.senders is not None:
                owner.senders.start()
            owner.thread = new_own_thread(lambda: self._run(owner), "logspire-worker")
            owner.thread.start()
        except BaseException as error:
            # No thread can start, or a signal handler raised in the middle. In that case the
            # thread may come yet; without the claim it ends at once.
            if self._take_back(owner):
                _stop(owner)
            if isinstance(error, RuntimeError):
                lifecycle.note_that_no_thread_starts()
                return False
            raise
        finally:
            owner.is_starting = False
        return True

    def drive(self, until_s: float, *, patient: bool) -> bool:
        """Be the worker for a while; ``False`` if somebody else is."""
        owner = _Owner(None)
        try:
            if not self._claim(owner):
                return False
            self._worker.drive(until_s, patient=patient)
        finally:
            with self._lock:
                if self._owner is owner:
                    self._give_up()
        return True

    def _claim(self, owner: _Owner) -> bool:
        with self._lock:
            # Idle: a worker that has just ended did it all. Nobody would tell a new one to end.
            if self._owner is not None or self._worker.is_idle():
                return False
            self._set_owner(owner)
            self._on_begin()
        return True

    def _take_back(self, owner: _Owner) -> bool:
        with self._lock:
            if self._owner is not owner or owner.at_work:
                return False
            self._set_owner(None)
        return True

    def _run(self, owner: _Owner) -> None:
        with self._lock:
            if self._owner is not owner:
                return
            owner.at_work = True
        self._worker.run(owner.senders or self._worker.new_senders(), self._may_end)
        _stop(owner)
        self._on_end()

    def _may_end(self) -> bool:
        with self._lock:
            if not self._worker.is_idle():
                return False
            owner = self._owner
            self._give_up()
            # A finalizer that ran in this thread meanwhile may have logged, and found a worker.
            if self._owner is None and not self._worker.is_idle():
                self._set_owner(owner)
                self._on_begin()
                return False
        return True

    def _set_owner(self, owner: _Owner | None) -> None:
        self._owner = owner
        self.has_threads = owner is not None and owner.senders is not None

    def _give_up(self) -> None:
        self._set_owner(None)
        if self._worker.is_idle():
            self._on_idle()


def _stop(owner: _Owner) -> None:
    if owner.senders is not None:
        owner.senders.stop()
