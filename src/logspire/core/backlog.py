"""Everything that waits to be sent, and the decisions about it.

The one object that the shell drives::

    backlog.add(...)                    what came in
    job = backlog.next_job(now_s, ...)  what is to be sent now, if anything
    backlog.resolve(job, outcome, ...)  what became of it
    backlog.next_due_s()                when to look again

It belongs to one thread. It never looks at a clock: monotonic seconds (``now_s``) rule how long
things wait, wall-clock milliseconds (``now_ms``) only what the destination still takes.
"""

from __future__ import annotations

import heapq
import itertools
import math

from logspire.core import event as texts
from logspire.core.columns import Events, Origin, Whole
from logspire.core.holdings import Holdings
from logspire.core.ledger import LossReason
from logspire.core.retry import (
    BACKOFF_CAP_S,
    HURRIED_CAP_S,
    Action,
    Gate,
    Outcome,
    Verdict,
    decide,
)
from logspire.core.schedule import UNSCHEDULED, Schedule
from logspire.core.stream import BESIDE_BYTES, Batch, Creation, Job, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from logspire.core.event import Oversize
    from logspire.core.flush import Flush
    from logspire.core.ledger import Ledger
    from logspire.core.limits import Limits

_REFUSALS = (Action.HALVE, Action.GIVE_UP)


