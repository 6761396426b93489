"""``docs/recipes/fastapi``, under uvicorn: one process, workers, and the reloader."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from recipes.running import PYTHON, SLACK_S
from recipes.web import (
    Customers,
    change_until_said,
    lost_by,
    orders_in,
    other_lines,
    said_on,
    said_to,
    visit,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from recipes.running import Program, Run
    from recipes.web import Said

    from logspire.testing import LocalCloudWatchLogs

pytest.importorskip("fastapi", reason="comes with the recipes extra")
pytest.importorskip("uvicorn", reason="comes with the recipes extra")

READY = "Application startup complete"
PATIENT_S = 30
"""A busy machine needs seconds for the SDK."""
WORKERS = ("--workers=2", "--timeout-worker-healthcheck=60")
"""The parent kills workers that do not answer in time: in 5 seconds, unless told otherwise."""


class Uvicorn:
    """The recipe under uvicorn."""

    def __init__(
        self,
        run: Run,
        port: int,
        environment: Mapping[str, str],
        *options: str,
        shutdown_timeout: float = PATIENT_S,
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.program: Program = run(
            "fastapi",
            *(PYTHON, "-m", "uvicorn", f"--port={port}", *options, "main:app"),
            environment=environment,
            shutdown_timeout=shutdown_timeout,
        )
        self.process_id = self.program.process.pid


def assert_all_but_farewells(arrived: Counter[Said], program: Program) -> None:
    """Where a process may get one signal more, from its parent.

    If that comes in the moment in which uvicorn has let go of the signals, and the application has
    not taken over, it ends the process. There was little left to say.
    """
    console = said_on(program)
    missing = {said.message.partition(" [")[0] for said in console - arrived}
    assert missing <= {"Application shutdown complete.", "Finished server process"}
    assert arrived <= console


def test_ended_by_sigterm_the_process_delivers_all_that_it_and_uvicorn_said(
    run: Run, port: int, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    server = Uvicorn(run, port, reachable)
    visit(server.url, range(5))
    assert server.program.stop() == 0
    console = said_on(server.program)
    assert said_to(cloudwatch_logs) == console
    assert orders_in(console, "uvicorn.access") == Counter(range(5))
    assert other_lines(server.program) == []
    assert f"Finished server process [{server.process_id}]" in {said.message for said in console}


def test_configured_on_top_by_uvicorn_the_applications_lines_still_arrive_once(
    run: Run, port: int, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    start = f"import main, uvicorn; uvicorn.run(main.app, port={port})"
    program = run("fastapi", PYTHON, "-c", start, environment=reachable, shutdown_timeout=PATIENT_S)
    visit(f"http://127.0.0.1:{port}", range(5))
    assert program.stop() == 0
    said = sorted(said_to(cloudwatch_logs).elements())
    assert [one.message for one in said] == [f"order {number} shown" for number in range(5)]
    assert said_on(program) == Counter(said)


@pytest.mark.slow
def test_workers_replaced_scaled_down_and_ended_under_load_deliver_each_line_once(
    run: Run, port: int, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    server = Uvicorn(run, port, reachable, *WORKERS)
    server.program.wait_until_said(READY, times=2)
    with Customers(server.url) as customers:
        os.kill(server.process_id, signal.SIGHUP)
        server.program.wait_until_said("Finished server process", times=2)
        os.kill(server.process_id, signal.SIGTTOU)
        server.program.wait_until_said("Finished server process", times=3)
    assert server.program.stop() == 0
    console = said_on(server.program)
    assert said_to(cloudwatch_logs) == console
    assert orders_in(console, "uvicorn.access") == Counter(range(customers.orders))
    # The parent does not import the application: uvicorn's own logging is all that it knows.
    assert {line.split()[0] for line in other_lines(server.program)} == {"INFO:"}
    assert server.process_id not in {said.process_id for said in console}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_workers_that_get_the_signal_of_their_parent_as_well_deliver_each_line_once(
    run: Run,
    port: int,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
    number: int,
) -> None:
    cloudwatch_logs.misbehave("slow", seconds=1)  # the parent's comes half a second later at most
    server = Uvicorn(run, port, reachable, *WORKERS)
    server.program.wait_until_said(READY, times=2)
    visit(server.url, range(5))
    os.killpg(server.process_id, number)  # as Ctrl-C does, and systemd
    assert server.program.wait() == 0
    arrived = said_to(cloudwatch_logs)
    assert_all_but_farewells(arrived, server.program)
    assert orders_in(arrived, "uvicorn.access") == Counter(range(5))


@pytest.mark.slow
def test_the_reloader_replaces_a_process_that_delivers(
    run: Run,
    port: int,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
    tmp_path: Path,
) -> None:
    server = Uvicorn(run, port, reachable, "--reload")
    visit(server.url, range(3))
    change_until_said("detected changes in", server.program, tmp_path / "fastapi/main.py")
    server.program.wait_until_said(READY, times=2)
    visit(server.url, range(3, 6))
    os.killpg(server.process_id, signal.SIGINT)  # as Ctrl-C does
    assert server.program.wait() == 0
    arrived = said_to(cloudwatch_logs)
    assert_all_but_farewells(arrived, server.program)
    assert orders_in(arrived, "uvicorn.access") == Counter(range(6))
    assert server.program.complaints == []


@pytest.mark.slow
def test_unreachable_it_serves_reloads_and_ends_within_the_time_that_it_was_given(
    run: Run, port: int, unreachable: Mapping[str, str], tmp_path: Path
) -> None:
    server = Uvicorn(run, port, unreachable, "--reload", shutdown_timeout=2)
    visit(server.url, range(3))
    since_s = time.monotonic()
    change_until_said("detected changes in", server.program, tmp_path / "fastapi/main.py")
    server.program.wait_until_said(READY, times=2)
    assert time.monotonic() - since_s < 2 + 2 + 2 * SLACK_S  # one ends, and then another starts
    visit(server.url, range(3, 6))
    since_s = time.monotonic()
    assert server.program.stop() == 0
    assert time.monotonic() - since_s < 2 + 2 + SLACK_S
    lost = lost_by(server.program)
    assert len(lost) == 2
    assert sum(lost) == said_on(server.program).total()
