"""What the README and the documentation show of a run: ``python -m tests.benchmarks.published``.

It makes the table and the picture anew from ``docs/comparison.json``, which
``python -m tests.benchmarks --publish`` writes.
"""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from .asking import ROOT
from .picture import number, picture
from .saved import Run, load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .tasks import Figures

RUN: Final = ROOT / "docs/comparison.json"
PICTURE: Final = ROOT / "docs/comparison.svg"
PAGES: Final = (ROOT / "README.md", ROOT / "docs/performance.md")
_BEGIN: Final = "<!-- comparison: made by python -m tests.benchmarks.published -->\n"
_END: Final = "<!-- end of comparison -->"


class Row(NamedTuple):
    """A row of the published table: a figure of a row of the benchmark."""

    row: str
    figure: str
    title: str
    unit: str = ""
    is_ratio: bool = True
    """Whether a ratio says something."""


ROWS: Final = (
    Row("steady", "call_us", "a call, one thread, while shipping", "µs"),
    Row("steady", "cpu_us", "CPU of the process for a delivered record", "µs"),
    Row("eight", "call_us", "a call, eight threads (time for all ÷ calls)", "µs"),
    Row("paced", "p999_us", "p99.9 of a call at 20 000 a second", "µs"),
    Row("paced", "slow_calls", "calls over 5 ms, of those 100 000", is_ratio=False),
    Row("start", "import_ms", "import", "ms"),
    Row("start", "constructor_ms", "constructor", "ms"),
    Row("memory", "record_bytes", "memory for a queued record of 85 bytes", "B"),
    Row(
        "burst",
        "delivery_s",
        "cold: 100 000 records of 450 bytes, 50 ms round trip, until `close()` returns",
        "s",
    ),
    Row("close", "close_s", "`close()` with 64 MiB of text waiting, 50 ms round trip", "s"),
    Row("wire", "wire_bytes", "bytes on the wire for an ordinary line", "B"),
)
NEEDED: Final = tuple(dict.fromkeys(row.row for row in ROWS))


def table(run: Run) -> str:
    """Return the table and what it was measured with."""
    about = run.about
    subjects = f"`StreamHandler` on /dev/null | watchtower {about['watchtower']} | Logspire"
    lines = [
        f"| | {subjects} | to watchtower | to `StreamHandler` |",
        "|---|---|---|---|---|---|",
        *(_line(run, row) for row in ROWS),
    ]
    where = (
        f"Medians of {about['rounds']} rounds, {about['date']}, Python {about['python']},"
        f" {about['cpus']} shared CPUs, load {about['load']:.0f}."
    )
    return "\n".join([*lines, "", where, ""])


def _line(run: Run, row: Row) -> str:
    rounds = {
        name: run.results.get((row.row, 0, name), [])
        for name in ("stream", "watchtower", "logspire")
    }
    cells = [_cell(row, name, figures) for name, figures in rounds.items()]
    cells += [_ratio(row, rounds["logspire"], rounds[other]) for other in ("watchtower", "stream")]
    return "".join(f"| {cell}".rstrip() + " " for cell in [row.title, *cells]) + "|"


def _cell(row: Row, name: str, rounds: Sequence[Figures]) -> str:
    if not rounds or row.figure not in rounds[0]:
        return ""
    text = f"{number(median(figures[row.figure] for figures in rounds))} {row.unit}".strip()
    if row.figure == "constructor_ms":
        calls = median(figures["calls"] for figures in rounds)
        text += f", {number(calls)} API calls" if calls else ", none"
    if name != "stream" and (missing := _missing(rounds)):
        return f"{text}, {missing} lost"
    return f"{text}, none lost" if name != "stream" and row.row == "burst" else text


def _missing(rounds: Sequence[Figures]) -> str:
    lost = sorted(figures.get("lost", 0) for figures in rounds)
    if not lost[-1]:
        return ""
    return number(lost[-1]) if lost[0] == lost[-1] else f"{number(lost[0])} to {number(lost[-1])}"


def _ratio(row: Row, ours: Sequence[Figures], others: Sequence[Figures]) -> str:
    if not row.is_ratio or not others or row.figure not in others[0]:
        return ""
    ratio = median(x[row.figure] for x in ours) / median(x[row.figure] for x in others)
    return f"{ratio:.2f}" if ratio >= 0.01 else f"{ratio:.1g}"


def with_table(page: str, text: str) -> str:
    """Return a page with another table in it."""
    places = re.compile(re.escape(_BEGIN) + ".*?" + re.escape(_END), re.DOTALL)
    return places.sub(lambda _: f"{_BEGIN}{text}{_END}", page)


def publish(run: Run, pages: Sequence[Path] = PAGES) -> None:
    """Write the table and the picture of a run."""
    for page in pages:
        changed = with_table(page.read_text(encoding="utf-8"), table(run))
        page.write_text(changed, encoding="utf-8")
    PICTURE.write_text(picture(run), encoding="utf-8")


if __name__ == "__main__":
    publish(load(RUN))
