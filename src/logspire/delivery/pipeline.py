"""From the logging call to the destination: what the handler uses of this package."""

from __future__ import annotations

import logging
import random
import threading
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from logspire.core.backlog import Backlog
from logspire.core.ledger import DeliveryStats, Ledger, Loss, LossReason
from logspire.delivery import lifecycle
from logspire.delivery.clock import Clock
from logspire.delivery.intake import HANDOVER_PART, Intake, QueueFull, Record
from logspire.delivery.report import report_losses
from logspire.delivery.senders import is_own_record, is_own_thread, start_own_thread
from logspire.delivery.worker import Request, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from logspire.core.event import Oversize
    from logspire.core.limits import Limits
    from logspire.delivery.destination import Destination

# Those who wait for room look again after this, whatever happens.
_RECHECK_S = 1.0
# How much longer than its deadline somebody waits for the worker, which needs a moment to act.
_GRACE_S = 0.5


@dataclass(frozen=True)
class Settings:
    """How records are delivered; the handler's documentation has the meaning of each."""

    limits: Limits
    send_interval_s: float = 5.0
    oversize: Oversize = "split"
    max_queue_bytes: int = 64 * 1024 * 1024
    queue_full: QueueFull = "drop_oldest"
    shutdown_timeout_s: float = 10.0
    use_threads: bool = True
    on_loss: Callable[[Loss], object] | None = None
    clock: Clock = field(default_factory=Clock)
    jitter: Callable[[], float] = random.SystemRandom().random
    """Not the random module itself: its state belongs to the application, which may have seeded it,
    and would be the same in forked children."""


class _Claim:
    """The right to be the worker thread of a pipeline."""

    def __init__(self) -> None:
        self.taken = False
        self.thread: threading.Thread | None = None

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        if self.thread is not None and self.thread is not threading.current_thread():
            self.thread.join(timeout_s)


