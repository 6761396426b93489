"""The events that wait for one log stream, and the batches cut from them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque

from logspire.core.columns import Events
from logspire.core.ledger import LossReason
from logspire.core.schedule import UNSCHEDULED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from logspire.core.limits import Limits

# A request that has no answer so long after it went out is on a long way: the next batch may go
# beside it. Longer than a call takes nearby, where one after the other is as fast.
STAGGER_S: Final = 0.01
# It is worth it for so many bytes that wait: less is soon gone one after the other.
BESIDE_BYTES: Final = 256 * 1024
# Fewer than there are senders: where the calls of one stream hang, others still have one.
MOST_JOBS: Final = 3
# Few events come in one at a time: these are put together, up to so many.
_CHUNK_EVENTS: Final = 4096


class Batch:
    """Events for one call, within every limit of the destination."""

    __slots__ = ("cut_s", "events", "left_s", "setbacks", "size_bytes", "stream", "urgent")

    def __init__(
        self,
        stream: str,
        events: Events,
        size_bytes: int,
        *,
        urgent: bool,
        setbacks: int,
        cut_s: float,
    ) -> None:
        self.stream = stream
        self.events = events
        self.cut_s = cut_s
        """Monotonic time at which it was handed out."""
        self.size_bytes = size_bytes
        self.urgent = urgent
        self.setbacks = setbacks
        """How many calls for its stream had failed when it was cut."""
        self.left_s: float | None = None
        """Monotonic time at which the request went out; the destination may enter it while it
        calls. Only then may another batch go out beside this one."""


class Creation:
    """A call that creates a stream, and its group where that is missing too."""

    __slots__ = ("stream",)

    def __init__(self, stream: str) -> None:
        self.stream = stream


Job = Batch | Creation


class Stream:
    """What waits for one log stream, in the order of time, and where its delivery stands.

    Batches leave in the order of time. A second one may leave before the first is answered, if
    that keeps the order for whoever reads: see `beside_s`.
    """

    __slots__ = (
        "_beside_bytes",
        "_chunks",
        "_count",
        "_late",
        "_limits",
        "attempts",
        "count_cap",
        "is_well",
        "jobs",
        "just_created",
        "missing",
        "name",
        "not_before_s",
        "scheduled",
        "setbacks",
        "size_bytes",
        "urgent",
    )

    def __init__(self, name: str, limits: Limits, beside_bytes: int) -> None:
        self.name = name
        self._beside_bytes = beside_bytes
        self.size_bytes = 0
        self.jobs: list[Job] = []
        """What is under way, in the order in which it left."""
        self.is_well = False
        """A batch that was cut after the last failure is stored."""
        self.setbacks = 0
        """Failed calls, ever."""
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
        """Used by ``Schedule``: when it is due, and its turn among equals."""
        self._limits = limits
        # Each in the order of time, and none begins before the end of the one before.
        self._chunks: deque[Events] = deque()
        # What came in since `_sort`, older than the end of the chunks: from several threads some
        # are always late. Sorted when it matters, once for all of them.
        self._late: list[Events] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, events: Events) -> bool:
        """Add events that came in.

        Returns:
            Whether it may change when a batch is due: the first event does, the one that fills a
            batch, and the one that makes it worth while to send two. (Looking at each event of a
            long queue would be too slow.)
        """
        was_empty, was_full = not self._count, self.is_full()
        bytes_before = self.size_bytes
        self._count += len(events)
        self.size_bytes += sum(events.sizes)
        if self._chunks and events.times_ms[0] < self._chunks[-1].times_ms[-1]:
            in_time = bisect_left(events.times_ms, self._chunks[-1].times_ms[-1])
            self._append(events.pop_from(in_time))
            self._late.append(events)
        else:
            self._append(events)
        is_worth_it = bytes_before < self._beside_bytes <= self.size_bytes
        return was_empty or is_worth_it or self.is_full() > was_full

    def is_full(self) -> bool:
        """Whether a batch would be full, so that waiting for company is of no use."""
        limits = self._limits
        return self.size_bytes >= limits.batch_bytes or self._count >= limits.batch_count

    def oldest_arrival_s(self) -> float:
        """Return since when the longest-waiting event waits."""
        return min(events.oldest_arrival_s() for events in (*self._chunks, *self._late))

    def beside_s(self, now_s: float) -> float:
        """Return when the next batch may leave although there is one without an answer.

        Only where all is well, enough waits for it to be worth it, and no event of the next is as
        old as one of those under way: then readers, to whom the service shows events in the order
        of time, see the same, whichever arrives first.
        """
        last = self.jobs[-1]
        searching = self.count_cap < self._limits.batch_count
        may = self.is_well and self.is_full() and len(self.jobs) < MOST_JOBS
        may &= self.size_bytes >= self._beside_bytes
        if searching or not may or not isinstance(last, Batch):
            return math.inf
        if last.events.times_ms[-1] >= self.oldest_timestamp_ms():
            return math.inf
        if last.left_s is None:
            # Has it left by then? Ever less often: it may wait for a connection, or be a call of
            # which nobody hears when it leaves.
            return now_s + max(STAGGER_S, now_s - last.cut_s)
        return last.left_s + STAGGER_S

    def cut(self, now_s: float) -> Batch:
        """Remove and return the next batch: as many of the oldest events as one call may have.

        Greedy from the oldest on, so that a later batch never holds an event older than an
        earlier one among those that were here. It may leave out the last milliseconds if there is
        more than enough: then the next batch need not wait for the answer.
        """
        self._sort()
        limits, chunks, urgent = self._limits, self._chunks, self.urgent
        room, count, held_bytes = limits.batch_bytes, self.count_cap, self.size_bytes
        before_ms = chunks[0].times_ms[0] + limits.span_ms if limits.span_ms else math.inf
        taken = self._pop_first(chunks[0].fitting(count, room, before_ms))
        while chunks:
            left, taken_bytes = count - len(taken), held_bytes - self.size_bytes
            fitting = chunks[0].fitting(left, room - taken_bytes, before_ms)
            if not fitting:
                break
            taken.extend(self._pop_first(fitting))
        if self.is_full() and self.size_bytes >= self._beside_bytes:
            # Not for a single millisecond of which there is more than one batch.
            start = bisect_left(taken.times_ms, chunks[0].times_ms[0])
            if len(taken) - len(taken) // 8 <= start < len(taken):
                self._put_first(taken.pop_from(start))
        size_bytes, setbacks = sum(taken.sizes), self.setbacks
        return Batch(self.name, taken, size_bytes, urgent=urgent, setbacks=setbacks, cut_s=now_s)

    def put_back(self, batch: Batch) -> None:
        """Return the events of a batch that was not stored, in front of what came since."""
        self._sort()
        events, chunks = batch.events.part(0, len(batch.events)), self._chunks
        urgent = self.urgent or batch.urgent
        while chunks and chunks[0].times_ms[0] < events.times_ms[-1]:
            events.extend(self._pop_first(len(chunks[0])))
        self._put_first(events)
        self.urgent = urgent

    def cut_outside(self, now_ms: int, latest_ms: float) -> list[tuple[Events, LossReason]]:
        """Remove and return the events that the destination would not take, or no longer.

        Args:
            now_ms: wall-clock time now.
            latest_ms: the latest that it ever was: the clock may have been set back.
        """
        self._sort()
        limits, chunks = self._limits, self._chunks
        outside = []
        if limits.age_ms is not None:
            first_ms = now_ms - limits.age_ms
            while chunks and chunks[0].times_ms[0] < first_ms:
                old = self._pop_first(bisect_left(chunks[0].times_ms, first_ms))
                outside.append((old, LossReason.TOO_OLD))
        if limits.ahead_ms is not None:
            last_ms = latest_ms + limits.ahead_ms
            while chunks and chunks[-1].times_ms[-1] > last_ms:
                new = self._pop_last(bisect_right(chunks[-1].times_ms, last_ms))
                outside.append((new, LossReason.TOO_NEW))
        return outside

    def oldest_timestamp_ms(self) -> int:
        """Return the time of the oldest event that waits."""
        self._sort()
        return self._chunks[0].times_ms[0]

    def pop_oldest(self, memory_bytes: float, until_ms: float) -> Events:
        """Remove and return some of the oldest events, at least one.

        Args:
            memory_bytes: no more of them than take this much memory.
            until_ms: none of a later time, but for the first.
        """
        self._sort()
        return self._pop_first(max(1, self._chunks[0].taking(memory_bytes, until_ms)))

    def pop_all(self) -> list[Events]:
        """Remove and return all events that wait."""
        chunks = [*self._chunks, *self._late]
        self._chunks.clear()
        self._late.clear()
        self._count = self.size_bytes = 0
        self.urgent = False
        return chunks

    def _append(self, events: Events) -> None:
        chunks = self._chunks
        if chunks and len(chunks[-1]) + len(events) <= _CHUNK_EVENTS:
            chunks[-1].extend(events)
        elif len(events):
            chunks.append(events)

    def _sort(self) -> None:
        """Put what came late where it belongs, with what it overlaps with, and no more."""
        if not self._late:
            return
        events, chunks = Events.joined(self._late), self._chunks
        self._late = []
        newer = []
        while chunks and len(events) and events.times_ms[0] < chunks[-1].times_ms[-1]:
            chunk = chunks.pop()
            newer.append(events.pop_from(bisect_left(events.times_ms, chunk.times_ms[-1])))
            among = events.pop_from(bisect_left(events.times_ms, chunk.times_ms[0]))
            if len(among):
                overlap = chunk.pop_from(bisect_right(chunk.times_ms, among.times_ms[0]))
                overlap.extend(among)
                newer.append(overlap)
            newer.append(chunk)
        for part in (events, *reversed(newer)):
            self._append(part)

    def _put_first(self, events: Events) -> None:
        self._chunks.appendleft(events)
        self._count += len(events)
        self.size_bytes += sum(events.sizes)

    def _pop_first(self, count: int) -> Events:
        whole = count == len(self._chunks[0])
        return self._popped(self._chunks.popleft() if whole else self._chunks[0].pop_first(count))

    def _pop_last(self, start: int) -> Events:
        whole = start == 0
        return self._popped(self._chunks.pop() if whole else self._chunks[-1].pop_from(start))

    def _popped(self, events: Events) -> Events:
        self._count -= len(events)
        self.size_bytes -= sum(events.sizes)
        if not self._count:
            self.urgent = False
        return events
