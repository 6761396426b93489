"""The benchmark itself is right: it measures everything, counts what came, and names what did not.

No test looks at a time: those depend on the machine.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S

from .asking import ROOT, ask, running_sink
from .formatting import KINDS
from .growth import growth
from .lines import LAYOUT, ordinary_lines
from .picture import PANELS, picture
from .plan import QUICK, measurements
from .published import table
from .saved import load
from .subjects import PATIENCE
from .table import LINES, Line, Target, cell, costs, verdict
from .tasks import turns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .tasks import Figures

pytestmark = pytest.mark.slow  # and the same on every Python


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("watchtower") is None, reason="watchtower is in the extra `bench`"
)
def test_the_smallest_setting_has_every_line_and_all_that_logspire_was_given_arrives(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--rounds", "1"]
    command += ["--json", str(tmp_path / "run.json")]
    environment = {**os.environ, PATIENCE: str(PATIENCE_S)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    _, cost, formatted, grown, arrivals = done.stdout.split("\n## ")
    figures_of = {title: cells[-2] for title, *cells in cells_of(cost)}
    assert {line.title for line in LINES if figures_of[line.title]} == {x.title for x in LINES}
    assert [len(cells) for cells in cells_of(formatted)] == [7] * (1 + len(KINDS))
    assert len(cells_of(grown)) == 2 * len(QUICK.growth)
    arrived = {row: counts for row, subject, *counts in cells_of(arrivals) if subject == "logspire"}
    rows = {f"{one.row} {one.setting or ''}".strip() for one in measurements(QUICK)}
    assert set(arrived) == rows - {"start", "format"}
    assert {row for row, (sent, there, *_) in arrived.items() if sent != there} == set()
    run = load(tmp_path / "run.json")
    assert [cells[3] for cells in cells_of(table(run)) if not cells[3]] == []
    assert picture(run).count('class="logspire"') == len(PANELS)


def cells_of(section: str) -> list[list[str]]:
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line] for line in lines]


@pytest.fixture
def sink() -> Iterator[str]:
    with running_sink() as url:
        yield url


def call(url: str, operation: str, *messages: str, compress: bool = False) -> int:
    request = {
        "logGroupName": "group",
        "logStreamName": "stream",
        "logEvents": [{"timestamp": 0, "message": message} for message in messages],
    }
    body = json.dumps(request).encode()
    headers = {"X-Amz-Target": f"Logs_20140328.{operation}"}
    if compress:
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, body, headers), timeout=PATIENCE_S
        ) as done:
            return int(done.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def make_stream(url: str) -> None:
    ask(url, "reset")
    group = {"logGroupName": "group"}
    headers = {"X-Amz-Target": "Logs_20140328.CreateLogGroup"}
    body = json.dumps(group).encode()
    urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=PATIENCE_S).close()
    assert call(url, "CreateLogStream") == 200


@pytest.mark.parametrize("compress", [False, True])
def test_the_sink_counts_events_and_tells_copies_from_new_ones(
    sink: str, *, compress: bool
) -> None:
    make_stream(sink)
    assert call(sink, "PutLogEvents", "a 0", "b 1", "c 2", compress=compress) == 200
    assert call(sink, "PutLogEvents", "b 1", "somebody else", compress=compress) == 200
    report = ask(sink, "report")
    assert (report["events"], report["distinct"], report["strangers"]) == (5, 3, 1)
    assert report["batches"] == [3, 2]
    assert report["text_bytes"] == 4 * 3 + len("somebody else")


def test_the_sink_does_not_count_what_it_refused(sink: str) -> None:
    assert call(sink, "PutLogEvents", "a 0") == 400
    report = ask(sink, "report")
    assert report["events"] == 0
    assert report["calls"] == {"PutLogEvents": 1}


def test_an_answer_that_is_held_holds_up_no_other_connection(sink: str) -> None:
    make_stream(sink)
    ask(sink, "hold")
    caller = threading.Thread(target=call, args=(sink, "PutLogEvents", "a 0"))
    caller.start()
    while not ask(sink, "report")["events"]:
        pass
    assert caller.is_alive()
    ask(sink, "release")
    caller.join(PATIENCE_S)
    assert not caller.is_alive()


@pytest.mark.parametrize("size", [20, 450, 1_000_000])
def test_messages_are_as_long_as_asked_for_and_end_in_their_number(size: int) -> None:
    for line in ordinary_lines(size)[:4]:
        message = LAYOUT % (line, 17)
        assert len(message.encode()) == size
        assert int(message.rpartition(" ")[2]) == 17


def test_a_thread_that_wakes_is_noticed() -> None:
    called, answered = threading.Event(), threading.Event()

    def answer() -> None:
        called.wait()
        answered.set()
        ended.wait()

    ended = threading.Event()
    thread = threading.Thread(target=answer)
    thread.start()
    assert thread.ident is not None
    before = turns()[thread.ident]
    called.set()
    answered.wait()
    after = turns()[thread.ident]
    ended.set()
    thread.join()
    assert after.times > before.times or after.cpu_ns > before.cpu_ns


def figures(value: float, arrived: int = 10) -> Figures:
    return {"call_us": value, "sent": 10, "lost": 10 - arrived}


LINE = Line("steady", "call_us", "a call", "µs", (Target(0.5, "watchtower"),))


def test_a_cell_has_the_median_and_the_spread() -> None:
    assert cell([figures(3), figures(1), figures(2)], "call_us", "µs") == "2 µs (1 to 3)"


def test_who_loses_records_is_told_so_beside_the_figure() -> None:
    text = cell([figures(1), figures(1, arrived=3)], "call_us", "µs")
    assert text == "1 µs **LOST 0 to 7 of 10**"


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        (figures(4), "0.4 of watchtower (≤ 0.5): met"),
        (figures(6), "0.6 of watchtower (≤ 0.5): **MISSED**"),
        (figures(4, arrived=9), "0.4 of watchtower (≤ 0.5): **MISSED**"),
    ],
)
def test_a_target_is_met_by_the_ratio_unless_records_are_missing(ours: Figures, said: str) -> None:
    assert verdict(LINE.targets[0], "call_us", [ours], [figures(10)]) == said


def test_a_row_that_was_not_measured_is_left_out() -> None:
    assert "a call, one thread" not in costs({})


@pytest.mark.parametrize(
    ("cpu_us", "missing", "word"),
    [(11.0, 0, "met"), (13.0, 0, "**MISSED**"), (11.0, 1, "**MISSED**")],
)
def test_a_price_that_rises_or_a_loss_is_not_flat(cpu_us: float, missing: int, word: str) -> None:
    first = {"call_us": 1.0, "cpu_us": 10.0, "sent": 10, "lost": 0}
    last = first | {"cpu_us": cpu_us, "lost": missing}
    rounds = {("threads", 1): first, ("threads", 64): last}
    results = {(*key, name): [x] for key, x in rounds.items() for name in ("stream", "logspire")}
    assert growth(results).endswith(word)
