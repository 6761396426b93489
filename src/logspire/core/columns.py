"""Log events in columns, and what those that came in together have in common.

A list or array for each attribute instead of an object for each event: an event takes a third of
the memory, most steps are one call for thousands of them, and the garbage collector has nothing to
walk through.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from logspire.core.ledger import LossReason
    from logspire.core.notice import Gap

# What CPython 3.10-3.13 takes for the places of an event in its columns, beside the text itself,
# and for an origin, which all that came in together share; rounded up
# (tests/core/test_event_memory.py measures it).
_PLACES_BYTES: Final = 48
_ORIGIN_BYTES: Final = 112
# Times beyond 64 bits come from records whose time is nonsense. They are cut to this, which is
# nonsense enough for every destination.
_FARTHEST_MS: Final = 2**62


class Whole:
    """A record that had to be split: it is settled when the last of its pieces is."""

    __slots__ = ("loss", "pieces_left", "time_ms")

    def __init__(self, pieces: int, time_ms: int) -> None:
        self.pieces_left = pieces
        self.time_ms = time_ms
        self.loss: tuple[LossReason, str] | None = None

    def settle(self, pieces: int, loss: tuple[LossReason, str] | None) -> bool:
        """Note what became of some of the pieces; tell whether they were the last."""
        self.loss = self.loss or loss
        self.pieces_left -= pieces
        return not self.pieces_left


class Origin:
    """What events have in common that came in together."""

    __slots__ = ("arrived_s", "epoch", "whole")

    def __init__(self, arrived_s: float, epoch: int, whole: Whole | Gap | None = None) -> None:
        self.arrived_s = arrived_s
        """Monotonic time at which they began to wait."""
        self.epoch = epoch
        """How many flushes had been asked for when they came in."""
        self.whole = whole
        """Set for the pieces of a split record, and for what is no record: a notice of missing
        ones."""


class Events:
    """Some events of one stream, in the order of time."""

    __slots__ = ("_since_s", "memory", "messages", "origins", "sizes", "times_ms")

    def __init__(
        self,
        times_ms: array[int],
        messages: list[str],
        sizes: array[int],
        memory: array[int],
        origins: list[Origin],
    ) -> None:
        self.times_ms = times_ms
        """Milliseconds since 1970."""
        self.messages = messages
        self.sizes = sizes
        """As the destination counts: UTF-8 length and overhead, in bytes."""
        self.memory = memory
        """Bytes that each was counted with when it came in. It may take more by now: CPython keeps
        the UTF-8 form with a string once a C extension, such as sqlite3, has asked for it."""
        self.origins = origins
        self._since_s: float | None = None

    @classmethod
    def of(
        cls, times_ms: Sequence[int], messages: Sequence[str], sizes: Sequence[int], origin: Origin
    ) -> Events:
        """Return events that came in together, put in the order of time."""
        # The few notices are outside of the bound: it may just have been reached.
        count = len(messages)
        is_counted = origin.whole is None or isinstance(origin.whole, Whole)
        memory = [memory_bytes(text, count) for text in messages] if is_counted else [0] * count
        events = cls(
            _array_of_times(times_ms),
            list(messages),
            array("I", sizes),
            array("I", memory),
            [origin] * count,
        )
        times = events.times_ms.tolist()
        if times != sorted(times):
            events._sort()
        return events

    @classmethod
    def joined(cls, parts: Sequence[Events]) -> Events:
        """Return all of these, which came in in this order, in the order of time."""
        events = cls(array("q"), [], array("I"), array("I"), [])
        for part in parts:
            events._append(part)
        events._sort()
        return events

    def __len__(self) -> int:
        return len(self.messages)

    def oldest_arrival_s(self) -> float:
        """Return since when the longest-waiting of them waits."""
        if self._since_s is None:
            self._since_s = min(origin.arrived_s for origin in set(self.origins))
        return self._since_s

    def extend(self, later: Events) -> None:
        """Add events that came in after these; all are put in the order of time."""
        if not later.messages:
            return
        in_order = later.times_ms[0] >= self.times_ms[-1]
        self._append(later)
        if not in_order:
            self._sort()

    def part(self, start: int, stop: int) -> Events:
        """Return the events from ``start`` up to ``stop``."""
        return Events(
            self.times_ms[start:stop],
            self.messages[start:stop],
            self.sizes[start:stop],
            self.memory[start:stop],
            self.origins[start:stop],
        )

    def pop_first(self, count: int) -> Events:
        """Remove and return the first ``count`` events."""
        first = self.part(0, count)
        self._keep(slice(0, count))
        return first

    def pop_from(self, start: int) -> Events:
        """Remove and return the events from ``start`` on."""
        last = self.part(start, len(self.messages))
        self._keep(slice(start, None))
        return last

    def plain_times_ms(self, count: int) -> Sequence[int]:
        """Return the times of the events that are a whole record; there are ``count`` of them."""
        if count == len(self):
            return self.times_ms
        origins = zip(self.times_ms, self.origins, strict=True)
        return [time_ms for time_ms, origin in origins if origin.whole is None]

    def fitting(self, count: int, size_bytes: int, before_ms: float) -> int:
        """Return how many of the first events are within these limits.

        Args:
            count: at most so many.
            size_bytes: no more bytes than these together, as the destination counts.
            before_ms: of a time before this.
        """
        count = min(count, bisect_left(self.times_ms, before_ms))
        sizes = self.sizes[:count]
        if sum(sizes) <= size_bytes:
            return count
        return bisect_right(list(accumulate(sizes)), size_bytes)

    def taking(self, memory_bytes: float, until_ms: float) -> int:
        """Return how many of the first events take so much memory, or are not after a time."""
        count = bisect_right(self.times_ms, until_ms)
        return min(count, bisect_left(list(accumulate(self.memory[:count])), memory_bytes) + 1)

    def _append(self, other: Events) -> None:
        self.times_ms.extend(other.times_ms)
        self.messages.extend(other.messages)
        self.sizes.extend(other.sizes)
        self.memory.extend(other.memory)
        self.origins.extend(other.origins)
        if self._since_s is not None:
            self._since_s = min(self._since_s, other.oldest_arrival_s())

    def _keep(self, without: slice) -> None:
        del self.times_ms[without]
        del self.messages[without]
        del self.sizes[without]
        del self.memory[without]
        del self.origins[without]
        self._since_s = None

    def _sort(self) -> None:
        times = self.times_ms
        # Stable: events of the same millisecond stay in the order in which they were logged.
        order = sorted(range(len(times)), key=times.__getitem__)
        self.times_ms = array("q", [times[n] for n in order])
        self.messages = [self.messages[n] for n in order]
        self.sizes = array("I", [self.sizes[n] for n in order])
        self.memory = array("I", [self.memory[n] for n in order])
        self.origins = [self.origins[n] for n in order]


def memory_bytes(text: str, company: int) -> int:
    """Return the bytes of memory that a held event takes, one of ``company``; rounded up."""
    # What sys.getsizeof asks as well, at a tenth of its cost.
    return text.__sizeof__() + _PLACES_BYTES + _ORIGIN_BYTES // company


def _array_of_times(times_ms: Sequence[int]) -> array[int]:
    try:
        return array("q", times_ms)
    except OverflowError:
        return array("q", [max(-_FARTHEST_MS, min(time, _FARTHEST_MS)) for time in times_ms])
