"""What is looked at from inside while the program runs: the books, each second; its resources."""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from .slots import KEPT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from logspire import CloudWatchLogHandler, DeliveryStats

    from .journal import Writer

_INTERVAL_S: Final = 1.0
# Notices of missing records, and the marks of split ones, come on top of what was let in.
_OVER_BOUND_BYTES: Final = 64 * 1024
_PAGE_BYTES: Final = resource.getpagesize()


@dataclass(frozen=True)
class Resources:
    """What the process has at one moment."""

    threads: int
    descriptors: int
    resident_bytes: int
    most_resident_bytes: int
    blocks: int
    """Of memory, that Python's own allocator has given out: one for most objects."""
    cpu_s: float
    """Of the process and of those of its children that have ended."""

    @classmethod
    def now(cls) -> Resources:
        """Look."""
        own = resource.getrusage(resource.RUSAGE_SELF)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return cls(
            threading.active_count(),
            _descriptors(),
            _resident_bytes(),
            # Kilobytes, but for macOS.
            own.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            sys.getallocatedblocks(),
            own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime,
        )

    def as_dict(self) -> dict[str, float]:
        """Return it for JSON."""
        return asdict(self)


class Auditor:
    """Checks the books of the kept handlers each second, in a thread of its own.

    Args:
        handlers: by slot.
        writers: those who log to them, by slot; may grow meanwhile.
    """

    def __init__(
        self, handlers: Mapping[str, CloudWatchLogHandler], writers: Mapping[str, list[Writer]]
    ) -> None:
        self.complaints: list[str] = []
        self.audits = 0
        self._handlers = handlers
        self._writers = writers
        self._last: dict[str, DeliveryStats] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auditor")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after a last look."""
        self._stop.set()
        self._thread.join()
        self._audit()

    def _run(self) -> None:
        next_s = time.monotonic()
        while not self._stop.wait(max(0.0, next_s - time.monotonic())):
            self._audit()
            next_s = max(next_s + _INTERVAL_S, time.monotonic())

    def _audit(self) -> None:
        for slot, handler in self._handlers.items():
            writers = self._writers[slot]
            # In this order: what has ended before is accepted, what is accepted had begun after.
            ended = sum(writer.ended for writer in list(writers))
            stats = handler.stats()
            begun = sum(writer.begun for writer in list(writers))
            for complaint in complaints_of(slot, ended, stats, begun, self._last.get(slot)):
                self.complaints.append(f"audit {self.audits}, {slot}: {complaint}; {stats}")
            self._last[slot] = stats
        self.audits += 1


def complaints_of(
    slot: str, ended: int, stats: DeliveryStats, begun: int, before: DeliveryStats | None
) -> Sequence[str]:
    """Return what is wrong with the books of a kept handler."""
    bound = int(KEPT[slot].get("max_queue_size", 64 * 1024 * 1024)) + _OVER_BOUND_BYTES
    grown = before is None or (
        stats.accepted >= before.accepted
        and stats.delivered >= before.delivered
        and all(stats.losses.get(why, 0) >= count for why, count in before.losses.items())
    )
    holds = {
        "accepted == delivered + lost + held": stats.accepted
        == stats.delivered + stats.lost + stats.held,
        "held >= 0": stats.held >= 0,
        "lost == the sum of losses": stats.lost == sum(stats.losses.values()),
        f"{ended} calls returned <= accepted <= {begun} calls begun": ended
        <= stats.accepted
        <= begun,
        f"0 <= held_bytes <= {bound}": 0 <= stats.held_bytes <= bound,
        f"no number shrinks since {before}": grown,
    }
    return [rule for rule, is_kept in holds.items() if not is_kept]


def _descriptors() -> int:
    for directory in ("/proc/self/fd", "/dev/fd"):
        if os.path.isdir(directory):  # noqa: PTH112 - as the next
            return len(os.listdir(directory)) - 1  # noqa: PTH208 - counts its own descriptor
    return 0


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - no need
            return int(statm.read().split()[1]) * _PAGE_BYTES
    except OSError:  # not Linux
        return 0
