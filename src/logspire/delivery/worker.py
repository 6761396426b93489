"""The worker: takes what came in, acts on what is due, sleeps until the next deadline.

It owns the backlog, which therefore needs no lock. It never waits for the network: the senders do.
So whatever hangs, it still bounds the memory, keeps the deadlines and answers those who wait.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final

from logspire.core.ledger import Loss, LossReason
from logspire.core.retry import Outcome, Verdict
from logspire.delivery.report import complain
from logspire.delivery.senders import Senders, calling_inline
from logspire.delivery.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from logspire.core.backlog import Backlog, Flush
    from logspire.core.ledger import Ledger
    from logspire.core.stream import Job
    from logspire.delivery.clock import Clock
    from logspire.delivery.destination import Destination
    from logspire.delivery.intake import Intake

SENDERS: Final = 4
REPORT_INTERVAL_S: Final = 1.0


class Request:
    """What another thread asks of the worker: send all that is held, until a deadline.

    Args:
        deadline_s: monotonic time.
        abandon: give up at the deadline what is not delivered.
        stop: end the worker thread when everything is done, unless new records come in.
    """

    def __init__(self, deadline_s: float, *, abandon: bool = False, stop: bool = False) -> None:
        self.deadline_s = deadline_s
        self.abandon = abandon
        self.stop = stop
        self.flush: Flush | None = None
        self.revoked = False
        """A record came after the request to stop."""
        self.answered = Wakeup()

    @property
    def succeeded(self) -> bool:
        """Whether everything was delivered."""
        return self.flush is not None and self.flush.done and self.flush.lossless


class Worker:
    """The loop around a backlog.

    `run` is the life of the worker thread; `drive` does the same in a thread of the application,
    where there is none. Never both at once: ``Pipeline`` sees to that.
    """

    def __init__(
        self,
        intake: Intake,
        backlog: Backlog,
        ledger: Ledger,
        destination: Destination,
        *,
        shed_to_bytes: float,
        hasten_at_bytes: float,
        on_losses: Callable[[Sequence[Loss]], None],
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        self.requests: deque[Request] = deque()
        self._intake = intake
        self._backlog = backlog
        self._ledger = ledger
        self._destination = destination
        self._shed_to_bytes = shed_to_bytes
        self._hasten_at_bytes = hasten_at_bytes
        self._on_losses = on_losses
        self._clock = clock
        self._jitter = jitter
        self._open: list[Request] = []
        self._stop: Request | None = None
        self._report_at_s = -math.inf

    def ask(self, request: Request) -> None:
        """Hand over a request, from any thread."""
        self.requests.append(request)
        self._intake.wakeup.set()

    def is_idle(self) -> bool:
        """Whether nothing is held and nobody waits."""
        return self._intake.is_empty() and not self._backlog.held_events and not self.requests

    def is_backing_off(self, now_s: float) -> bool:
        """Whether something is held that may not be tried again yet."""
        return bool(self._backlog.held_events) and self._backlog.next_due_s() > now_s

    def run(self, may_end: Callable[[], bool]) -> None:
        """Work until a request says to stop and ``may_end`` agrees."""
        senders = Senders(self._destination.perform, self._intake.wakeup.set, SENDERS)
        while True:
            try:
                self._turn(senders)
            except Exception:  # noqa: BLE001 - a bug, or no memory: say so, go on with what is left
                complain()
                self._intake.wakeup.wait(REPORT_INTERVAL_S)
            stop = self._stop
            if stop is not None and not self._open and self.is_idle():
                self._report(math.inf)
                if may_end():
                    break
            self._intake.wakeup.wait(self._sleep_s(senders))
        self._end_stop()
        senders.stop()
        stop.answered.set()

    def drive(self, until_s: float) -> None:
        """Deliver in the calling thread until nothing is held or the time has come."""
        while True:
            now_s = self._clock.monotonic_s()
            self._take(now_s)
            self._backlog.hasten(now_s)  # nobody will come back later to see to it
            job = self._backlog.next_job(now_s, self._now_ms())
            if job is not None:
                outcome = Outcome(Verdict.RETRY, "interrupted")
                try:
                    with calling_inline():
                        outcome = self._destination.perform(job)
                finally:
                    self._resolve(job, outcome)
                continue
            self._after_acting(now_s)
            if self.is_idle() or now_s >= until_s:
                self._report(math.inf)
                self._end_stop()
                return
            due_s = min(self._backlog.next_due_s(), until_s)
            self._intake.wakeup.wait(due_s - now_s)

    def _turn(self, senders: Senders) -> None:
        for job, outcome in senders.answers():
            self._resolve(job, outcome)
        now_s = self._clock.monotonic_s()
        self._take(now_s)
        while senders.has_room():
            next_job = self._backlog.next_job(now_s, self._now_ms())
            if next_job is None:
                break
            senders.submit(next_job)
        self._after_acting(now_s)

    def _take(self, now_s: float) -> None:
        # Requests first: what was logged before one of them is then among what is taken.
        requests = [self.requests.popleft() for _ in range(len(self.requests))]
        backlog = self._backlog
        # Before taking, not after: else there would be no room for what comes in meanwhile, and
        # the newest would be dropped for the oldest.
        backlog.shed(self._shed_to_bytes - self._intake.waiting_bytes)
        self._intake.set_beyond(backlog.held_bytes)
        taken = self._intake.take()
        lost = self._ledger.lost_so_far
        for stream, timestamp_ms, text in taken.records:
            backlog.add(stream, timestamp_ms, text, arrived_s=taken.since_s, now_s=now_s)
        if taken.dropped:
            detail = self._ledger.because("max_queue_size was reached")
            self._ledger.lose(LossReason.QUEUE_FULL, taken.dropped, detail)
        backlog.shed(self._shed_to_bytes)
        pressed = backlog.held_bytes > self._hasten_at_bytes or self._intake.has_waiters()
        if taken.urgent or pressed:
            backlog.hasten(now_s)
        for request in requests:
            request.flush = backlog.flush(now_s)
            # What could not even be held (empty, too large) was logged before the request as well.
            request.flush.lossless = self._ledger.lost_so_far == lost
            if request.abandon or request.stop:
                backlog.hurry(now_s)
            if request.stop:
                self._stop = request
            self._open.append(request)
        if self._stop is not None and self._stop.revoked:
            if self._stop not in self._open:
                self._stop.answered.set()
            self._end_stop()

    def _end_stop(self) -> None:
        self._stop = None
        self._backlog.relax()

    def _resolve(self, job: Job, outcome: Outcome) -> None:
        self._backlog.resolve(job, outcome, now_s=self._clock.monotonic_s(), jitter=self._jitter())

    def _after_acting(self, now_s: float) -> None:
        for request in list(self._open):
            if self._is_over(request, now_s):
                self._open.remove(request)
                if request.abandon:  # the end, as far as anybody knows: leave nothing unsaid
                    self._report(math.inf)
                if not request.stop or request.revoked:
                    request.answered.set()
        self._report(now_s)
        self._intake.set_beyond(self._backlog.held_bytes)

    def _is_over(self, request: Request, now_s: float) -> bool:
        flush = request.flush
        if flush is None or flush.done:
            return True
        if now_s < request.deadline_s:
            return False
        if request.abandon and not request.revoked:
            detail = self._ledger.because("not delivered in time")
            self._backlog.abandon(LossReason.SHUTDOWN, detail)
        else:
            self._backlog.forget_flush(flush)
        return True

    def _report(self, now_s: float) -> None:
        if self._ledger.has_news and now_s >= self._report_at_s:
            self._report_at_s = self._clock.monotonic_s() + REPORT_INTERVAL_S
            self._on_losses(self._ledger.take_losses())

    def _sleep_s(self, senders: Senders) -> float:
        now_s = self._clock.monotonic_s()
        due_s = self._backlog.next_due_s() if senders.has_room() else math.inf
        news_s = self._report_at_s if self._ledger.has_news else math.inf
        next_s = min(due_s, news_s, *(request.deadline_s for request in self._open), math.inf)
        self._intake.arm(asleep_for_s=next_s - now_s)
        return next_s - now_s

    def _now_ms(self) -> int:
        return int(self._clock.wall_s() * 1000)