class Backlog:
    """The records of one handler on their way to a destination.

    Args:
        limits: what the destination takes; already lowered by the user's own wishes.
        send_interval_s: the longest that an event waits for company, in seconds.
        oversize: what to do with a message over ``limits.event_bytes``.
        ledger: where losses and deliveries are entered.
        beside_bytes: how much must wait before several batches of a stream are under way.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        send_interval_s: float,
        oversize: Oversize,
        ledger: Ledger,
        beside_bytes: int = BESIDE_BYTES,
    ) -> None:
        self._beside_bytes = beside_bytes
        self._limits = limits
        self._send_interval_s = send_interval_s
        self._oversize = oversize
        self._ledger = ledger
        self._streams: dict[str, Stream] = {}
        self._schedule = Schedule()
        self._gate = Gate()
        self._held = Holdings(ledger)
        self._flushes = self._held.flushes
        self._latest_ms = -math.inf
        self._hurried = False
        self._in_use = False
        """Whether there was a record since the last `abandon`."""

    @property
    def held_bytes(self) -> int:
        """Memory of what is held, in flight included."""
        return self._held.memory_bytes

    @property
    def held_events(self) -> int:
        """How many events are held, in flight included."""
        return self._held.events

    def add(
        self,
        stream: str,
        times_ms: Sequence[int],
        messages: Sequence[str],
        *,
        arrived_s: float,
        now_s: float,
    ) -> None:
        """Take over records: one event each, or several where one has to be split.

        Args:
            stream: a legal stream name.
            times_ms: the times of the records, milliseconds since 1970.
            messages: the formatted messages.
            arrived_s: monotonic time since when they wait.
            now_s: monotonic time now.
        """
        sizes = texts.plain_sizes(messages, self._limits)
        origin = Origin(arrived_s, self._flushes.epoch)
        start = 0
        while start < len(sizes):
            try:
                odd = sizes.index(0, start)
            except ValueError:
                odd = len(sizes)
            if start < odd:
                run = slice(start, odd)
                self._hold(
                    stream, Events.of(times_ms[run], messages[run], sizes[run], origin), now_s
                )
            if odd < len(sizes):
                self._add_odd(stream, times_ms[odd], messages[odd], arrived_s, now_s)
            start = odd + 1

    def _add_odd(
        self, stream: str, time_ms: int, message: str, arrived_s: float, now_s: float
    ) -> None:
        """Take over a record that cannot be sent just as it is."""
        try:
            pieces, was_cut = texts.prepare(message, self._limits, self._oversize)
        except texts.UnsendableError as no:
            self.lose(stream, no.reason, str(no), first_ms=time_ms, last_ms=time_ms)
            return
        self._ledger.split += was_cut
        whole = Whole(len(pieces), time_ms) if len(pieces) > 1 else None
        origin = Origin(arrived_s, self._flushes.epoch, whole)
        messages, sizes = zip(*pieces, strict=True)
        self._hold(stream, Events.of([time_ms] * len(pieces), messages, sizes, origin), now_s)

    def _hold(self, stream: str, events: Events, now_s: float) -> None:
        lane = self._streams.get(stream)
        if lane is None:
            lane = self._streams[stream] = Stream(stream, self._limits, self._beside_bytes)
            self._in_use = True
        self._held.hold(events)
        if lane.add(events):
            self._reschedule(lane, now_s)

    def lose(
        self,
        stream: str,
        reason: LossReason,
        detail: str,
        *,
        count: int = 1,
        first_ms: float,
        last_ms: float,
    ) -> None:
        """Enter records as lost that are not held: in the books, and for the stream to be told."""
        self._in_use = True
        loss = reason, detail
        self._held.lose(stream, loss, count=count, first_ms=first_ms, last_ms=last_ms)

    def tell(self, now_s: float, now_ms: int, *, urgent: bool) -> None:
        """Add the events that tell streams of missing records, if the service is well.

        Not after `abandon`, until the next record: it would keep busy what is to end.

        Args:
            now_s: monotonic time now.
            now_ms: wall-clock time now, milliseconds since 1970.
            urgent: do not wait for what else may get lost.
        """
        if not self._may_tell():
            return
        urgent |= self._hurried
        room = self._limits.event_bytes - self._limits.overhead_bytes
        for gap in self._held.notices.take_due(now_s, self._send_interval_s, urgent=urgent):
            text = texts.repair(gap.text())
            if len(text.encode()) > room:
                text = texts.truncate(text, room)
            size = len(text.encode()) + self._limits.overhead_bytes
            time_ms = gap.time_ms(now_ms, self._limits.age_ms or math.inf)
            since_s = now_s - self._send_interval_s  # it has waited already
            origin = Origin(since_s, self._flushes.epoch, gap)
            self._hold(gap.stream, Events.of([time_ms], [text], [size], origin), now_s)

    def next_notice_s(self) -> float:
        """Return when `tell` may have something to do; ``inf`` if only an answer can change it."""
        return (
            self._held.notices.next_due_s(self._send_interval_s) if self._may_tell() else math.inf
        )

    def is_telling(self) -> bool:
        """Whether notices of missing records are on their way."""
        return self._held.notices.are_under_way()

    def flush(self, now_s: float) -> Flush:
        """Make everything that is held due now, and return a handle that tells when it is gone."""
        request = self._flushes.begin()
        self.hasten(now_s)
        self._flushes.close_done()
        return request

    def forget_flush(self, request: Flush) -> None:
        """Stop keeping track of a request that nobody waits for any more."""
        self._flushes.forget(request)

    def hasten(self, now_s: float) -> None:
        """Make everything that is held due now."""
        for lane in self._streams.values():
            lane.urgent = bool(len(lane))
            for job in lane.jobs:
                if isinstance(job, Batch):
                    job.urgent = True
            self._reschedule(lane, now_s)

    def hurry(self, now_s: float) -> None:
        """Everything is due, now and from now on, and no wait is long: the end is near."""
        self._hurried = True
        self._gate.open()
        for lane in self._streams.values():
            lane.not_before_s = -math.inf
        self.hasten(now_s)

    def relax(self) -> None:
        """Take back `hurry`: there is time again."""
        self._hurried = False

    def next_due_s(self) -> float:
        """Return the monotonic time of the next job, ``inf`` if none comes before an answer does.

        While the destination fails, that is one job at a time, after a wait: see `Gate`.
        """
        return max(self._schedule.due_s(), self._gate.opens_s())

    def next_job(self, now_s: float, now_ms: int) -> Job | None:
        """Return the most overdue job, if one is due; it then is under way until `resolve`."""
        # A clock that is set back does not make the records of before too new: the service, whose
        # clock is right, rejects by itself, and one by one, those that are.
        self._latest_ms = max(self._latest_ms, now_ms)
        while self.next_due_s() <= now_s:
            lane = self._schedule.pop()
            if lane.jobs and lane.beside_s(now_s) > now_s:  # the last has not even left
                self._reschedule(lane, now_s)
                continue
            for events, reason in lane.cut_outside(now_ms, self._latest_ms):
                detail = self._ledger.because("the service would refuse it")
                self._held.settle(lane.name, events, (reason, detail))
            self._flushes.close_done()
            if len(lane):
                job = Creation(lane.name) if lane.missing else lane.cut(now_s)
                lane.jobs.append(job)
                self._gate.started(job)
                self._reschedule(lane, now_s)
                return job
            self._forget_if_idle(lane)
        return None

    def resolve(self, job: Job, outcome: Outcome, *, now_s: float, jitter: float) -> None:
        """Act on the answer to a job.

        Args:
            job: from `next_job`; one that was given up since is passed over.
            outcome: what became of it.
            now_s: monotonic time now.
            jitter: a random number, ``0 <= jitter <= 1``.
        """
        lane = self._streams.get(job.stream)
        if lane is None or job not in lane.jobs:
            return
        lane.jobs.remove(job)
        lane.scheduled = UNSCHEDULED
        verdict, cap_s = outcome.verdict, self._backoff_cap_s()
        self._gate.answered(job, verdict, now_s=now_s, jitter=jitter, cap_s=cap_s)
        not_there_yet = verdict is Verdict.MISSING and isinstance(job, Batch)
        if verdict is not Verdict.DELIVERED and (lane.just_created or not not_there_yet):
            self._ledger.last_error = outcome.detail
        if isinstance(job, Creation):
            lane.missing = False  # whatever the answer: the put comes next, it may work anyway
            lane.just_created = verdict is Verdict.DELIVERED
            if not lane.just_created:
                self._fail(lane, verdict, 0, now_s, jitter)
        else:
            self._resolve_batch(lane, job, outcome, now_s, jitter)
        self._reschedule(lane, now_s)
        self._forget_if_idle(lane)
        self._flushes.close_done()

    def shed(self, held_bytes: float, now_s: float) -> None:
        """Give up the oldest events that wait until at most ``held_bytes`` are held."""
        if self.held_bytes <= held_bytes:
            return
        oldest = [
            (lane.oldest_timestamp_ms(), turn, lane)
            for turn, lane in enumerate(self._streams.values())
            if len(lane)
        ]
        heapq.heapify(oldest)
        detail = self._ledger.because("max_queue_size was reached")
        while oldest and self.held_bytes > held_bytes:
            _, turn, lane = heapq.heappop(oldest)
            next_ms, next_turn, _ = oldest[0] if oldest else (math.inf, math.inf, None)
            until_ms = next_ms if turn < next_turn else next_ms - 1
            events = lane.pop_oldest(self.held_bytes - held_bytes, until_ms)
            self._held.settle(lane.name, events, (LossReason.QUEUE_FULL, detail))
            if len(lane):
                heapq.heappush(oldest, (lane.oldest_timestamp_ms(), turn, lane))
                if lane.jobs:  # what is left may go beside them now
                    self._reschedule(lane, now_s)
            else:
                lane.scheduled = UNSCHEDULED
                self._forget_if_idle(lane)
        self._flushes.close_done()

    def abandon(self, reason: LossReason, detail: str) -> None:
        """Give up everything that is held, in flight included."""
        lanes = list(self._streams.values())
        if not self._ledger.last_error and any(lane.jobs for lane in lanes):
            detail += "; no answer so far"
        for lane in lanes:
            under_way = [job.events for job in lane.jobs if isinstance(job, Batch)]
            for events in [*under_way, *lane.pop_all()]:
                self._held.settle(lane.name, events, (reason, detail))
        self._held.settle_all()
        self._streams.clear()
        self._schedule.clear()
        self._gate = Gate()  # no answer counts any more, so none must be waited for
        self._in_use = False
        self._flushes.close_done()

    # -- what becomes of a batch ------------------------------------------------------------

    def _resolve_batch(
        self, lane: Stream, batch: Batch, outcome: Outcome, now_s: float, jitter: float
    ) -> None:
        if outcome.verdict is Verdict.DELIVERED:
            self._deliver(lane, batch, outcome)
            return
        action = self._fail(lane, outcome.verdict, len(batch.events), now_s, jitter)
        if action is Action.GIVE_UP:
            self._held.settle(lane.name, batch.events, (LossReason.REFUSED, outcome.detail))
            return
        lane.put_back(batch)
        if action is Action.HALVE:
            lane.urgent = True
            lane.count_cap = len(batch.events) // 2

    def _fail(
        self, lane: Stream, verdict: Verdict, events_sent: int, now_s: float, jitter: float
    ) -> Action:
        decision = decide(
            verdict,
            events=events_sent,
            attempts=lane.attempts,
            just_created=lane.just_created,
            jitter=jitter,
            cap_s=self._backoff_cap_s(),
        )
        lane.missing = decision.action is Action.CREATE
        lane.just_created = lane.is_well = False
        lane.setbacks += 1
        # A refusal is an answer: the service is there, and waiting would not change its mind.
        lane.attempts = 0 if decision.action in _REFUSALS else lane.attempts + 1
        lane.not_before_s = now_s + decision.delay_s
        return decision.action

    def _backoff_cap_s(self) -> float:
        return HURRIED_CAP_S if self._hurried else BACKOFF_CAP_S

    def _deliver(self, lane: Stream, batch: Batch, outcome: Outcome) -> None:
        self._ledger.last_error = None
        if batch.setbacks == lane.setbacks:  # otherwise it tells of a time before a failure
            lane.attempts = 0
            lane.just_created = False
            lane.is_well = True
            lane.not_before_s = -math.inf
            # After a halving: back to full batches in steps, as there may be more refused events.
            lane.count_cap = min(lane.count_cap * 2, self._limits.batch_count)
        count = len(batch.events)
        reasons: dict[int, LossReason] = {}
        for rejection in outcome.rejected:
            # Clamped: an index from the network may be anything.
            for index in range(max(rejection.start, 0), min(rejection.stop, count)):
                reasons.setdefault(index, rejection.reason)
        for reason, indexes in itertools.groupby(range(count), reasons.get):
            run = list(indexes)
            events = batch.events.part(run[0], run[-1] + 1) if reasons else batch.events
            loss = None if reason is None else (reason, outcome.detail)
            self._held.settle(lane.name, events, loss)
        self._ledger.batches += 1
        self._ledger.entity_rejected += outcome.entity_rejected

    def _may_tell(self) -> bool:
        return self._in_use and not self._gate.is_shut()

    # -- when a stream is due ---------------------------------------------------------------

    def _reschedule(self, lane: Stream, now_s: float) -> None:
        if not len(lane):
            return
        if lane.jobs:
            due = lane.beside_s(now_s)
        else:
            due = lane.oldest_arrival_s() + self._send_interval_s
            if self._hurried or lane.urgent or lane.attempts or lane.is_full():
                due = min(due, now_s)
        self._schedule.plan(lane, max(due, lane.not_before_s))

    def _forget_if_idle(self, lane: Stream) -> None:
        if not lane.jobs and not len(lane):
            self._streams.pop(lane.name, None)
