"""What a formatter costs, without a handler: the standard library's, ours, and two others for JSON.

Each has the settings that it comes with; python-json-logger, which has none, is asked for the
fields that the others write. Records are made beforehand, and formatted once: ``logging.Formatter``
keeps the text of a traceback on the record.
"""

from __future__ import annotations

import importlib
import logging
import sys
import time
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .lines import ordinary_lines
from .subjects import FORMAT
from .table import cell, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from .table import Results
    from .tasks import Figures

ROW: Final = "format"
OURS: Final = "logspire.JSONFormatter"
OTHERS: Final = ("python-json-logger", "powertools")
FORMATTERS: Final = {
    "logging.Formatter": "`logging.Formatter`",
    "python-json-logger": "python-json-logger",
    "powertools": "Powertools for AWS Lambda",
    OURS: "`logspire.JSONFormatter`",
}
_OF_A_PASS: Final = 50
"""So few that on a busy machine some passes are not interrupted."""
_EXTRAS: Final = {"user": "ann", "request_id": "5f3c-17", "status": 200, "duration_ms": 12.5}


class Kind(NamedTuple):
    """A kind of records: what is on them, and what must be found in their text."""

    title: str
    needed: tuple[str, ...] = ()
    extras: dict[str, Any] = {}  # noqa: RUF012 - never changed
    exc_info: Callable[[], Any] = lambda: None
    apart_s: float = 0.0


class OrderError(Exception):
    """What an application raises."""


def _pay(levels: int) -> None:
    if levels:
        _pay_next(levels - 1)
    raise KeyError("cart")


def _pay_next(levels: int) -> None:
    _pay(levels)


def _one_exception() -> Any:
    try:
        _pay(2)
    except KeyError:
        return sys.exc_info()


def _with_cause() -> Any:
    try:
        try:
            _pay(2)
        except KeyError as error:
            raise OrderError("order 17 failed") from error
    except OrderError:
        return sys.exc_info()


KINDS: Final = {
    "plain_us": Kind("a text with an argument"),
    "second_us": Kind("the same, each in a second of its own", apart_s=1.0),
    "extras_us": Kind("with four extras", ("ann", "5f3c-17", "200", "12.5"), _EXTRAS),
    "exception_us": Kind(
        "with an exception, six frames", ("KeyError", "_pay_next"), exc_info=_one_exception
    ),
    "cause_us": Kind(
        "with an exception and its cause, seven frames",
        ("KeyError", "OrderError", "_pay_next"),
        exc_info=_with_cause,
    ),
}


def format_all(name: str, *, records: int) -> Figures:
    """Measure each kind: microseconds of a call of ``format``, in the fastest of the passes."""
    formatter = make(name)
    figures = {key: measure_kind(formatter, kind, records) for key, kind in KINDS.items()}
    return {"sent": 0} | figures


def make(name: str) -> logging.Formatter:
    made: Any
    if name == "logging.Formatter":
        made = logging.Formatter(FORMAT)
    elif name == "python-json-logger":
        library = importlib.import_module("pythonjsonlogger.json")
        made = library.JsonFormatter(["asctime", "levelname", "name", "message"])
    elif name == "powertools":
        library = importlib.import_module("aws_lambda_powertools.logging.formatter")
        made = library.LambdaPowertoolsFormatter()
    else:
        made = importlib.import_module("logspire").JSONFormatter()
    return made  # type: ignore[no-any-return]


def measure_kind(formatter: logging.Formatter, kind: Kind, records: int) -> float:
    fastest_s = float("inf")
    check(formatter, kind)
    for _ in range(records // _OF_A_PASS):
        fastest_s = min(fastest_s, _time_of(formatter, _records(kind, _OF_A_PASS)))
    return 1e6 * fastest_s / _OF_A_PASS


def check(formatter: logging.Formatter, kind: Kind) -> None:
    """Nothing left out can look fast; but text has no place for extras."""
    (record,) = _records(kind, 1)
    text = formatter.format(record)
    needed = [record.getMessage(), *kind.needed]
    if kind.extras and type(formatter) is logging.Formatter:
        needed = needed[:1]
    if not all(part in text for part in needed):
        raise RuntimeError(f"{kind.title}: not all of it is in {text!r}")


def _time_of(formatter: logging.Formatter, records: list[logging.LogRecord]) -> float:
    format_one = formatter.format
    began_s = time.perf_counter()
    for record in records:
        format_one(record)
    return time.perf_counter() - began_s


@cache
def _lines() -> list[str]:
    return ordinary_lines()


def _records(kind: Kind, count: int) -> list[logging.LogRecord]:
    lines, exc_info, began_s = _lines(), kind.exc_info(), time.time()
    found = []
    for number in range(count):
        message, arguments = "%s order %06d", (lines[number % len(lines)], number)
        record = logging.LogRecord(
            "shop.orders", logging.INFO, __file__, 17, message, arguments, exc_info, "place"
        )
        record.__dict__.update(kind.extras)
        if kind.apart_s:
            record.created = began_s + number * kind.apart_s
        found.append(record)
    return found


def formatting(results: Results) -> str:
    """Return the table, with the ratio of ours to each of the others."""
    if (ROW, 0, OURS) not in results:
        return ""
    ratios = [f"to {FORMATTERS[name]}" for name in OTHERS]
    lines = [
        f"| a record | {' | '.join([*FORMATTERS.values(), *ratios])} |",
        f"|---|{'---|' * (len(FORMATTERS) + len(ratios))}",
    ]
    for key, kind in KINDS.items():
        rounds = {name: results[ROW, 0, name] for name in FORMATTERS}
        cells = [cell(rounds[name], key, "µs") for name in FORMATTERS]
        ours, *others = (median(x[key] for x in rounds[name]) for name in (OURS, *OTHERS))
        cells += [shown(ours / other) for other in others]
        lines.append(f"| {kind.title} | {' | '.join(cells)} |")
    return "\n".join(lines)
