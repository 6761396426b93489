"""Which stream is due next."""

from __future__ import annotations

import heapq
import itertools
import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logspire.core.stream import Stream

UNSCHEDULED = (math.inf, 0)


class Schedule:
    """Streams by the time at which they are due; among equals, who was scheduled first.

    A heap of (due, turn, stream). An entry counts only while it says the same as
    ``stream.scheduled``: to schedule a stream again is to push another, and the old one is passed
    over.
    """

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Stream]] = []
        self._turns = itertools.count()

    def plan(self, stream: Stream, due_s: float) -> None:
        """Schedule a stream; never later than it is already: who has waited longest stays first."""
        if due_s < stream.scheduled[0]:
            stream.scheduled = due_s, next(self._turns)
            heapq.heappush(self._entries, (*stream.scheduled, stream))

    def due_s(self) -> float:
        """Return when the first stream is due, ``inf`` if none is."""
        entries = self._entries
        while entries and not _counts(*entries[0]):
            heapq.heappop(entries)
        return entries[0][0] if entries else math.inf

    def pop(self) -> Stream:
        """Remove and return the first stream, after `due_s` has found it."""
        stream = heapq.heappop(self._entries)[2]
        stream.scheduled = UNSCHEDULED
        return stream

    def clear(self) -> None:
        """Forget all streams."""
        self._entries.clear()


def _counts(due_s: float, turn: int, stream: Stream) -> bool:
    """Whether an entry is the latest for its stream, and still right."""
    is_latest = (due_s, turn) == stream.scheduled
    if is_latest and stream.jobs and stream.beside_s(due_s) == math.inf:
        stream.scheduled = UNSCHEDULED
        return False
    return is_latest
