"""``python -m tests.benchmarks.instructions``: what each record costs, in instructions.

Valgrind counts them, so the figures do not depend on what else the machine does. They do depend on
the interpreter and the libraries. Each path is taken twice, in fresh processes: so many times, and
a few times more. The difference is the path without what happens only once.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import logspire
from logspire.cli.demo import local_service
from logspire.testing import RemoteCloudWatchLogs

from .instructions_paths import ROWS, Row

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "instruction-counts.md"
TOLERANCE: Final = 0.02
UNIT: Final = "call-stream"
_LIBRARIES: Final = ("boto3", "botocore", "watchtower")
_FIGURES: Final = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)
_LINE: Final = re.compile(r"\| `([a-z-]+)` \|[^|]*\| ([\d,]+) \|")
_VALGRIND: Final = (
    "valgrind",
    "--tool=cachegrind",  # counts the same as callgrind does, in less time
    "--cache-sim=no",
    "--cachegrind-out-file=/dev/null",
)
_COUNT: Final = re.compile(r"I\s+refs:\s+([\d,]+)")


# -- counting ------------------------------------------------------------------------------------


def measure(names: Collection[str]) -> dict[str, int]:
    """Return the instructions of one event of each path.

    Raises:
        RuntimeError: a path failed, or not everything arrived at the service.
    """
    with (
        local_service() as url,
        tempfile.TemporaryDirectory() as cache,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        counts = {
            name: [pool.submit(count, name, times, cache) for times in ROWS[name].times]
            for name in names
        }
        try:
            figures = {
                name: per_event(ROWS[name], *[one.result() for one in both])
                for name, both in counts.items()
            }
        finally:
            pool.shutdown(cancel_futures=True)
        _check_arrivals(RemoteCloudWatchLogs(url), names)
    return figures


def per_event(row: Row, fewer: int, more: int) -> int:
    """Return what one event takes, from the counts of two runs."""
    return round((more - fewer) / ((row.times[1] - row.times[0]) * row.each))


def count(name: str, times: int, cache: str) -> int:
    """Return the instructions of a process that takes a path so many times.

    Args:
        name: of the path.
        times: how often.
        cache: a folder for compiled modules: to compile them would take most of the count.
    """
    group = f"{name}-{times}"
    _run([], name, 1, group, cache)  # fills the cache, and fails soon where it fails
    with tempfile.NamedTemporaryFile("r") as log:
        _run([*_VALGRIND, f"--log-file={log.name}"], name, times, group, cache)
        found = _COUNT.search(log.read())
    if found is None:
        raise RuntimeError(f"{name}: valgrind has counted nothing")
    return int(found[1].replace(",", ""))


def _run(under: Sequence[str], name: str, times: int, group: str, cache: str) -> None:
    program = [sys.executable, "-m", "tests.benchmarks.instructions_paths"]
    child = subprocess.run(
        [*under, *program, name, str(times), group],
        cwd=ROOT,
        env={**_environment(), "PYTHONPYCACHEPREFIX": cache},
        capture_output=True,
        text=True,
        timeout=1_800,
        check=False,
    )
    if child.returncode:
        raise RuntimeError(f"{name}: {child.stderr}")


def _environment() -> dict[str, str]:
    """Return what the counted program sees: the same everywhere, but for the service."""
    service = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    fixed = {"PYTHONHASHSEED": "0", "TZ": "UTC", "PATH": os.environ["PATH"]}
    return {**service, **fixed, "PYTHONPATH": str(Path(logspire.__file__).parents[1])}


def _check_arrivals(service: RemoteCloudWatchLogs, names: Collection[str]) -> None:
    """Nothing lost can look cheap."""
    arrived: Counter[str] = Counter()
    for call in service.calls:
        arrived[str(call.request.get("logGroupName"))] += call.events_stored
    for name in names:
        row = ROWS[name]
        fewer, more = (arrived[f"{name}-{times}"] for times in row.times)
        expected = (row.times[1] - row.times[0]) * row.each
        if row.ships and more - fewer != expected:
            raise RuntimeError(f"{name}: {more - fewer} of {expected} events arrived")


# -- showing and keeping -------------------------------------------------------------------------


def surroundings() -> str:
    """Name what the figures depend on."""
    named = re.sub(r" \(.*", "", sys.version)
    build, built_on = platform.python_build()
    parts = [
        f"CPython {named} ({platform.python_compiler()}, {build} {built_on})",
        platform.machine(),
        " ".join(platform.libc_ver()),
        f"zlib {zlib.ZLIB_RUNTIME_VERSION}",
        *(f"{name} {_version(name)}" for name in _LIBRARIES),
        subprocess.run(
            ["valgrind", "--version"], check=True, capture_output=True, text=True
        ).stdout.strip(),
    ]
    return ", ".join(parts)


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


def table(figures: Mapping[str, int]) -> str:
    unit = figures.get(UNIT)
    lines = ["| | what | instructions | : `StreamHandler` |", "|---|---|---|---|"]
    for name, instructions in figures.items():
        ratio = f"{instructions / unit:.2f}" if unit else ""
        lines.append(f"| `{name}` | {ROWS[name].title} | {instructions:,} | {ratio} |")
    return "\n".join(lines)


def recorded(page: str) -> dict[str, int]:
    """Return the figures of the table in a page."""
    return {name: int(number.replace(",", "")) for name, number in _LINE.findall(page)}


def rewritten(page: str, figures: Mapping[str, int], where: str) -> str:
    """Return the page with other figures."""
    return _FIGURES.sub(lambda _: f"{table(figures)}\n\nCounted with {where}.\n", page)


def complaints(figures: Mapping[str, int], known: Mapping[str, int]) -> list[str]:
    """Say which paths have become worse than the recorded figures."""
    found = []
    for name, now in figures.items():
        before = known.get(name)
        if before is None:
            found.append(f"{name}: no figure is recorded")
        elif now > before * (1 + TOLERANCE):
            found.append(
                f"{name}: {now:,} instructions, {now / before - 1:.1%} more than {before:,}"
            )
    return found


# -- the command ---------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.write and options.paths:
        parser.error("--write records all paths, as they are on one day")
    if shutil.which("valgrind") is None:
        print("valgrind is missing: it is what counts", file=sys.stderr)
        return 2
    where, page = surroundings(), PAGE.read_text(encoding="utf-8")
    if options.check and where not in page:
        print(f"Nothing to compare with: the figures were not recorded with {where}")
        return 0
    figures = measure(options.paths or _possible())
    print(table(figures))
    if options.write:
        PAGE.write_text(rewritten(page, figures, where), encoding="utf-8")
    found = complaints(figures, recorded(page)) if options.check else []
    print("\n".join(["", *found]) if found else "", file=sys.stderr)
    return 1 if found else 0


def _possible() -> list[str]:
    missing = [name for name in _LIBRARIES if _version(name) == "missing"]
    return [name for name in ROWS if name.rpartition("-")[2] not in missing]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.instructions")
    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"of {', '.join(ROWS)}")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--write", action="store_true", help=f"record the figures in {PAGE.name}")
    group.add_argument(
        "--check",
        action="store_true",
        help=f"fail where a path takes {TOLERANCE:.0%}% more than recorded",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
