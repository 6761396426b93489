"""What fleets go through: each scenario runs one, and returns the figures of its row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from .account import Answer, Outage, Quotas
from .fleet import Fleet, Plan
from .process import RECORD_EVERY_S
from .report import Report, report

if TYPE_CHECKING:
    from .waits import Waits

FULL_SIZE: Final = 10_000
"""The number of processes that the usual quotas are looked at with."""
TEN_MINUTES_S: Final = 600.0
UNLIMITED: Final = Quotas(1e9, 1e9, 1e9)


def plan(processes: int, waits: Waits) -> Plan:
    """Return a fleet of a size, with that share of the usual quotas."""
    return Plan(processes, Quotas().times(processes / FULL_SIZE), waits)


def start(fleet_plan: Plan) -> Report:
    """All start, until something of each stream is delivered."""
    fleet = Fleet(fleet_plan)
    fleet.run_until_first_delivery()
    return report(fleet)


def start_and_outage(fleet_plan: Plan, outage: Outage) -> tuple[Report, Report, float]:
    """All start; then the region goes away for ten minutes, and comes back.

    Returns:
        The start; the return; failed calls a minute of a process in between.
    """
    fleet = Fleet(fleet_plan)
    fleet.run_until_first_delivery()
    started = report(fleet)
    return started, *_away(fleet, outage, TEN_MINUTES_S)


def outage_alone(fleet_plan: Plan, outage: Outage, seconds: float) -> tuple[Report, float]:
    """Streams are there; the region goes away for a while, and comes back.

    Returns:
        The return; failed calls a minute of a process in between.
    """
    fleet = Fleet(replace(fleet_plan, created=True))
    fleet.run_until_first_delivery()
    return _away(fleet, outage, seconds)


def blip(waits: Waits, seconds: float) -> Report:
    """Three hundred processes that share no quota: how late each is after a short outage."""
    return outage_alone(Plan(300, UNLIMITED, waits), Outage.REFUSED, seconds)[0]


def creation_throttled(waits: Waits, seconds: float) -> Report:
    """Likewise, but creations are throttled when they start, by others; since the end of that."""
    fleet = Fleet(Plan(300, UNLIMITED, waits))
    fleet.run_through(Outage.NO_CREATION, seconds)
    fleet.run_until_first_delivery()
    return report(fleet, seconds)


@dataclass(frozen=True)
class Overload:
    """What a fleet gets through that would call too often."""

    quota: float
    """Puts a second that are allowed."""
    done: float
    """Puts a second that were done."""
    throttled: float
    """Puts a second that were throttled."""
    behind_s: float
    """How much of its log the unluckiest process still holds at the end, in seconds."""


def over_quota(waits: Waits, processes: int = 500) -> Overload:
    """All would put, together, twice as often as their account may, for ten minutes."""
    quota = processes / RECORD_EVERY_S / 2
    fleet = Fleet(Plan(processes, replace(UNLIMITED, put=quota), waits, created=True))
    fleet.run(TEN_MINUTES_S)
    puts: Counter[Answer] = Counter()
    for (_, _, answer), number in fleet.account.calls.items():
        puts[answer] += number
    return Overload(
        quota,
        puts[Answer.DONE] / TEN_MINUTES_S,
        puts[Answer.THROTTLED] / TEN_MINUTES_S,
        max(p.logged_by(fleet.now_s) - p.settled for p in fleet.processes) * RECORD_EVERY_S,
    )


def _away(fleet: Fleet, outage: Outage, seconds: float) -> tuple[Report, float]:
    fleet.run(30.0 + -fleet.now_s % 1.0)  # to a whole second, as calls are counted by seconds
    fleet.run_through(outage, seconds)
    failed = sum(n for (_, _, a), n in fleet.account.calls.items() if a is Answer.UNREACHABLE)
    back_s = fleet.now_s
    fleet.run_until_caught_up()
    return report(fleet, back_s), failed / len(fleet.processes) / seconds * 60.0
