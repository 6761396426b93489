"""What a stream is told about records that are missing from it.

After a spell of losses the stream itself gets one event that says how many records are missing
there, and why. Whoever reads the log later has no other way to know: the process that counted the
losses, and its standard error, may be long gone.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

from logspire.core.ledger import LossReason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


MAX_STREAMS: Final = 100
"""How many streams are kept in mind at a time; the books count all losses all the same."""
INTERVAL_S: Final = 60.0
"""A stream gets a notice at most so often, until the end is near."""
# Half of the shortest retention of a log group: what is not older is not expired, either.
_OLDEST_MS: Final = 12 * 3_600_000
_DETAIL_CHARS: Final = 300
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Gap:
    """Records that are missing from one stream."""

    __slots__ = ("details", "first_ms", "last_ms", "since_s", "stream")

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.details: dict[LossReason, tuple[int, str]] = {}
        """For each reason: how many, and the last word on it."""
        self.first_ms = math.inf
        """The times of the first and the last missing record, milliseconds since 1970."""
        self.last_ms = -math.inf
        self.since_s = math.inf
        """Monotonic time at which it was first seen."""

    def add(
        self, reason: LossReason, count: int, detail: str, first_ms: float, last_ms: float
    ) -> None:
        """Note ``count`` more missing records."""
        before = self.details.get(reason, (0, ""))[0]
        self.details[reason] = before + count, detail
        self.first_ms = min(self.first_ms, first_ms)
        self.last_ms = max(self.last_ms, last_ms)

    def text(self) -> str:
        """Return the message for the stream."""
        total = sum(count for count, _ in self.details.values())
        are = "record is" if total == 1 else "records are"
        first, last = _iso(self.first_ms), _iso(self.last_ms)
        when = f"of {first}" if first == last else f"of {first} to {last}"
        why = "; ".join(
            f"{count} {reason} ({detail[:_DETAIL_CHARS]})"
            for reason, (count, detail) in self.details.items()
        )
        return f"logspire: {total} {are} missing here, {when}: {why}"

    def time_ms(self, now_ms: int, age_ms: float) -> int:
        """Return the time for the event: that of the gap, if an event may still have it."""
        # With a margin, as the notice may have to wait too.
        if now_ms - min(age_ms / 2, _OLDEST_MS) <= self.last_ms <= now_ms:
            return int(self.last_ms)
        return now_ms


class Notices:
    """The gaps that streams were not told of yet."""

    def __init__(self) -> None:
        self._gaps: dict[str, Gap] = {}
        # Streams to which a notice is on its way, and when the others may next be told.
        self._under_way: set[str] = set()
        self._not_before_s: dict[str, float] = {}

    def lose(
        self,
        stream: str,
        reason: LossReason,
        count: int,
        detail: str,
        *,
        first_ms: float,
        last_ms: float,
    ) -> None:
        """Note that records are missing from a stream."""
        if reason is LossReason.EMPTY:
            return  # there was nothing to read
        gap = self._gaps.get(stream)
        if gap is None:
            if len(self._gaps) + len(self._under_way) >= MAX_STREAMS:
                return
            gap = self._gaps[stream] = Gap(stream)
        gap.add(reason, count, detail, first_ms, last_ms)

    def take_due(self, now_s: float, after_s: float, *, urgent: bool) -> list[Gap]:
        """Remove and return the gaps of which their streams are to be told now.

        Args:
            now_s: monotonic time.
            after_s: how long a gap waits for what else may get lost.
            urgent: none waits, whatever its stream was told before.
        """
        if not self._gaps:
            return []
        for gap in self._gaps.values():
            gap.since_s = min(gap.since_s, now_s)
        due = [gap for gap in self._gaps.values() if self._due_s(gap, after_s, urgent) <= now_s]
        for gap in due:
            del self._gaps[gap.stream]
            self._under_way.add(gap.stream)
            self._not_before_s[gap.stream] = now_s + INTERVAL_S
        self._not_before_s = {s: at_s for s, at_s in self._not_before_s.items() if at_s > now_s}
        return due

    def next_due_s(self, after_s: float) -> float:
        """Return when `take_due` may have something; ``inf`` if not without something new."""
        dues = (self._due_s(gap, after_s, urgent=False) for gap in self._gaps.values())
        return min(dues, default=math.inf)

    def are_under_way(self) -> bool:
        """Whether notices are on their way."""
        return bool(self._under_way)

    def settle(self, gap: Gap, reason: LossReason | None) -> None:
        """Note what became of a notice.

        Args:
            gap: what it told of.
            reason: why it was lost, ``None`` if it arrived. Where it had to make room the next
                notice says it again; what the service would not take is not tried again.
        """
        self._under_way.discard(gap.stream)
        if reason is LossReason.QUEUE_FULL or reason is LossReason.SHUTDOWN:
            first_ms, last_ms = gap.first_ms, gap.last_ms
            for why, (count, detail) in gap.details.items():
                self.lose(gap.stream, why, count, detail, first_ms=first_ms, last_ms=last_ms)

    def _due_s(self, gap: Gap, after_s: float, urgent: bool) -> float:  # noqa: FBT001 - private
        if gap.stream in self._under_way:
            return math.inf
        # A gap that take_due has not seen is due for a look.
        if urgent or gap.since_s == math.inf:
            return -math.inf
        return max(gap.since_s + after_s, self._not_before_s.get(gap.stream, -math.inf))


def _iso(time_ms: float) -> str:
    try:
        time = _EPOCH + timedelta(milliseconds=time_ms)
    except (OverflowError, ValueError):  # a record with an impossible time
        return f"{time_ms} ms"
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"
