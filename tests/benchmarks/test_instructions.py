"""Counting instructions: what is counted repeats itself, and a path that got worse is noticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S

import logspire

from .instructions import (
    PAGE,
    ROOT,
    TOLERANCE,
    UNIT,
    complaints,
    count,
    main,
    per_event,
    recorded,
    rewritten,
)
from .instructions_paths import ROWS

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs

pytestmark = pytest.mark.slow  # and the same on every Python

FLOOR = "call-null"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind, which counts, is missing")
def test_two_counts_of_a_path_agree_within_a_per_cent(tmp_path: Path) -> None:
    row = ROWS[FLOOR]
    fewer, more, again = (
        count(FLOOR, times, str(tmp_path)) for times in (*row.times, row.times[1])
    )
    assert per_event(row, fewer, more) > 0
    assert per_event(row, fewer, more) == pytest.approx(per_event(row, fewer, again), rel=0.01)


def test_help_says_when_the_check_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--help"])
    assert f"{TOLERANCE:.0%} more than recorded" in capsys.readouterr().out


@pytest.mark.parametrize("name", ROWS)
def test_each_path_can_be_taken(name: str, cloudwatch_logs: LocalCloudWatchLogs) -> None:
    if name.endswith("watchtower") and find_spec("watchtower") is None:
        pytest.skip("watchtower is not installed")
    program = [sys.executable, "-m", "tests.benchmarks.instructions_paths", name, "1", "group"]
    source = str(Path(logspire.__file__).parents[1])
    environment = {**os.environ, **cloudwatch_logs.environment, "PYTHONPATH": source}
    subprocess.run(program, cwd=ROOT, env=environment, check=True, timeout=PATIENCE_S)
    assert bool(cloudwatch_logs.calls) == ROWS[name].ships


def test_what_is_written_to_the_page_is_read_back() -> None:
    figures = {name: 1_234_567 + number for number, name in enumerate(ROWS)}
    page = rewritten("before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter", figures, "x")
    assert recorded(page) == figures
    assert page.startswith("before")
    assert page.endswith("after")
    assert "old" not in page


def test_the_page_has_a_figure_for_each_path() -> None:
    assert list(recorded(PAGE.read_text(encoding="utf-8"))) == list(ROWS)


def test_a_path_that_takes_more_is_complained_about() -> None:
    known = {UNIT: 10_000, FLOOR: 10_000}
    (complaint,) = complaints({UNIT: round(10_000 * (1 + TOLERANCE)) + 1, FLOOR: 10_000}, known)
    assert UNIT in complaint


def test_as_many_a_few_more_or_less_is_none() -> None:
    assert complaints({UNIT: round(10_000 * (1 + TOLERANCE))}, {UNIT: 10_000}) == []
    assert complaints({UNIT: 5_000}, {UNIT: 10_000}) == []


def test_a_path_without_a_figure_is_complained_about() -> None:
    assert complaints({UNIT: 10_000}, {}) != []
