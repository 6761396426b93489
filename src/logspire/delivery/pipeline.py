"""From the logging call to the destination: what the handler uses of this package."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from types import MappingProxyType

from logspire.core.backlog import Backlog
from logspire.core.ledger import DeliveryStats, Ledger, Loss, LossReason
from logspire.core.value import Value
from logspire.delivery import lifecycle
from logspire.delivery.clock import Clock
from logspire.delivery.crew import Crew
from logspire.delivery.intake import HANDOVER_PART, Intake, Record, is_owned
from logspire.delivery.report import Reporter, report_losses
from logspire.delivery.senders import is_own_record, is_own_thread
from logspire.delivery.wakeup import TimeLeft
from logspire.delivery.worker import Request, Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from logspire.core.event import Oversize
    from logspire.core.limits import Limits
    from logspire.delivery.destination import Destination
    from logspire.delivery.intake import QueueFull

# Those who wait for room look again after this, whatever happens.
_RECHECK_S = 1.0
# Without queues a call waits for its record at least so long, if it must.
_SHORTEST_PATIENCE_S = 1.0
# Who waits for another thread that drives, looks again after this.
_TAKE_OVER_S = 0.05


def _chance() -> float:
    """Return a random number, 0 to 1.

    Not of the ``random`` module: its state belongs to the application, which may have seeded it,
    and would be the same in forked children.
    """
    return int.from_bytes(os.urandom(7), "big") / 2**56


class Settings(Value):
    """How records are delivered; the handler's documentation has the meaning of each."""

    limits: Limits
    send_interval_s: float = 5.0
    oversize: Oversize = "split"
    max_queue_bytes: int = 64 * 1024 * 1024
    queue_full: QueueFull = "drop_oldest"
    shutdown_timeout_s: float = 10.0
    synchronous: bool = False
    on_loss: Callable[[Loss], object] | None = None
    clock: Clock = Clock()
    jitter: Callable[[], float] = _chance


