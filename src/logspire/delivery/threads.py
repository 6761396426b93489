"""Threads, and what goes with them, that stay of one kind when gevent comes.

``gevent.monkey.patch_all()`` puts greenlets in the place of threads while the program runs. Called
before Logspire is imported it has replaced all of ours; called later (gunicorn's gevent workers do
that after they have forked) it must replace none. A mixture would be the end: a greenlet that waits
on a lock of threads stops all greenlets, and with them whoever would release that lock. So what
``threading`` has to offer is looked up once, when this module is imported.

Greenlets differ from threads in one thing: they live on in forked children, as copies.
"""

from __future__ import annotations

import _thread
import os
import sys
import threading
from importlib import import_module
from queue import SimpleQueue
from threading import Lock, get_ident
from types import BuiltinFunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "BareThread",
    "Lock",
    "RLock",
    "SimpleQueue",
    "are_replaced",
    "end_copies",
    "get_ident",
    "look_names_up_here",
    "new_thread",
]

# The class: `threading.RLock` is a function that may make another kind later.
RLock = type(threading.RLock())
_start_new_thread = _thread.start_new_thread
_greenlets: set[Any] = set()


class BareThread:
    """What is needed of a daemon ``threading.Thread``, without what gevent replaces in that.

    Args:
        run: what the thread does.
    """

    def __init__(self, run: Callable[[], None]) -> None:
        self._run = run
        self._process_id = os.getpid()
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
        gevent = sys.modules.get("gevent")
        greenlet = gevent.getcurrent() if gevent is not None else None
        _greenlets.add(greenlet)
        try:
            if os.getpid() == self._process_id:  # forked before it began, it is a copy
                self._run()
        finally:
            _greenlets.discard(greenlet)
            self._alive.release()


def are_replaced() -> bool:
    """Whether gevent has come since this module was imported.

    What it does to sockets is never too late: they then belong to the thread that made them.
    """
    return _thread.start_new_thread is not _start_new_thread


def new_thread(run: Callable[[], None], name: str) -> threading.Thread | BareThread:
    """Return a daemon thread, not started yet."""
    if isinstance(_thread.start_new_thread, BuiltinFunctionType):
        return threading.Thread(target=run, name=name, daemon=True)
    return BareThread(run)


def look_names_up_here() -> None:
    """At exit: let gevent look up host names without a thread, as it can start none any more."""
    gevent = sys.modules.get("gevent")
    if gevent is None:
        return
    resolver = import_module("gevent.resolver.blocking").Resolver
    gevent.config.resolver = resolver  # for hubs to come: each thread that uses a socket has one
    if not isinstance(_start_new_thread, BuiltinFunctionType):
        hub = gevent.get_hub()
        hub.resolver = resolver(hub)


def end_copies() -> None:
    """In a forked child: end the greenlets that are copies of the parent's threads.

    Each gets a ``GreenletExit`` where it waits, before anything else happens to it.
    """
    for greenlet in _greenlets:
        if hasattr(greenlet, "kill"):  # not so in a real thread
            greenlet.kill(block=False)
    _greenlets.clear()
