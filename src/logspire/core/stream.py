"""The events that wait for one log stream, and the batches cut from them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from logspire.core.ledger import LossReason

if TYPE_CHECKING:
    from logspire.core.event import Event
    from logspire.core.limits import Limits


@dataclass(eq=False)
class Batch:
    """Events for one call, within every limit of the destination."""

    __slots__ = ("events", "size_bytes", "stream", "urgent")

    stream: str
    events: list[Event]
    size_bytes: int
    urgent: bool


@dataclass(eq=False)
class Creation:
    """A call that creates a stream, and its group where that is missing too."""

    __slots__ = ("stream",)

    stream: str


Job = Batch | Creation

UNSCHEDULED: Final = (math.inf, 0)


class Stream:
    """What waits for one log stream, in the order of time, and where its delivery stands.

    At most one job of a stream is under way at a time: that keeps its events in order.
    """

    __slots__ = (
        "_arrivals_ordered",
        "_events",
        "_in_order",
        "_limits",
        "attempts",
        "count_cap",
        "job",
        "just_created",
        "missing",
        "name",
        "not_before_s",
        "scheduled",
        "size_bytes",
        "urgent",
    )

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self.size_bytes = 0
        self.job: Job | None = None
        self.attempts = 0
        """Failed calls in a row."""
        self.not_before_s = -math.inf
        """No call before this time."""
        self.missing = False
        """The service said that the stream is not there: create it next."""
        self.just_created = False
        self.urgent = False
        """Send what is here without waiting for company."""
        self.count_cap = limits.batch_count
        """Fewer than the limit while a refused event is searched for by halving."""
        self.scheduled = UNSCHEDULED
        """Used by the schedule in ``Backlog``: when it is due, and its turn among equals."""
        self._limits = limits
        self._events: deque[Event] = deque()
        self._in_order = True
        self._arrivals_ordered = True

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: Event) -> bool:
        """Append an event; time order is restored when a batch is cut.

        Returns:
            Whether it may change when a batch is due: the first event does, and the one that
            fills a batch. (Looking at each event of a long queue would be too slow.)
        """
        events, before = self._events, self.size_bytes
        if events and event.timestamp_ms < events[-1].timestamp_ms:
            self._in_order = self._arrivals_ordered = False
        events.append(event)
        self.size_bytes = after = before + event.size_bytes
        limits = self._limits
        return len(events) in (1, limits.batch_count) or before < limits.batch_bytes <= after

    def is_full(self) -> bool:
        """Whether a batch would be full, so that waiting for company is of no use."""
        limits = self._limits
        return self.size_bytes >= limits.batch_bytes or len(self._events) >= limits.batch_count

    def oldest_arrival_s(self) -> float:
        """Return since when the longest-waiting event waits."""
        if self._arrivals_ordered:
            return self._events[0].arrived_s
        return min(event.arrived_s for event in self._events)

    def cut(self) -> Batch:
        """Remove and return the next batch: as many of the oldest events as one call may have.

        Greedy from the oldest on, so that a later batch never holds an event older than an
        earlier one among those that were here.
        """
        self._sort()
        limits, waiting = self._limits, self._events
        taken: list[Event] = []
        room = limits.batch_bytes
        last_ms = waiting[0].timestamp_ms + limits.span_ms if limits.span_ms else math.inf
        while waiting and len(taken) < self.count_cap:
            event = waiting[0]
            if event.size_bytes > room or event.timestamp_ms >= last_ms:
                break
            room -= event.size_bytes
            taken.append(waiting.popleft())
        size = limits.batch_bytes - room
        batch = Batch(self.name, taken, size, self.urgent)
        self._removed(size)
        return batch

    def put_back(self, batch: Batch) -> None:
        """Return the events of a batch that was not stored, in front of what came since."""
        events = self._events
        if events and batch.events[-1].timestamp_ms > events[0].timestamp_ms:
            self._in_order = self._arrivals_ordered = False
        first_s = batch.events[0].arrived_s
        if any(event.arrived_s < first_s for event in batch.events):
            self._arrivals_ordered = False  # forgotten if the batch had left nothing behind
        events.extendleft(reversed(batch.events))
        self.size_bytes += batch.size_bytes
        self.urgent |= batch.urgent

    def cut_outside(self, now_ms: int, latest_ms: float) -> list[tuple[Event, LossReason]]:
        """Remove and return the events that the destination would not take, or no longer.

        Args:
            now_ms: wall-clock time now.
            latest_ms: the latest that it ever was: the clock may have been set back.
        """
        self._sort()
        limits, waiting = self._limits, self._events
        outside = []
        if limits.age_ms is not None:
            while waiting and waiting[0].timestamp_ms < now_ms - limits.age_ms:
                outside.append((waiting.popleft(), LossReason.TOO_OLD))
        if limits.ahead_ms is not None:
            while waiting and waiting[-1].timestamp_ms > latest_ms + limits.ahead_ms:
                outside.append((waiting.pop(), LossReason.TOO_NEW))
        self._removed(sum(event.size_bytes for event, _ in outside))
        return outside

    def oldest_timestamp_ms(self) -> int:
        """Return the time of the oldest event that waits."""
        self._sort()
        return self._events[0].timestamp_ms

    def pop_oldest(self) -> Event:
        """Remove and return the oldest event that waits."""
        self._sort()
        event = self._events.popleft()
        self._removed(event.size_bytes)
        return event

    def pop_all(self) -> list[Event]:
        """Remove and return all events that wait, in no particular order."""
        events = list(self._events)
        self._events.clear()
        self._removed(self.size_bytes)
        return events

    def _sort(self) -> None:
        if not self._in_order:
            # Stable: events of the same millisecond stay in the order in which they were logged.
            self._events = deque(sorted(self._events, key=lambda event: event.timestamp_ms))
            self._in_order = True

    def _removed(self, size_bytes: int) -> None:
        self.size_bytes -= size_bytes
        if not self._events:
            self.urgent = False
            self._in_order = self._arrivals_ordered = True
