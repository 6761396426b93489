"""Print the tables of docs/fleet.md: ``PYTHONPATH=src python -m tests.fleet``."""

from __future__ import annotations

import argparse
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from .account import Answer, Operation, Outage
from .scenarios import (
    FULL_SIZE,
    TEN_MINUTES_S,
    blip,
    creation_throttled,
    outage_alone,
    over_quota,
    plan,
    start,
    start_and_outage,
)
from .waits import AT_ONCE, LOGSPIRE, NO_JITTER, Decorrelated, Waits, constants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .report import Report

SMALL: Final = 1_000
RIVALS: Final = (LOGSPIRE, NO_JITTER, AT_ONCE)
OUTAGES: Final = (
    (LOGSPIRE, Outage.REFUSED),
    (LOGSPIRE, Outage.HANGING),
    (NO_JITTER, Outage.REFUSED),
    (AT_ONCE, Outage.REFUSED),
)
CHOICES: Final[Sequence[Waits]] = (
    constants(0.1, 5, 30),
    *(constants(0.1, 5, creation_cap_s) for creation_cap_s in (5, 15, 60)),
    *(constants(0.1, cap_s, 30) for cap_s in (1, 2, 20, 30)),
    constants(1, 5, 30),
    Decorrelated("0.1 s … 5 s, creations 30 s, decorrelated"),
)
PUT_CAPS: Final = (5, 15, 30)

Row = list[str]


def start_row(name: str, what: Report) -> Row:
    """Return the figures of a start."""
    return [
        name,
        f"{what.last_s:.0f} s",
        f"{what.median_s:.0f} s",
        f"{what.slowest_percent_s:.0f} s",
        f"{what.throttled:,}",
        f"{what.peak_throttled:,}",
        f"{what.calls[Operation.PUT, Answer.MISSING]:,}",
        f"{what.slowest_creation:.1f}",
        f"{what.lost:,}",
    ]


START_HEAD: Final = (
    "wait",
    "all delivered",
    "half",
    "99 %",
    "throttled calls",
    "in one second",
    "puts that found no stream",
    "streams created a second, worst ten seconds",
    "records lost",
)


def whole_story(processes: int) -> tuple[Row, Row]:
    """Return a row of the start, and one of the outage that follows."""
    started, back, per_minute = start_and_outage(plan(processes, LOGSPIRE), Outage.REFUSED)
    name = f"{LOGSPIRE.name}, {processes:,} processes"
    return start_row(LOGSPIRE.name, started), back_row(name, Outage.REFUSED, back, per_minute)


def start_of(processes: int, within_s: float, waits: Waits) -> Row:
    """Return a row of a start."""
    fleet_plan = replace(plan(processes, waits), start_within_s=within_s)
    return start_row(waits.name, start(fleet_plan))


def back_row(name: str, outage: Outage, back: Report, per_minute: float) -> Row:
    """Return the figures of a return."""
    return [
        name,
        outage.name.lower(),
        f"{per_minute:.1f}",
        f"{back.last_s:.1f} s",
        f"{back.median_s:.1f} s",
        f"{back.peak_calls:,}",
        f"{back.throttled:,}",
        f"{back.lost:,}",
    ]


BACK_HEAD: Final = (
    "wait",
    "calls are",
    "calls a minute while away",
    "all caught up",
    "half",
    "most calls in a second",
    "throttled calls",
    "records lost in all",
)


def outage_of(waits: Waits, outage: Outage) -> Row:
    """Return a row of an outage of ten minutes."""
    back, per_minute = outage_alone(plan(SMALL, waits), outage, TEN_MINUTES_S)
    return back_row(waits.name, outage, back, per_minute)