class Pipeline:
    """Takes records, delivers them, keeps the books.

    All methods may be called from any thread, `put` also from signal handlers and finalizers. None
    of them waits while the caller holds the lock of the ``logging`` module: the SDK needs that
    lock in the sending threads (``Logger.isEnabledFor``), so to wait for them would be a deadlock.
    """

    def __init__(self, destination: Destination, settings: Settings) -> None:
        self._destination = destination
        self._settings = settings
        self._build()
        lifecycle.register(self)

    def _build(self) -> None:
        settings = self._settings
        self._ledger = Ledger()
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
                # Without a queue nothing waits for company.
                send_interval_s=settings.send_interval_s if settings.use_threads else 0.0,
                oversize=settings.oversize,
                ledger=self._ledger,
            ),
            self._ledger,
            self._destination,
            shed_to_bytes=bound * (1 - HANDOVER_PART) if sheds else float("inf"),
            hasten_at_bytes=bound / 2,
            on_losses=self._report,
            clock=settings.clock,
            jitter=settings.jitter,
        )
        # Who owns the backlog: the worker thread, or a thread of the application that drives. Both
        # are claimed under the intake's lock; drivers queue for the other lock, never holding it.
        self._claim: _Claim | None = None
        self._driver: int | None = None
        self._driving = threading.RLock()
        self._stop: Request | None = None

    def put(self, record: Record, *, urgent: bool = False) -> None:
        """Take over a record; does not block but for the policy ``"block"`` or without threads."""
        while not self._intake.put(record, urgent=urgent):
            self._wait_for_room(record)
        stop = self._stop
        if stop is not None:
            stop.revoked = True
            self._stop = None
        if lifecycle.is_exiting():
            self.flush(None)
        elif self._claim is None and not self._has_thread():
            self._deliver_now()

    def ignores(self, logger_name: str) -> bool:
        """Whether the calling thread's record is about delivery itself; counts it if so."""
        if not is_own_record(logger_name):
            return False
        with self._intake.lock:
            self._intake.ignored += 1
        return True

    def flush(self, timeout_s: float | None) -> bool:
        """Deliver everything that was put before; see ``CloudWatchLogHandler.flush``."""
        if self._is_empty():
            return True
        exiting = lifecycle.is_exiting()
        limit_s = self._settings.shutdown_timeout_s
        if exiting:
            limit_s = lifecycle.exit_budget_s(limit_s)
        request = self._request(limit_s if timeout_s is None else timeout_s, abandon=exiting)
        self._ask_and_wait(request)
        return request.succeeded

    def close(self) -> None:
        """Deliver everything, end the thread; see ``CloudWatchLogHandler.close``."""
        if lifecycle.is_exiting():
            self.flush(None)
            return
        if self._claim is None and self._is_empty():
            return
        waits = not _holds_logging_lock()
        timeout_s = self._settings.shutdown_timeout_s if waits else float("inf")
        self._stop = request = self._request(timeout_s, abandon=waits, stop=True)
        claim = self._claim
        self._ask_and_wait(request)
        if waits and claim is not None and not request.revoked:
            claim.join(_GRACE_S)

    def release(self) -> None:
        """Deliver in the background, then end; called when the handler is garbage. Never waits."""
        if self._claim is not None:
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
        self._wait(request)

    def start_clean(self) -> None:
        """In a forked child: forget everything; the parent delivers what it held."""
        self._destination.after_fork_in_child()
        self._build()

    # -- who does the work --------------------------------------------------------------------

    def _request(self, timeout_s: float, *, abandon: bool = False, stop: bool = False) -> Request:
        deadline_s = self._settings.clock.monotonic_s() + timeout_s
        return Request(deadline_s, abandon=abandon, stop=stop)

    def _is_empty(self) -> bool:
        return not self.stats().held

    def _ask_and_wait(self, request: Request) -> None:
        self._worker.ask(request)
        if is_own_thread() or _holds_logging_lock():
            self._has_thread()
        elif lifecycle.is_exiting():
            with lifecycle.spending_exit_budget():
                self._wait(request)
        else:
            self._wait(request)

    def _wait(self, request: Request) -> None:
        remaining_s = request.deadline_s - self._settings.clock.monotonic_s()
        if self._has_thread():
            request.answered.wait(remaining_s + _GRACE_S)
            return
        if lifecycle.is_exiting():
            self._destination.limit_wait(remaining_s)
        self._drive(request.deadline_s)

    def _wait_for_room(self, record: Record) -> None:
        if lifecycle.is_exiting():
            self.flush(None)  # makes room: at its deadline everything is given up
        elif self._has_thread():
            self._intake.wait_for_room(record, _RECHECK_S)
        else:
            self._drive(self._settings.clock.monotonic_s() + _RECHECK_S)

    def _deliver_now(self) -> None:
        # Without queues a call waits for its record, through retries. But while the service fails,
        # not each call for the same: what is held goes with a later one, after the back-off.
        # Where only no thread can be had, nobody has asked to wait: it is tried, once.
        settings, now_s = self._settings, self._settings.clock.monotonic_s()
        patient = not settings.use_threads and not self._worker.is_backing_off(now_s)
        self._drive(now_s + (settings.send_interval_s if patient else 0.0))

    def _has_thread(self) -> bool:
        """See to it that there is a worker; ``False`` if the calling thread must do the work."""
        if not self._settings.use_threads:
            return False
        with self._intake.lock:
            if self._claim is not None or self._driver is not None:
                return True
            # Claimed before the start: a signal handler that logs meanwhile must not start another.
            self._claim = claim = _Claim()
        lifecycle.keep(self)
        try:
            claim.thread = start_own_thread(lambda: self._run(claim), "logspire-worker")
        except BaseException as error:
            # No thread can start, or a signal handler raised in the middle: then nobody knows
            # whether the thread will still run, but without the claim it would end at once.
            with self._intake.lock:
                if not claim.taken:
                    self._claim = None
            if isinstance(error, RuntimeError):
                return False
            raise
        return True

    def _run(self, claim: _Claim) -> None:
        with self._intake.lock:
            if self._claim is not claim:
                return
            claim.taken = True
        self._worker.run(self._end_thread)

    def _end_thread(self) -> bool:
        with self._intake.lock:
            if not self._worker.is_idle():
                return False
            lifecycle.let_go(self)
            self._claim = None
        self._destination.close()
        return True

    def _drive(self, until_s: float) -> None:
        me = threading.get_ident()
        if self._driver == me:
            return  # a signal handler or finalizer in the middle of it: the outer loop goes on
        while True:
            with self._driving:
                with self._intake.lock:
                    if self._claim is not None:
                        return
                    self._driver = me
                lifecycle.keep(self)
                try:
                    self._worker.drive(until_s)
                finally:
                    self._driver = None
            # Somebody who found a driver at work may have left a record behind its last look.
            if self._intake.is_empty():
                break
        if self._is_empty():
            lifecycle.let_go(self)

    def _report(self, losses: Sequence[Loss]) -> None:
        report_losses(losses, self._destination.name, self._settings.on_loss)


def _holds_logging_lock() -> bool:
    """Whether the calling thread is inside ``logging``, as ``dictConfig`` is when it closes."""
    lock = getattr(logging, "_lock", None)
    is_owned = getattr(lock, "_is_owned", None)
    return is_owned is not None and bool(is_owned())
