"""``python -m tests.benchmarks``: what logging costs with Logspire and others, side by side.

Every figure comes from a fresh process; in a round, the subjects take turns. The service is a sink
in a process of its own, which counts what arrives: who loses records is told so in the table.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .asking import running_sink
from .formatting import formatting
from .fresh import Measurement, measure
from .growth import growth
from .plan import DEFAULT, FULL, QUICK, SHORT_BYTES, Sizes, measurements
from .published import NEEDED, RUN, publish
from .saved import run_of_today, save
from .table import arrivals, costs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .table import Results


def main(arguments: Sequence[str] | None = None) -> None:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.publish:
        if options.only or options.sizes is not DEFAULT:
            parser.error("--publish has rows and sizes of its own: no --only, --quick or --full")
        options.only = NEEDED
    if importlib.util.find_spec("watchtower") is None:
        sys.exit(
            "watchtower is missing, which is one side of the comparison: pip install '.[bench]'"
        )
    sizes: Sizes = options.sizes
    plan = [one for one in measurements(sizes) if not options.only or one.row in options.only]
    began_s = time.monotonic()
    with running_sink() as sink:
        results = _rounds(sink, plan, options.rounds)
    _print(results, sizes, options.rounds, time.monotonic() - began_s)
    run = run_of_today(results, options.rounds)
    if options.publish:
        save(run, RUN)
        publish(run)
    if options.json:
        save(run, options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    rows = list(dict.fromkeys(one.row for one in measurements(DEFAULT)))
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=rows, help=", ".join(rows))
    parser.add_argument("--json", metavar="FILE", type=Path, help="save what was found")
    parser.add_argument(
        "--publish",
        action="store_true",
        help="measure what the README shows; write docs/comparison.json, and from that the tables"
        " of README.md and docs/performance.md and the picture",
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--quick",
        action="store_const",
        dest="sizes",
        const=QUICK,
        default=DEFAULT,
        help="too little for figures: shows that it works",
    )
    size.add_argument(
        "--full", action="store_const", dest="sizes", const=FULL, help="up to ten million records"
    )
    return parser


def _rounds(sink: str, plan: Sequence[Measurement], rounds: int) -> Results:
    results: Results = {}
    for number in range(rounds):
        for one in plan:
            # Now one first and now the other: no subject always has the machine as another left it.
            for name in one.subjects[:: -1 if number % 2 else 1]:
                figures = measure(sink, name, one)
                results.setdefault((one.row, one.setting, name), []).append(figures)
                told = " ".join(f"{key}={value:.6g}" for key, value in figures.items())
                where = f"{one.row} {one.setting or ''}".strip()
                print(f"round {number + 1}: {where}: {name}: {told}", file=sys.stderr, flush=True)
    return results


def _print(results: Results, sizes: Sizes, rounds: int, took_s: float) -> None:
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} CPUs, medians of {rounds} rounds"
        f" (least to most), {sizes.records} records of {SHORT_BYTES} bytes unless said otherwise,"
        f" {took_s:.0f} s in all, load average {os.getloadavg()[1]:.1f} in the last five minutes\n"
    )
    for title, text in (
        ("What it costs", costs(results)),
        ("What a formatter costs", formatting(results)),
        ("How it grows", growth(results)),
        ("What arrived", arrivals(results)),
    ):
        print(f"## {title}\n\n{text}\n")


if __name__ == "__main__":
    main()
