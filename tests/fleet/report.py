"""A stretch of a fleet's life in numbers."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .account import Answer, Operation

if TYPE_CHECKING:
    from .fleet import Fleet

_SMOOTH_S = 10


@dataclass(frozen=True)
class Report:
    """What a stretch took, and what it cost."""

    median_s: float
    """When half of the processes were there, from the beginning of the stretch."""
    slowest_percent_s: float
    """When 99 of 100 were there."""
    last_s: float
    """When all were there."""
    lost: int
    """Records lost so far."""
    calls: Counter[tuple[Operation, Answer]]
    peak_calls: int
    """Most calls in one second."""
    peak_throttled: int
    """Most throttled calls in one second."""
    slowest_creation: float
    """Streams created a second, in the worst ten seconds before 90 % of all were."""

    @property
    def throttled(self) -> int:
        """How many calls were throttled."""
        return sum(count for (_, answer), count in self.calls.items() if answer is Answer.THROTTLED)


def report(fleet: Fleet, since_s: float = 0.0) -> Report:
    """Return what happened since a time, a whole second; ``inf`` for who never got there."""
    arrivals = sorted(
        math.inf if process.reached_s is None else process.reached_s - since_s
        for process in fleet.processes
    )
    calls: Counter[tuple[Operation, Answer]] = Counter()
    by_second: Counter[int] = Counter()
    throttled: Counter[int] = Counter()
    for (second, operation, answer), count in fleet.account.calls.items():
        if second >= since_s:
            calls[operation, answer] += count
            by_second[second] += count
            throttled[second] += count * (answer is Answer.THROTTLED)
    return Report(
        median_s=arrivals[len(arrivals) // 2],
        slowest_percent_s=arrivals[len(arrivals) * 99 // 100],
        last_s=arrivals[-1],
        lost=sum(process.ledger.lost_so_far for process in fleet.processes),
        calls=calls,
        peak_calls=max(by_second.values()),
        peak_throttled=max(throttled.values()),
        slowest_creation=_slowest_creation(fleet),
    )


def _slowest_creation(fleet: Fleet) -> float:
    key = Operation.CREATE_STREAM, Answer.DONE
    made = Counter({s: n for (s, *what), n in fleet.account.calls.items() if (*what,) == key})
    if not made:
        return 0.0
    so_far, second = 0, min(made)
    rates = []
    while so_far < 0.9 * made.total():
        rates.append(sum(made[second + ahead] for ahead in range(_SMOOTH_S)) / _SMOOTH_S)
        so_far += made[second]
        second += 1
    return min(rates)
