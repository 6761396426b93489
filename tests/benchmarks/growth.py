"""How the price grows: Logspire with more records, streams, threads, and longer messages."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from .table import cell, shown

if TYPE_CHECKING:
    from .table import Results

_TITLES: Final = {
    "records": "records",
    "streams": "streams",
    "threads": "threads",
    "message_bytes": "bytes of a message",
}


def growth(results: Results) -> str:
    """Return a table for each row that grows, ``StreamHandler`` beside it as the machine's mood."""
    return "\n\n".join(
        _table(results, row, title)
        for row, title in _TITLES.items()
        if any(key[0] == row for key in results)
    )


def _table(results: Results, row: str, title: str) -> str:
    ours = "a call | CPU of a record | to the first | CPU of a byte"
    lines = [
        f"| {title} | {ours} | `StreamHandler`: a call | CPU of a record | to the first |",
        "|---|" + "---|" * 7,
    ]
    settings = [setting for found, setting, name in results if found == row and name == "logspire"]
    for setting in settings:
        cells = [str(setting)]
        for name in ("logspire", "stream"):
            rounds = results[row, setting, name]
            cells += [cell(rounds, "call_us", "µs"), cell(rounds, "cpu_us", "µs")]
            first = _cpu_us(results, row, settings[0], name)
            cells.append(shown(_cpu_us(results, row, setting, name) / first))
            if name == "logspire":
                cells.append(_per_byte(results, row, setting))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _per_byte(results: Results, row: str, setting: int) -> str:
    if row != "message_bytes":
        return ""
    return f"{shown(1e3 * _cpu_us(results, row, setting, 'logspire') / setting)} ns"


def _cpu_us(results: Results, row: str, setting: int, name: str) -> float:
    return median(figures["cpu_us"] for figures in results[row, setting, name])
