"""The table: medians and spread, ratios of medians, and whether the targets are met."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from .subjects import SHIPPING, SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .tasks import Figures

Results = dict[tuple[str, int, str], list["Figures"]]
"""By row, setting and subject: the figures of each round."""


class Target(NamedTuple):
    """At most ``limit``: times the median of another subject, or as it is."""

    limit: float
    against: str = ""
    is_aim: bool = False


class Line(NamedTuple):
    """One line of the table: a figure of a row."""

    row: str
    figure: str
    title: str
    unit: str
    targets: Sequence[Target] = ()


_NONE: Final = Target(0.0)

LINES: Final = (
    Line(
        "steady",
        "call_us",
        "a call, one thread, while shipping",
        "µs",
        (Target(0.30, "watchtower"), Target(1.0, "stream")),
    ),
    Line(
        "steady",
        "cpu_us",
        "CPU of the process for a delivered record",
        "µs",
        (Target(0.35, "watchtower"), Target(1.0, "stream", is_aim=True)),
    ),
    Line(
        "eight",
        "call_us",
        "a call, eight threads (time for all ÷ calls)",
        "µs",
        (Target(0.25, "watchtower"), Target(0.5, "stream")),
    ),
    Line("eight", "switches", "waits of a thread in 1 000 of those calls", ""),
    Line(
        "paced",
        "p999_us",
        "p99.9 of a call at 20 000/s, while shipping",
        "µs",
        (Target(0.6, "watchtower"), Target(1.0, "stream")),
    ),
    Line("paced", "slow_calls", "calls over 5 ms at 20 000/s", "", (_NONE,)),
    Line("paced", "max_ms", "longest call at 20 000/s", "ms"),
    Line("paced", "late_p999_ms", "p99.9 of the delay behind the schedule, same run", "ms"),
    Line("frozen", "slow_calls", "calls over 5 ms, with gc.freeze() after the start", "", (_NONE,)),
    Line("frozen", "max_ms", "longest call, with gc.freeze() after the start", "ms"),
    Line("start", "import_ms", "import", "ms", (Target(0.1, "watchtower"),)),
    Line("start", "constructor_ms", "constructor", "ms", (Target(0.05, "watchtower"),)),
    Line("start", "calls", "API calls of the constructor", "", (_NONE,)),
    Line(
        "memory",
        "record_bytes",
        "memory for a queued record of 85 bytes",
        "B",
        (Target(0.6, "watchtower"),),
    ),
    Line(
        "burst",
        "delivery_s",
        "cold: records of 450 bytes over a 50 ms round trip, until close() has returned",
        "s",
        (Target(0.35, "watchtower"),),
    ),
    Line(
        "warm",
        "delivery_s",
        "warm: the same, after a first record was delivered",
        "s",
        (Target(0.35, "watchtower"),),
    ),
    Line("crowd", "lost", "cold: lost by 16 threads at once, 50 ms round trip", "", (_NONE,)),
    Line(
        "close",
        "waiting_mib",
        "text waiting at close() (bound of Logspire raised)",
        "MiB",
    ),
    Line("close", "close_s", "that close(), over a 50 ms round trip", "s", (Target(10.0),)),
    Line("close", "missing", "records not there when that close() returns", "", (_NONE,)),
    Line(
        "wire",
        "wire_bytes",
        "bytes on the wire for an ordinary line",
        "B",
        (Target(0.2, "watchtower"),),
    ),
    Line(
        "close",
        "puts_for_one",
        "PutLogEvents for each that is needed, with that backlog",
        "",
        (Target(1.1),),
    ),
    Line("crowd", "describes", "Describe* calls", "", (_NONE,)),
    Line("idle", "wake_ups", "wake-ups of other threads while idle", "", (_NONE,)),
    Line("idle", "cpu_ms", "CPU of other threads while idle", "ms", (_NONE,)),
)


def costs(results: Results) -> str:
    """Return the table of all subjects side by side."""
    lines = [
        f"| | {' | '.join(SUBJECTS.values())} | targets |",
        f"|---|{'---|' * len(SUBJECTS)}---|",
    ]
    for line in LINES:
        rounds = {
            name: results[line.row, 0, name] for name in SUBJECTS if (line.row, 0, name) in results
        }
        if rounds:
            cells = [cell(rounds.get(name, ()), line.figure, line.unit) for name in SUBJECTS]
            lines.append(f"| {line.title} | {' | '.join(cells)} | {verdicts(line, rounds)} |")
    return "\n".join(lines)


def cell(rounds: Sequence[Figures], figure: str, unit: str) -> str:
    """Return median and spread; and loudly, if records are missing."""
    if not rounds or figure not in rounds[0]:
        return ""
    values = [figures[figure] for figures in rounds]
    text = f"{shown(median(values))} {unit}".strip()
    if min(values) != max(values):
        text += f" ({shown(min(values))} to {shown(max(values))})"
    return f"{text} **{missing}**" if (missing := lost(rounds)) else text


def lost(rounds: Sequence[Figures]) -> str:
    """Return how many records never arrived, or nothing."""
    missing = [figures.get("lost", 0) for figures in rounds]
    if not any(missing):
        return ""
    spread = (
        f"{min(missing):.0f} to {max(missing):.0f}"
        if len(set(missing)) > 1
        else f"{missing[0]:.0f}"
    )
    return f"LOST {spread} of {rounds[0]['sent']:.0f}"


def verdicts(line: Line, rounds: Mapping[str, Sequence[Figures]]) -> str:
    ours = rounds.get("logspire", ())
    return "; ".join(
        verdict(target, line.figure, ours, rounds.get(target.against, ()))
        for target in line.targets
        if ours and (not target.against or target.against in rounds)
    )


def verdict(target: Target, figure: str, ours: Sequence[Figures], others: Sequence[Figures]) -> str:
    """Say whether a target is met. What loses records meets none."""
    value = median(figures[figure] for figures in ours)
    if target.against:
        value /= median(figures[figure] for figures in others)
    is_met = value <= target.limit and not lost(ours)
    word = "met" if is_met else ("not reached" if target.is_aim else "**MISSED**")
    kind = "aim ≤" if target.is_aim else "≤"
    whose = f" of {SUBJECTS[target.against].split()[0]}" if target.against else ""
    return f"{shown(value)}{whose} ({kind} {target.limit:g}): {word}"


def shown(value: float) -> str:
    if value == int(value) or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.3g}"


def arrivals(results: Results) -> str:
    """Return the table of what was sent, what came, and with which calls."""
    lines = [
        "| row | subject | sent | arrived | twice | events a batch | calls |",
        "|---|" + "---|" * 6,
    ]
    for (row, setting, name), rounds in results.items():
        if name in SHIPPING and row != "start":
            counts = [spread(rounds, key) for key in ("sent", "arrived", "duplicates")]
            batch = shown(round(median(figures["events_per_batch"] for figures in rounds)))
            where = f"{row} {setting}" if setting else row
            cells = [where, name, *counts, batch, operations(rounds)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def spread(rounds: Sequence[Figures], figure: str) -> str:
    least, most = (pick(figures[figure] for figures in rounds) for pick in (min, max))
    return shown(least) if least == most else f"{shown(least)} to {shown(most)}"


def operations(rounds: Sequence[Figures]) -> str:
    prefix = "calls of "
    names = sorted({key for figures in rounds for key in figures if key.startswith(prefix)})
    counts = {name: median(figures.get(name, 0) for figures in rounds) for name in names}
    return ", ".join(f"{name.removeprefix(prefix)} {shown(n)}" for name, n in counts.items())
