"""The ends and the beginnings of a process: exit, fork, children of ``multiprocessing``.

Exit. `_at_exit` runs before ``logging.shutdown``, as it was registered later. It asks all handlers
at once to deliver, and waits for them within one budget: seconds of exit that all waits for
delivery share, whatever the number of handlers and streams. The threads stay: on CPython 3.12 none
could start any more, and callbacks that run later may still log. What they log is delivered while
they wait, out of the same budget.

Fork. Only the forking thread lives on in the child, so everything that a thread or a lock of the
parent might have been in the middle of is made anew. The parent keeps what was held.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref

from logspire.delivery.report import Reporter
from logspire.delivery.senders import forget_own_threads
from logspire.delivery.threads import look_names_up_here
from logspire.delivery.wakeup import TimeLeft

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from logspire.delivery.pipeline import Pipeline
    from logspire.delivery.wakeup import Wakeup

GRACE_S: Final = 0.7
"""How much longer than its deadline somebody waits for our threads, which need a moment to act."""

# On a machine that is busy a thread that is to say what is lost may not have had its turn when all
# that time is over. How long in seconds that is waited for, and then how long for all to be said, a
# moment: who listens slowly had the time. All handlers and all waits at exit share both.
_TURN_S: Final = 5.0
_MOMENT_S: Final = 0.3

_all: weakref.WeakSet[Pipeline] = weakref.WeakSet()
# Those that hold records or run a thread. Strong references: a handler that was dropped without
# close() still has its records delivered.
_live: set[Pipeline] = set()


class _Process:
    """Its number: ``os.getpid`` is a call of the system, too slow for each record."""

    __slots__ = ("id",)

    def __init__(self) -> None:
        self.id = os.getpid()


class _Exit:
    """Whether the process is ending, and how long that was waited for."""

    __slots__ = ("began", "hooked_into_multiprocessing", "moment", "spent_s", "turn")

    def __init__(self) -> None:
        self.began = False
        self.spent_s = 0.0
        self.turn = TimeLeft(_TURN_S)
        self.moment = TimeLeft(_MOMENT_S)
        self.hooked_into_multiprocessing = False


# Of these there is one each. They are asked with each record: to CPython 3.11 an attribute of an
# object is cheaper than one of a class.
PROCESS: Final = _Process()
EXIT: Final = _Exit()


def is_exiting() -> bool:
    """Whether the interpreter is on its way out."""
    return EXIT.began


def note_that_no_thread_starts() -> None:
    """See whether that is because the interpreter ends.

    Callbacks of ``atexit`` that were registered after ours run before it. By then ``threading``
    has been shut down already, which it shows by a main thread that is not alive. Other threads may
    live on for days after the end of the main thread, and on CPython 3.12 start no thread either:
    the interpreter ends when the main thread is at work again.
    """
    main_thread = threading.main_thread()
    EXIT.began |= threading.current_thread() is main_thread and not main_thread.is_alive()


def exit_budget_s(shutdown_timeout_s: float) -> float:
    """Return the seconds that may still be spent on delivering at exit."""
    return max(0.0, shutdown_timeout_s - EXIT.spent_s)


def exit_grace_s(shutdown_timeout_s: float) -> float:
    """Return how much longer than the budget all waits at exit together may still take."""
    return min(GRACE_S, max(0.0, shutdown_timeout_s + GRACE_S - EXIT.spent_s))


class spending_exit_budget:  # noqa: N801 - used as a with statement only
    """Count the time in this block as spent."""

    def __enter__(self) -> None:
        self._since_s = time.monotonic()

    def __exit__(self, *_: object) -> None:
        EXIT.spent_s += time.monotonic() - self._since_s


def register(pipeline: Pipeline) -> None:
    """Make a new pipeline known, for fork."""
    _all.add(pipeline)


def keep(pipeline: Pipeline) -> None:
    """Keep a pipeline alive until it has delivered, and see to it at exit."""
    _live.add(pipeline)
    _hook_into_multiprocessing()


def let_go(pipeline: Pipeline) -> None:
    """A pipeline has nothing left to do."""
    _live.discard(pipeline)


def _at_exit() -> None:
    EXIT.began = True
    look_names_up_here()
    # A signal handler may call `sys.exit()` although that is under way. gunicorn's do: at Ctrl-C a
    # worker gets one signal from the terminal, and one more from the master. It is no new order.
    while True:
        try:
            _deliver()
        except SystemExit:
            continue
        return


def _deliver() -> None:
    with spending_exit_budget():
        requests = [(pipeline, pipeline.begin_exit()) for pipeline in tuple(_live)]
        for pipeline, request in requests:
            pipeline.finish_exit(request)
        for pipeline, request in requests:
            pipeline.finish_reports(request)
        hear_out()


def hear_out() -> None:
    """At exit, wait for those who say what is lost, as long as all waits together may."""
    for reporter in tuple(Reporter.speaking):
        reporter.wait_until_begun(EXIT.turn)
    for reporter in tuple(Reporter.speaking):
        reporter.wait(EXIT.moment)


def wait_for_worker(answered: Wakeup, is_somebody_speaking: Callable[[], bool]) -> None:
    """At exit, wait for a worker that has had no turn yet, out of the same time."""
    while not is_somebody_speaking() and EXIT.turn.seconds > 0:
        if EXIT.turn.nap(answered):
            return


def _hook_into_multiprocessing() -> None:
    """See to it that a child of ``multiprocessing`` delivers before it leaves.

    Such a child ends in ``os._exit``: of all clean-up, only the package's own finalizers run. They
    are thrown away as the child starts, so this is done at the first record, not at fork.
    ``billiard`` is Celery's copy of the package.
    """
    if EXIT.hooked_into_multiprocessing:
        return
    EXIT.hooked_into_multiprocessing = True
    for package in ("multiprocessing", "billiard"):
        util = sys.modules.get(f"{package}.util")
        process = sys.modules.get(f"{package}.process")
        if util and process and process.current_process().name != "MainProcess":
            # Below 0: after the child's own children were joined, as the last thing.
            util.Finalize(None, _at_exit, exitpriority=-100)
            _hook_into_celery()


def _hook_into_celery() -> None:
    """See to it that a worker process of Celery delivers before it leaves.

    Its pool calls ``os._exit`` without even the finalizers, but sends a signal first.
    """
    signals = sys.modules.get("celery.signals")
    if signals:
        signals.worker_process_shutdown.connect(_at_signal, weak=False)


def _at_signal(**_: object) -> None:
    _at_exit()


def _after_fork_in_child() -> None:
    forget_own_threads()
    PROCESS.__init__()  # type: ignore[misc]  # all anew, in place
    EXIT.__init__()  # type: ignore[misc]
    _live.clear()
    Reporter.speaking.clear()
    for pipeline in tuple(_all):
        pipeline.start_clean()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
