"""The worker: takes what came in, acts on what is due, sleeps until the next deadline.

It owns the backlog, which therefore needs no lock. It never waits for the network: the senders do.
So whatever hangs, it still bounds the memory, keeps the deadlines and answers those who wait.
"""

from __future__ import annotations

import math
from collections import deque
from operator import itemgetter

from logspire.core.ledger import LossReason
from logspire.core.retry import Outcome, Verdict
from logspire.core.stream import Batch
from logspire.delivery.report import Reporter, Trouble, complain
from logspire.delivery.senders import Senders, calling_inline, is_own_thread
from logspire.delivery.wakeup import Wakeup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from logspire.core.backlog import Backlog
    from logspire.core.flush import Flush
    from logspire.core.ledger import Ledger
    from logspire.core.stream import Job
    from logspire.delivery.clock import Clock
    from logspire.delivery.destination import Destination
    from logspire.delivery.intake import Intake, Record, Taken

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
        self.answered = Wakeup()
        """Set when everything is delivered or given up, or the deadline has passed."""

    @property
    def succeeded(self) -> bool:
        """Whether everything was delivered."""
        return self.flush is not None and self.flush.done and self.flush.lossless


class Worker:
    """The loop around a backlog.

    `run` is the life of the worker thread; `drive` does the same in a thread of the application,
    where none can start. Never both at once: ``Crew`` sees to that.
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
        reporter: Reporter,
        report_losses: Callable[[], None],
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        self._intake = intake
        self._backlog = backlog
        self._ledger = ledger
        self._destination = destination
        self._shed_to_bytes = shed_to_bytes
        self._hasten_at_bytes = hasten_at_bytes
        self._reporter = reporter
        self._report_losses = report_losses
        self._clock = clock
        self._jitter = jitter
        self._requests: deque[Request] = deque()
        self._open: list[Request] = []
        self._ending = False
        self._report_at_s = -math.inf
        self._trouble = Trouble(destination.name)

    def ask(self, request: Request) -> None:
        """Hand over a request, from any thread."""
        with self._intake.lock:  # a worker that is just ending sees it, or has ended: see Crew
            self._requests.append(request)
        self._intake.wakeup.set()

    def is_idle(self) -> bool:
        """Whether nothing is held and nobody waits."""
        waits = self._requests or self._open or self._backlog.held_events
        return self._intake.is_empty() and not waits

    def new_senders(self) -> Senders:
        """Return senders for `run`."""
        return Senders(self._destination, self._intake.wakeup.set, SENDERS)

    def run(self, senders: Senders, may_end: Callable[[], bool]) -> None:
        """Work until a request says to stop and ``may_end`` agrees; then touch nothing any more."""
        while is_own_thread():  # else it is a copy, woken in a forked child before it is ended
            try:
                self._turn(senders)
                if self._ending and self.is_idle() and self._end(may_end):
                    return
                sleep_s = self._sleep_s(senders)
            except BaseException:  # noqa: BLE001 - a bug, or no memory: say so, go on with the rest
                complain()
                sleep_s = REPORT_INTERVAL_S
            self._intake.wakeup.wait(sleep_s)

    def _end(self, may_end: Callable[[], bool]) -> bool:
        self._report(math.inf)
        self._set_ending(ending=False)
        if may_end():
            return True
        self._ending = True  # somebody asked meanwhile; only new records revoke the end
        return False

    def drive(self, until_s: float, *, patient: bool) -> None:
        """Deliver in the calling thread until nothing is held or the time has come.

        Args:
            until_s: monotonic time after which no call is started.
            patient: wait for what is not due yet.
        """
        while True:
            now_s = self._clock.monotonic_s()
            self._take(now_s)
            self._backlog.hasten(now_s)  # nobody will come back later to see to it
            job = self._backlog.next_job(now_s, self._now_ms()) if now_s < until_s else None
            if job is not None:
                self._perform(job)
                if self._clock.monotonic_s() < until_s:
                    with calling_inline():
                        self._destination.tend()
                continue
            self._after_acting(now_s)
            if self.is_idle() or now_s >= until_s or not patient:
                self._report(math.inf)
                self._set_ending(ending=False)
                return
            due_s = min(self._backlog.next_due_s(), until_s)
            self._intake.wakeup.wait(due_s - now_s)

    def _perform(self, job: Job) -> None:
        outcome = Outcome(Verdict.RETRY, "interrupted")
        try:
            with calling_inline():
                outcome = self._destination.perform(job)
        finally:
            self._resolve(job, outcome)

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
            self._trouble.note_call(now_s)
        self._after_acting(now_s)

    def _take(self, now_s: float) -> None:
        # Requests first: what was logged before one of them is then among what is taken.
        requests = [self._requests.popleft() for _ in range(len(self._requests))]
        backlog, intake = self._backlog, self._intake
        lost = self._ledger.lost_so_far
        # Room is made before taking, so that there is some for what comes in meanwhile. Where all
        # is in flight none can be made: then what came in stays in the intake, which drops its own
        # oldest. Otherwise the newest would go.
        room = self._shed_to_bytes - intake.waiting_bytes
        backlog.shed(room, now_s)
        intake.set_beyond(backlog.held_bytes)
        if backlog.held_bytes <= room or not backlog.held_events or requests:
            self._add_all(now_s)
        pressed = backlog.held_bytes > self._hasten_at_bytes or intake.has_waiters()
        if pressed:
            backlog.hasten(now_s)
        for request in requests:
            request.flush = backlog.flush(now_s)
            # What could not even be held (empty, too large) was logged before the request as well.
            request.flush.lossless = self._ledger.lost_so_far == lost
            if request.deadline_s < math.inf and (request.abandon or request.stop):
                backlog.hurry(now_s)
            self._ending |= request.stop
            self._open.append(request)

    def _add_all(self, now_s: float) -> None:
        taken = self._intake.take()
        if taken.records:
            self._set_ending(ending=False)  # the handler is in use again
        for stream, records in _by_stream(taken.records).items():
            _, times_ms, messages = zip(*records, strict=True)
            self._backlog.add(stream, times_ms, messages, arrived_s=taken.since_s, now_s=now_s)
        if taken.dropped:
            self._enter_dropped(taken)
        if taken.urgent:
            self._backlog.hasten(now_s)

    def _enter_dropped(self, taken: Taken) -> None:
        reason, rest = LossReason.QUEUE_FULL, taken.dropped
        detail = self._ledger.because("max_queue_size was reached")
        for stream, (count, first_ms, last_ms) in taken.dropped_from.items():
            rest -= count
            self._backlog.lose(
                stream, reason, detail, count=count, first_ms=first_ms, last_ms=last_ms
            )
        if rest:
            self._ledger.lose(reason, rest, detail)

    def _set_ending(self, *, ending: bool) -> None:
        if self._ending and not ending:
            self._backlog.relax()
        self._ending = ending

    def _resolve(self, job: Job, outcome: Outcome) -> None:
        now_s = self._clock.monotonic_s()
        self._backlog.resolve(job, outcome, now_s=now_s, jitter=self._jitter())
        # To refuse an event is an answer too. A creation, done or not, has not delivered anything.
        answered = outcome.verdict in (Verdict.DELIVERED, Verdict.REFUSED)
        if answered and isinstance(job, Batch):
            self._trouble.note_success()

    def _after_acting(self, now_s: float) -> None:
        self._backlog.tell(now_s, self._now_ms(), urgent=self._ending)
        over = [request for request in self._open if self._is_over(request, now_s)]
        if any(request.abandon for request in over):
            self._report(math.inf)  # the end, as far as anybody knows: leave nothing unsaid
        self._open = [request for request in self._open if request not in over]
        for request in over:
            request.answered.set()
        self._report(now_s)
        self._intake.set_beyond(self._backlog.held_bytes)

    def _is_over(self, request: Request, now_s: float) -> bool:
        flush = request.flush
        if flush is None:
            return True
        more = self._backlog.is_telling() or self._destination.has_chores()
        if flush.done and not (request.abandon and more):
            return True
        if now_s < request.deadline_s:
            return False
        if request.abandon and (self._ending or not request.stop):
            detail = self._ledger.because("not delivered in time")
            self._backlog.abandon(LossReason.SHUTDOWN, detail)
        else:
            self._backlog.forget_flush(flush)
        return True

    def _report(self, now_s: float) -> None:
        if self._ledger.has_news and now_s >= self._report_at_s:
            self._report_at_s = self._clock.monotonic_s() + REPORT_INTERVAL_S
            # Who listens slowly is told the sum later. But at the end nothing is left unsaid.
            if now_s == math.inf or not self._reporter.is_busy():
                self._reporter.say(self._report_losses)
        if self._trouble.due_s() <= now_s < math.inf:
            if self._backlog.held_events:
                self._reporter.say(self._trouble.line(self._ledger.last_error))
            else:
                self._trouble.note_success()  # what it was about has been given up

    def _sleep_s(self, senders: Senders) -> float:
        now_s = self._clock.monotonic_s()
        due_s = self._backlog.next_due_s() if senders.has_room() else math.inf
        news_s = self._report_at_s if self._ledger.has_news else math.inf
        next_s = min(
            due_s,
            news_s,
            self._backlog.next_notice_s(),
            self._trouble.due_s(),
            *(request.deadline_s for request in self._open),
        )
        self._intake.arm(asleep_for_s=next_s - now_s)
        return next_s - now_s

    def _now_ms(self) -> int:
        return int(self._clock.wall_s() * 1000)


def _by_stream(records: list[Record]) -> dict[str, list[Record]]:
    """Return records by their stream, each in the order in which they came in."""
    streams = set(map(itemgetter(0), records))
    if len(streams) == 1:
        return {streams.pop(): records}
    parts: dict[str, list[Record]] = {}
    for record in records:
        parts.setdefault(record[0], []).append(record)
    return parts
