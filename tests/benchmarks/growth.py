"""How the price grows: Logspire with more records, streams, threads, and longer messages."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from .table import cell, lost, shown

if TYPE_CHECKING:
    from .table import Results

_TITLES: Final = {
    "records": "records",
    "streams": "streams",
    "threads": "threads",
    "message_bytes": "bytes of a message",
}
_FLAT: Final = 1.25
"""What is taken for flat: a factor that a busy machine does not reach by itself."""


def growth(results: Results) -> str:
    """Return a table for each row that grows, ``StreamHandler`` beside it as the machine's mood."""
    return "\n\n".join(
        f"{_table(results, row, title)}\n\n{_verdict(results, row)}".rstrip()
        for row, title in _TITLES.items()
        if _settings(results, row)
    )


def _settings(results: Results, row: str) -> list[int]:
    return [setting for found, setting, name in results if found == row and name == "logspire"]


def _table(results: Results, row: str, title: str) -> str:
    ours = "a call | CPU of a record | to the first | CPU of a byte"
    lines = [
        f"| {title} | {ours} | `StreamHandler`: a call | CPU of a record | to the first |",
        "|---|" + "---|" * 7,
    ]
    settings = _settings(results, row)
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


def _verdict(results: Results, row: str) -> str:
    """Say whether the price of a record, or of a byte where messages grow, stays what it was."""
    settings = _settings(results, row)
    if len(settings) < 2:
        return ""
    unit = "byte" if row == "message_bytes" else "record"
    prices = [
        _cpu_us(results, row, setting, "logspire") / (setting if unit == "byte" else 1)
        for setting in settings
    ]
    rise = max(prices) / prices[0]
    is_flat = rise <= _FLAT and not any(
        lost(results[row, setting, "logspire"]) for setting in settings
    )
    word = "met" if is_flat else "**MISSED**"
    return f"CPU of a {unit}, the highest to the first: {shown(rise)} (flat: ≤ {_FLAT}): {word}"


def _cpu_us(results: Results, row: str, setting: int, name: str) -> float:
    return median(figures["cpu_us"] for figures in results[row, setting, name])
