"""Times are written exactly as `logging.Formatter` writes them."""

from __future__ import annotations

import copy
import logging
import time

import pytest
from formatters.making import FORMAT, NOON_S, record_at
from hypothesis import given
from hypothesis import strategies as st

from logspire import CloudWatchLogFormatter
from logspire.formatters.asctime import QuickFormatter


@given(
    times_s=st.lists(
        st.floats(-2.0, 2.0).map(lambda s: NOON_S + s) | st.floats(-2.0, 2.0) | st.integers(0, 3),
        min_size=1,
    ),
    datefmts=st.lists(st.sampled_from([None, None, "", "%H:%M:%S", "%d"]), min_size=1),
    msecs=st.floats(-1, 1001) | st.integers(-1, 1001),
)
def test_any_sequence_of_times_and_formats(
    times_s: list[float], datefmts: list[str | None], msecs: float
) -> None:
    plain, quick = logging.Formatter(), QuickFormatter()
    for number, created in enumerate(times_s):
        datefmt = datefmts[number % len(datefmts)]
        one = record_at(created, msecs)
        assert quick.formatTime(one, datefmt) == plain.formatTime(one, datefmt)


def test_a_formatter_of_the_application_beside_it_rules() -> None:
    class Iso(logging.Formatter):
        def formatTime(  # noqa: N802 - the name that logging.Formatter gives it
            self,
            record: logging.LogRecord,
            datefmt: str | None = None,
        ) -> str:
            return f"{record.created} {datefmt}"

    class Both(CloudWatchLogFormatter, Iso):
        pass

    assert Both("%(asctime)s").format(record_at(NOON_S)) == f"{NOON_S} None"


def test_a_converter_of_the_application_is_asked_each_time() -> None:
    answers = iter([time.gmtime(1), time.gmtime(2)])
    quick = QuickFormatter()
    quick.converter = lambda _seconds: next(answers)
    assert [quick.formatTime(record_at(NOON_S), "%S") for _ in range(2)] == ["01", "02"]


@pytest.mark.parametrize("created", [None, float("nan"), float("inf"), "noon", 1e300])
def test_what_is_no_time_meets_the_same_fate(created: object) -> None:
    def outcome(formatter: logging.Formatter) -> object:
        try:
            return formatter.formatTime(record_at(created), "%Y")
        except (TypeError, ValueError, OverflowError) as error:
            return type(error)

    assert outcome(QuickFormatter()) == outcome(logging.Formatter())


def test_a_copy_writes_the_same() -> None:
    quick = CloudWatchLogFormatter(FORMAT)
    quick.format(record_at(NOON_S))
    assert copy.deepcopy(quick).format(record_at(NOON_S)) == quick.format(record_at(NOON_S))
