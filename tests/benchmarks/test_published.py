"""What the README and the documentation show of the benchmark is what the saved run says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from .__main__ import main
from .picture import PANELS, number, picture
from .plan import QUICK, measurements
from .published import NEEDED, PAGES, PICTURE, ROWS, RUN, table, with_table
from .saved import Run, load, save
from .table import LINES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # and the same on every Python

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_table_of_a_page_is_that_of_the_saved_run(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert with_table(text, "") != text
    assert with_table(text, table(load(RUN))) == text


def test_the_picture_is_that_of_the_saved_run() -> None:
    assert picture(load(RUN)) == PICTURE.read_text(encoding="utf-8")


def test_the_picture_says_in_words_what_it_shows() -> None:
    root = ET.parse(PICTURE).getroot()
    told = root.findtext(f"{SVG}desc") or ""
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title")
    assert [panel.title for panel in PANELS if panel.title not in told] == []
    shown = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert {text for text in shown if re.match(r"\d", text) and text not in told} == set()


def test_no_text_of_the_picture_reaches_over_its_edge() -> None:
    root = ET.parse(PICTURE).getroot()
    for panel in root.iter(f"{SVG}g"):
        left = float((panel.get("transform") or "").removeprefix("translate(").split()[0])
        for text in panel.iter(f"{SVG}text"):
            letters = len("".join(text.itertext())) * 8  # wider than they are
            assert left + float(text.get("x", 0)) + letters <= float(root.get("width", 0))


def test_every_figure_that_is_shown_is_one_that_the_benchmark_measures() -> None:
    measured = {(line.row, line.figure) for line in LINES}
    assert {(row.row, row.figure) for row in (*ROWS, *PANELS)} <= measured
    assert set(NEEDED) <= {one.row for one in measurements(QUICK)}


def test_figures_of_a_run_that_is_too_short_are_not_published(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--publish", "--quick"])
    assert "no --only, --quick or --full" in capsys.readouterr().err


def test_a_run_that_is_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    results = {("steady", 0, "logspire"): [{"call_us": 1.5}, {"call_us": 2.25}]}
    run = Run({"date": "2026-11-23", "rounds": 2}, results)
    save(run, tmp_path / "run.json")
    assert load(tmp_path / "run.json") == run


def test_what_was_lost_stands_beside_the_figure_in_the_table_and_in_the_picture() -> None:
    run = load(RUN)
    lossy = [{"delivery_s": 1.0, "lost": 7.0}, {"delivery_s": 3.0, "lost": 9.0}]
    run.results["burst", 0, "logspire"] = lossy
    assert "| 2 s, 7 to 9 lost |" in table(run)
    assert "Logspire 2 s, ≥ 7 lost" in picture(run)


@pytest.mark.parametrize(
    ("value", "text"), [(14.34, "14.3"), (0.3156, "0.316"), (2853.4, "2 853"), (7.0, "7")]
)
def test_numbers_have_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text