def choice(waits: Waits) -> Row:
    """Return what a choice of constants buys, and what it costs."""
    started = start(plan(SMALL, waits))
    instant = start(replace(plan(SMALL, waits), start_within_s=0.1))
    back, per_minute = outage_alone(plan(SMALL, waits), Outage.REFUSED, 120.0)
    short, throttled = blip(waits, 10.0), creation_throttled(waits, 60.0)
    return [
        waits.name,
        f"{started.last_s:.0f} s",
        f"{started.throttled:,}",
        f"{instant.last_s:.0f} s",
        f"{instant.throttled:,}",
        f"{back.last_s:.1f} s",
        f"{back.throttled:,}",
        f"{per_minute:.0f}",
        f"{short.median_s:.1f} / {short.last_s:.1f} s",
        f"{throttled.median_s:.1f} / {throttled.last_s:.1f} s",
    ]


CHOICE_HEAD: Final = (
    "constants",
    "start: all",
    "throttled",
    "at one instant: all",
    "throttled",
    "return: all",
    "throttled",
    "calls a minute, first two minutes away",
    "after 10 s away: half / last",
    "after 60 s of throttled creations: half / last",
)

LAYOUTS: Final[dict[str, dict[str, Any]]] = {
    "one group, a stream each": {},
    "a group for 100": {"group_of": 100},
    "a group each": {"group_of": 1},
    "one stream for all": {"shared_stream": True},
    "streams are there": {"created": True},
}


def layout(name: str) -> Row:
    """Return a row of a start with other names."""
    what = start(replace(plan(SMALL, LOGSPIRE), **LAYOUTS[name]))
    created = (
        f"{what.calls[operation, Answer.THROTTLED]:,}"
        for operation in (Operation.CREATE_STREAM, Operation.CREATE_GROUP)
    )
    return [name, f"{what.last_s:.0f} s", f"{what.median_s:.0f} s", *created]


LAYOUT_HEAD: Final = (
    "names",
    "all delivered",
    "half",
    "CreateLogStream throttled",
    "CreateLogGroup throttled",
)


def over(cap_s: float) -> Row:
    """Return a row of a fleet that puts too often."""
    what = over_quota(constants(0.1, cap_s, 30))
    return [
        f"{cap_s} s",
        f"{what.quota:.1f}",
        f"{what.done:.1f}",
        f"{what.throttled:.0f}",
        f"{what.behind_s:.0f} s",
    ]


OVER_HEAD: Final = (
    "longest wait",
    "quota a second",
    "puts done a second",
    "throttled a second",
    "longest behind after 10 minutes",
)


def tables(pool: Executor, processes: int) -> Iterator[tuple[str, Sequence[str], list[Row]]]:
    """Yield a title, a head and rows, when they are done; all are begun at once."""
    small = f"{SMALL:,} processes, a tenth of the quotas"
    whole = pool.submit(whole_story, processes)
    starts = [pool.submit(start_of, processes, 10.0, waits) for waits in RIVALS[1:]]
    outages = [pool.submit(outage_of, waits, outage) for waits, outage in OUTAGES]
    instants = [pool.submit(start_of, SMALL, 0.1, waits) for waits in RIVALS]
    choices = [pool.submit(choice, waits) for waits in CHOICES]
    layouts = [pool.submit(layout, name) for name in LAYOUTS]
    overs = [pool.submit(over, cap_s) for cap_s in PUT_CAPS]
    first, back = whole.result()
    yield f"{processes:,} start within ten seconds", START_HEAD, [first, *results(starts)]
    yield f"At one instant: {small}", START_HEAD, results(instants)
    yield f"Ten minutes away: {small}", BACK_HEAD, [back, *results(outages)]
    yield f"Constants: {small}", CHOICE_HEAD, results(choices)
    yield "500 processes put twice as often as they may", OVER_HEAD, results(overs)
    yield f"Names: {small}", LAYOUT_HEAD, results(layouts)


def results(begun: Iterable[Future[Row]]) -> list[Row]:
    """Wait for rows."""
    return [future.result() for future in begun]


def main() -> None:
    """Run all scenarios, and print their tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=FULL_SIZE, help="of the largest fleet")
    parser.add_argument("--jobs", type=int, default=2, help="simulations at a time")
    arguments = parser.parse_args()
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for title, head, rows in tables(pool, arguments.processes):
            print(f"\n{title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
            for row in rows:
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
