"""What `Backlog` must do, said again: slow, in plain lists, with every rule written out once.

It repeats the rules, not the data structures: no heap, no flags that remember whether something
is sorted, nothing incremental. Time is a field that the test moves.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from logspire.core import event as events
from logspire.core.columns import memory_bytes
from logspire.core.ledger import LossReason
from logspire.core.limits import Limits
from logspire.core.retry import Rejection, Verdict
from logspire.core.stream import MOST_JOBS, STAGGER_S

TINY = Limits(
    batch_bytes=100,
    batch_count=4,
    event_bytes=40,
    overhead_bytes=3,
    span_ms=50,
    age_ms=100,
    ahead_ms=30,
)
SEND_INTERVAL_S = 2.0


def tiny_but(**changes: int | None) -> Limits:
    """Return `TINY` with some limits changed."""
    return Limits(**vars(TINY) | changes)


@dataclass(eq=False)
class Record:
    """What the application logged; lost when any of its pieces is."""

    pieces: int
    loss: LossReason | None = None
    pieces_left: int = field(init=False)

    def __post_init__(self) -> None:
        self.pieces_left = self.pieces


@dataclass(eq=False)
class Item:
    """One event: a record, or a piece of one."""

    record: Record
    number: int
    timestamp_ms: int
    message: str
    arrived_s: float

    @property
    def size_bytes(self) -> int:
        return len(self.message.encode()) + TINY.overhead_bytes


@dataclass(eq=False)
class Job:
    """Events under way, in the order of time."""

    items: list[Item]
    urgent: bool
    setbacks: int
    left_s: float


@dataclass(eq=False)
class Lane:
    """One stream. Each of its jobs is the events under way, none while it is created."""

    waiting: list[Item] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    well: bool = False
    setbacks: int = 0
    urgent: bool = False
    attempts: int = 0
    not_before_s: float = -math.inf
    missing: bool = False
    just_created: bool = False
    count_cap: int = TINY.batch_count
    due_s: float = math.inf
    turn: int = 0

    def take(self, items: list[Item]) -> None:
        self.waiting = [item for item in self.waiting if item not in items]
        self.urgent &= bool(self.waiting)


@dataclass
class OracleFlush:
    """The records that were held when a flush was asked for."""

    records: set[Record]

    @property
    def done(self) -> bool:
        return not any(record.pieces_left for record in self.records)

    @property
    def lossless(self) -> bool:
        return not any(record.loss and not record.pieces_left for record in self.records)


def by_time(items: list[Item]) -> list[Item]:
    """Time order; what has the same time stays in the order in which it was logged."""
    return sorted(items, key=lambda item: (item.timestamp_ms, item.number))


def loss_outside(timestamp_ms: int, now_ms: int, latest_ms: float) -> LossReason | None:
    """Why the service would not take an event of this time now, if the clock was ever right."""
    assert TINY.age_ms is not None
    assert TINY.ahead_ms is not None
    if timestamp_ms < now_ms - TINY.age_ms:
        return LossReason.TOO_OLD
    if timestamp_ms > latest_ms + TINY.ahead_ms:
        return LossReason.TOO_NEW
    return None


class Oracle:
    """The backlog, as anyone would write it who had all the time in the world."""

    def __init__(self, oversize: events.Oversize) -> None:
        self.now_s = 0.0
        self.now_ms = 1000
        self.latest_ms = -math.inf
        self.oversize = oversize
        self.lanes: dict[str, Lane] = {}
        self.records: list[Record] = []
        self.lost: Counter[LossReason] = Counter()
        self.delivered = 0
        self.batches = 0
        self.items = 0
        self.hurried = False
        self.turns = 0
        self.failures = 0
        self.opens_s = -math.inf
        self.probe: Job | None = None

    # -- questions ------------------------------------------------------------------------------

    def held(self) -> list[Item]:
        lanes = self.lanes.values()
        under_way = [item for lane in lanes for job in lane.jobs for item in job.items]
        return [item for lane in lanes for item in lane.waiting] + under_way

    def held_bytes(self) -> int:
        return sum(memory_bytes(item.message, item.record.pieces) for item in self.held())

    def held_records(self) -> int:
        return sum(record.pieces_left > 0 for record in self.records)

    def next_due_s(self) -> float:
        """While the destination fails: one job at a time, and a wait after each failure."""
        first_s = min((lane.due_s for lane in self.lanes.values()), default=math.inf)
        return math.inf if self.probe else max(first_s, self.opens_s)

    # -- operations -----------------------------------------------------------------------------

    def add(self, stream: str, timestamp_ms: int, text: str, arrived_s: float) -> None:
        messages = self._messages(events.repair(text))
        record = Record(len(messages))
        self.records.append(record)
        if not messages:
            return
        lane = self.lanes.setdefault(stream, Lane())
        for message in messages:
            self.items += 1
            lane.waiting.append(Item(record, self.items, timestamp_ms, message, arrived_s))
        self._announce()

    def jobs(self) -> dict[str, list[tuple[int, str]]]:
        """Start the jobs that are due, the most overdue first: (time, message) of each event."""
        started = {}
        self.latest_ms = max(self.latest_ms, self.now_ms)
        while self.next_due_s() <= self.now_s:
            stream = min(self.lanes, key=lambda s: (self.lanes[s].due_s, self.lanes[s].turn))
            lane = self.lanes[stream]
            lane.due_s = math.inf
            for item in list(lane.waiting):
                if reason := loss_outside(item.timestamp_ms, self.now_ms, self.latest_ms):
                    lane.take([item])
                    self._settle(item, reason)
            if lane.waiting:
                batch = [] if lane.missing else self._batch(lane)
                job = Job(batch, lane.urgent, lane.setbacks, self.now_s)
                lane.take(batch)
                lane.jobs.append(job)
                started[stream] = [(item.timestamp_ms, item.message) for item in batch]
                self.probe = job if self.failures else None
            self._announce()
        return started

    def resolve(
        self,
        stream: str,
        turn: int,
        verdict: Verdict,
        rejected: tuple[Rejection, ...],
        jitter: float,
    ) -> None:
        """Answer the job of a stream that was started as number ``turn`` of those under way."""
        lane = self.lanes[stream]
        job = lane.jobs.pop(turn)
        batch = job.items
        lane.due_s = math.inf
        self._answered(job, verdict, jitter)
        if verdict is Verdict.DELIVERED and not batch:
            lane.missing, lane.just_created = False, True
        elif verdict is Verdict.DELIVERED:
            self._delivered(lane, job, rejected)
        elif verdict is Verdict.REFUSED and batch:
            self._refused(lane, batch)
        else:
            self._failed(lane, job, verdict, jitter)
        self._announce()

    def hasten(self) -> None:
        for lane in self.lanes.values():
            lane.urgent = bool(lane.waiting)
            for job in lane.jobs:
                job.urgent = True
        self._announce()

    def flush(self) -> OracleFlush:
        self.hasten()
        return OracleFlush({item.record for item in self.held()})

    def hurry(self) -> None:
        self.hurried = True
        self.opens_s, self.probe = -math.inf, None
        for lane in self.lanes.values():
            lane.not_before_s = -math.inf
        self.hasten()

    def shed(self, held_bytes: int) -> None:
        """The oldest of all goes first; of two that are equally old that of the older stream."""
        turn = {stream: number for number, stream in enumerate(self.lanes)}
        while self.held_bytes() > held_bytes:
            oldest = {s: by_time(lane.waiting)[0] for s, lane in self.lanes.items() if lane.waiting}
            if not oldest:
                return
            stream = min(oldest, key=lambda s: (oldest[s].timestamp_ms, turn[s]))
            self.lanes[stream].take([oldest[stream]])
            self._settle(oldest[stream], LossReason.QUEUE_FULL)
            self._announce()

    def abandon(self, reason: LossReason) -> None:
        for item in self.held():
            self._settle(item, reason)
        self.lanes.clear()
        self.failures, self.opens_s, self.probe = 0, -math.inf, None

    # -- rules ----------------------------------------------------------------------------------

    def _messages(self, text: str) -> list[str]:
        room = TINY.event_bytes - TINY.overhead_bytes
        if text and len(text.encode()) <= room:
            return [text]
        if text and self.oversize == "split":
            return events.split(text, room)
        if text and self.oversize == "truncate":
            return [events.truncate(text, room)]
        self.lost[LossReason.TOO_LARGE if text else LossReason.EMPTY] += 1
        return []

    def _batch(self, lane: Lane) -> list[Item]:
        """As many of the oldest as one call may have."""
        assert TINY.span_ms is not None
        batch: list[Item] = []
        for item in by_time(lane.waiting):
            size = sum(other.size_bytes for other in [*batch, item])
            first_ms = batch[0].timestamp_ms if batch else item.timestamp_ms
            too_far = item.timestamp_ms - first_ms >= TINY.span_ms
            if len(batch) == lane.count_cap or size > TINY.batch_bytes or too_far:
                break
            batch.append(item)
        return batch

    def _due_s(self, lane: Lane) -> float:
        """When to send: after the interval; at once if asked to or full; never while waiting."""
        if not lane.waiting:
            return math.inf
        size = sum(item.size_bytes for item in lane.waiting)
        full = size >= TINY.batch_bytes or len(lane.waiting) >= TINY.batch_count
        if lane.jobs:
            return self._beside_s(lane) if full else math.inf
        due_s = min(item.arrived_s for item in lane.waiting) + SEND_INTERVAL_S
        if full or lane.urgent or self.hurried or lane.attempts or lane.missing:
            due_s = min(due_s, self.now_s)
        return max(due_s, lane.not_before_s)

    def _beside_s(self, lane: Lane) -> float:
        """A full batch need not wait for an answer where all is well and nothing can mix."""
        under_way = [item.timestamp_ms for job in lane.jobs for item in job.items]
        creating = not all(job.items for job in lane.jobs)
        older = min(item.timestamp_ms for item in lane.waiting) <= max(under_way, default=0)
        crowded = len(lane.jobs) == MOST_JOBS or lane.count_cap < TINY.batch_count
        no = creating or older or crowded or not lane.well
        return math.inf if no else lane.jobs[-1].left_s + STAGGER_S

    def _announce(self) -> None:
        """Idle streams are forgotten; of the others, a time once announced is not put off."""
        self.lanes = {s: lane for s, lane in self.lanes.items() if lane.waiting or lane.jobs}
        for lane in self.lanes.values():
            due_s = self._due_s(lane)
            if due_s < lane.due_s:
                self.turns += 1
                lane.turn = self.turns
            lane.due_s = min(lane.due_s, due_s) if due_s < math.inf else math.inf

    def _answered(self, job: Job, verdict: Verdict, jitter: float) -> None:
        """Any answer opens the gate for all; no answer shuts it, and frees the place of a probe."""
        if verdict not in (Verdict.RETRY, Verdict.DISCONNECTED):
            self.failures, self.opens_s, self.probe = 0, -math.inf, None
            return
        self.probe = None if job is self.probe else self.probe
        if verdict is Verdict.RETRY or self.failures:
            delay_s = self._backoff_s(self.failures, jitter)
            self.opens_s = max(self.opens_s, self.now_s + delay_s)
        self.failures += 1

    def _backoff_s(self, failures: int, jitter: float, patient_s: float = 5.0) -> float:
        return jitter * min(0.5 if self.hurried else patient_s, 0.1 * 2.0**failures)

    def _delivered(self, lane: Lane, job: Job, rejected: tuple[Rejection, ...]) -> None:
        for index, item in enumerate(job.items):
            reasons = [part.reason for part in rejected if part.start <= index < part.stop]
            self._settle(item, reasons[0] if reasons else None)
        self.batches += 1
        if job.setbacks < lane.setbacks:
            return
        lane.attempts, lane.just_created, lane.not_before_s = 0, False, -math.inf
        lane.well = True
        lane.count_cap = min(2 * lane.count_cap, TINY.batch_count)

    def _refused(self, lane: Lane, batch: list[Item]) -> None:
        """Half as many next time; a single event is the culprit."""
        if len(batch) == 1:
            self._settle(batch[0], LossReason.REFUSED)
        else:
            lane.waiting += batch
            lane.urgent = True
            lane.count_cap = len(batch) // 2
        lane.attempts, lane.just_created, lane.not_before_s = 0, False, self.now_s
        lane.well = lane.missing = False
        lane.setbacks += 1

    def _failed(self, lane: Lane, job: Job, verdict: Verdict, jitter: float) -> None:
        batch = job.items
        lane.waiting += batch
        lane.well = False
        lane.setbacks += 1
        lane.urgent |= bool(batch) and job.urgent  # what waits may have come since
        lane.missing = verdict is Verdict.MISSING and bool(batch) and not lane.just_created
        at_once = lane.missing or (verdict is Verdict.DISCONNECTED and lane.attempts == 0)
        broken = verdict in (Verdict.RETRY, Verdict.DISCONNECTED)
        patient_s = 30.0 if broken and not batch else 5.0
        delay_s = 0.0 if at_once else self._backoff_s(lane.attempts, jitter, patient_s)
        lane.attempts, lane.just_created, lane.not_before_s = (
            lane.attempts + 1,
            False,
            self.now_s + delay_s,
        )

    def _settle(self, item: Item, reason: LossReason | None) -> None:
        record = item.record
        record.loss = record.loss or reason
        record.pieces_left -= 1
        if record.pieces_left == 0 and record.loss:
            self.lost[record.loss] += 1
        elif record.pieces_left == 0:
            self.delivered += 1