class Pipeline:
    """Takes records, delivers them, keeps the books.

    All methods may be called from any thread, `put` also from signal handlers and finalizers. None
    of them waits while the caller holds the lock of the ``logging`` module: the SDK needs that
    lock in the sending threads (``Logger.isEnabledFor``), so to wait for them would be a deadlock.
    """

    def __init__(self, destination: Destination, settings: Settings) -> None:
        self._destination = destination
        self._settings = settings
        self._is_attended = settings.synchronous
        self._build()
        lifecycle.register(self)

    def _build(self) -> None:
        settings = self._settings
        self._ledger = Ledger()
        self._reporter = Reporter()
        self._intake = Intake(
            bound_bytes=settings.max_queue_bytes,
            policy=settings.queue_full,
            wake_bytes=settings.limits.batch_bytes,
            wake_count=settings.limits.batch_count,
            send_interval_s=settings.send_interval_s,
            clock=settings.clock,
        )
        sheds = settings.queue_full == "drop_oldest"
        bound = settings.max_queue_bytes
        self._worker = Worker(
            self._intake,
            Backlog(
                settings.limits,
                send_interval_s=settings.send_interval_s,
                oversize=settings.oversize,
                ledger=self._ledger,
            ),
            self._ledger,
            self._destination,
            shed_to_bytes=bound * (1 - HANDOVER_PART) if sheds else float("inf"),
            hasten_at_bytes=bound / 2,
            reporter=self._reporter,
            report_losses=self._report,
            clock=settings.clock,
            jitter=settings.jitter,
        )
        self._crew = Crew(
            self._worker,
            self._intake.lock,
            on_begin=lambda: lifecycle.keep(self),
            on_idle=lambda: lifecycle.let_go(self),
            on_end=self._destination.close,
        )
        self._waited_for: tuple[int, float] | None = None

    def put(self, record: Record, *, urgent: bool = False) -> None:
        """Take over a record.

        Blocks only where that was asked for (the policy ``"block"``, ``synchronous``), on the main
        thread while the process exits, and where no thread can start any more.
        """
        while not (self._intake.put(record, urgent=True) if urgent else self._intake.put(record)):
            if not self._may_wait():
                self._intake.drop(record)
                break
            self._wait_for_room(record)
        if self._is_attended or lifecycle.EXIT.began or not self._crew.has_threads:
            self._attend()

    def _attend(self) -> None:
        """See to it that what was put is delivered, in this very thread where it must be."""
        has_threads = self._crew.start()
        if lifecycle.is_exiting():
            if threading.current_thread() is threading.main_thread():
                self.flush(None)  # nobody will come back to see to it
        elif self._is_attended:
            # While the service fails, not each call waits for it: what is held goes with a later
            # one, after the back-off.
            patience_s = max(self._settings.send_interval_s, _SHORTEST_PATIENCE_S)
            self.flush(0.0 if self._ledger.last_error else patience_s)
        elif not has_threads:
            # Nobody has asked to wait: what is due is tried, once.
            self._drive(self._settings.clock.monotonic_s() + _RECHECK_S, patient=False)

    def ignores(self, logger_name: str) -> bool:
        """Whether the calling thread's record is about delivery itself; counts it if so."""
        if not is_own_record(logger_name) and not (is_own_thread() and lifecycle.is_exiting()):
            return False
        with self._intake.lock:
            self._intake.ignored += 1
        return True

    def flush(self, timeout_s: float | None) -> bool:
        """Deliver everything that was put before; see ``CloudWatchLogHandler.flush``."""
        if self._is_empty():
            return True
        final = False
        limit_s = self._settings.shutdown_timeout_s
        if lifecycle.is_exiting():
            limit_s = lifecycle.exit_budget_s(limit_s)
            final = timeout_s is None and threading.current_thread() is threading.main_thread()
        request = self._request(limit_s if timeout_s is None else timeout_s, abandon=final)
        self._ask_and_wait(request)
        now_s = self._settings.clock.monotonic_s()
        if timeout_s is None and now_s >= request.deadline_s:
            self._waited_for = (self._intake.accepted(), now_s)
        return request.succeeded

    def close(self) -> None:
        """Deliver everything, end the threads; see ``CloudWatchLogHandler.close``."""
        if lifecycle.is_exiting():
            self.flush(None)
            return
        thread = self._crew.thread
        if thread is None and self._is_empty():
            return
        waits = not _holds_logging_lock()
        timeout_s = self._close_timeout_s() if waits else float("inf")
        self._ask_and_wait(self._request(timeout_s, abandon=waits, stop=True))
        if thread is not None and self._intake.is_empty() and self._may_wait():
            with contextlib.suppress(RuntimeError):  # another thread is just starting it
                thread.join(lifecycle.GRACE_S)

    def release(self) -> None:
        """Deliver in the background, then end; called when the handler is garbage. Never waits."""
        if self._crew.has_threads:
            self._worker.ask(self._request(float("inf"), stop=True))

    def stats(self) -> DeliveryStats:
        """Return the books; see ``CloudWatchLogHandler.stats``."""
        ledger, intake = self._ledger, self._intake
        # Settled records are read before accepted ones: what is settled in between then counts as
        # held, and "accepted == delivered + lost + held" needs no lock around the worker.
        delivered, losses = ledger.delivered, dict(ledger.lost)
        with intake.lock:
            dropped = intake.dropped
            accepted, held_bytes, ignored = intake.accepted(), intake.held_bytes(), intake.ignored
        if dropped:
            losses[LossReason.QUEUE_FULL] = losses.get(LossReason.QUEUE_FULL, 0) + dropped
        lost = sum(losses.values())
        return DeliveryStats(
            accepted=accepted,
            delivered=delivered,
            lost=lost,
            held=accepted - delivered - lost,
            losses=MappingProxyType(losses),
            held_bytes=held_bytes,
            batches=ledger.batches,
            split=ledger.split,
            ignored=ignored,
            entity_rejected=ledger.entity_rejected,
            last_error=ledger.last_error,
        )

    # -- exit and fork, called by lifecycle ---------------------------------------------------

    def begin_exit(self) -> Request:
        """Ask for everything to be delivered within the exit budget; does not wait."""
        budget_s = lifecycle.exit_budget_s(self._settings.shutdown_timeout_s)
        request = self._request(budget_s, abandon=True)
        self._worker.ask(request)
        return request

    def finish_exit(self, request: Request) -> None:
        """Wait for what `begin_exit` asked for."""
        if self._wait(request):
            return
        # The worker is stuck or starved, or somebody else drives it: say in its place what is lost
        # by now, and what is at stake. Not in this thread where the worker has one: who listens may
        # block for ever.
        if not self._reporter.say(self._report_all, here=not self._crew.has_threads):
            lifecycle.wait_for_worker(request.answered, self._reporter.is_busy)

    def finish_reports(self, request: Request) -> None:
        """Wait until the losses are said."""
        self._reporter.wait(TimeLeft(self._remaining_s(request) + self._grace_s()))

    def start_clean(self) -> None:
        """In a forked child: forget everything; the parent delivers what it held."""
        self._destination.after_fork_in_child()
        self._build()

    # -- who does the work --------------------------------------------------------------------

    def _request(self, timeout_s: float, *, abandon: bool = False, stop: bool = False) -> Request:
        deadline_s = self._settings.clock.monotonic_s() + timeout_s
        return Request(deadline_s, abandon=abandon, stop=stop)

    def _grace_s(self) -> float:
        if lifecycle.is_exiting():
            return lifecycle.exit_grace_s(self._settings.shutdown_timeout_s)
        return lifecycle.GRACE_S

    def _remaining_s(self, request: Request) -> float:
        return request.deadline_s - self._settings.clock.monotonic_s()

    def _is_empty(self) -> bool:
        return not self.stats().held

    def _close_timeout_s(self) -> float:
        """``logging.shutdown`` flushes, then closes: the two together have one time-out."""
        if self._waited_for is not None:
            accepted, since_s = self._waited_for
            just_now = self._settings.clock.monotonic_s() - since_s < _RECHECK_S
            if just_now and accepted == self._intake.accepted():
                return 0.0
        return self._settings.shutdown_timeout_s

    def _may_wait(self) -> bool:
        """Whether the calling thread does not hold up what it would wait for.

        It does where it is a signal handler or a finalizer that has interrupted, on the same
        thread, a frame which holds the intake's lock, or is about to start the worker.
        """
        crew, intake = self._crew, self._intake
        here = crew.is_driven_here() or crew.is_started_here() or intake.is_locked_here()
        return not (here or is_own_thread() or _holds_logging_lock())

    def _ask_and_wait(self, request: Request) -> None:
        self._worker.ask(request)
        if not self._may_wait():
            self._crew.start()
        elif lifecycle.is_exiting() and threading.current_thread() is threading.main_thread():
            with lifecycle.spending_exit_budget():
                self._wait_at_exit(request)
        else:
            self._wait(request)
            if request.abandon:
                self.finish_reports(request)

    def _wait_at_exit(self, request: Request) -> None:
        if request.abandon:
            self.finish_exit(request)
            self.finish_reports(request)
            lifecycle.hear_out()
        else:
            self._wait(request)

    def _wait(self, request: Request) -> bool:
        """Wait for the answer, be the worker meanwhile if need be; tell whether there is one."""
        while True:
            remaining_s = self._remaining_s(request)
            if self._crew.start():
                # In steps: a thread that was starting the worker may have failed to, at the end.
                patience_s = remaining_s + self._grace_s() / 2
                if request.answered.wait(min(patience_s, _RECHECK_S / 4)):
                    return True
                if patience_s <= _RECHECK_S / 4:
                    return False
                continue
            # The limit is for all calls from now on: others may ask with a time-out of their own.
            if lifecycle.is_exiting() and threading.current_thread() is threading.main_thread():
                self._destination.limit_wait(remaining_s)
            if self._drive(request.deadline_s, patient=True):
                return request.answered.wait(0.0)
            # Another thread drives. It may stop before this request is answered: then take over.
            if request.answered.wait(max(0.0, min(remaining_s, _TAKE_OVER_S))):
                return True
            if remaining_s <= 0:
                return False

    def _wait_for_room(self, record: Record) -> None:
        if lifecycle.is_exiting():
            self.flush(None)  # on the main thread it makes room: at its end all is given up
        if self._crew.start():
            self._intake.wait_for_room(record, _RECHECK_S)
        else:
            self._drive(self._settings.clock.monotonic_s() + _RECHECK_S, patient=True)

    def _drive(self, until_s: float, *, patient: bool) -> bool:
        while self._crew.drive(until_s, patient=patient):
            # Somebody who found this driver at work may have left a record behind its last look.
            if self._intake.is_empty() or self._settings.clock.monotonic_s() >= until_s:
                return True
        return False

    def _report_all(self) -> None:
        detail = self._ledger.because("no answer when the process ended")
        with self._intake.lock:
            losses = self._ledger.take_all(self._intake.accepted(), detail)
        report_losses(losses, self._destination.name, self._settings.on_loss)

    def _report(self) -> None:
        with self._intake.lock:
            losses = self._ledger.take_losses()
        report_losses(losses, self._destination.name, self._settings.on_loss)


def _holds_logging_lock() -> bool:
    """Whether the calling thread is inside ``logging``, as ``dictConfig`` is when it closes."""
    return is_owned(getattr(logging, "_lock", None))
