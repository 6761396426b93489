"""``docs/recipes/flask``: the development server, and its reloader."""

from __future__ import annotations

import os
import signal
import time
import urllib.error
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from recipes.running import PYTHON, RECIPES, SLACK_S, get
from recipes.web import change_until_said, lost_by, orders_in, said_on, said_to, visit, wait_for_all

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path

    from recipes.running import Program, Run

    from logspire.testing import LocalCloudWatchLogs

pytest.importorskip("flask", reason="comes with the test extra")

PATIENT_S = 30
"""A busy machine needs seconds for the SDK."""


def start(
    run: Run, port: int, environment: Mapping[str, str], *options: str, shutdown_timeout: float
) -> tuple[str, Program]:
    """Start the recipe; return its address as well."""
    command = (PYTHON, "-m", "flask", "--app=shop", *options, "run", f"--port={port}")
    program = run("flask", *command, environment=environment, shutdown_timeout=shutdown_timeout)
    return f"http://127.0.0.1:{port}", program


def test_what_the_application_and_werkzeug_say_arrives_once_and_without_colours(
    run: Run, port: int, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    url, program = start(run, port, reachable, shutdown_timeout=PATIENT_S)
    visit(url, range(5))
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{url}/missing")
    assert program.stop(signal.SIGINT) == 0
    assert "\x1b[33mGET /missing" in program.output
    console = said_on(program)
    assert said_to(cloudwatch_logs) == console
    assert orders_in(console, "werkzeug") == Counter(range(5))
    assert {said.process_id for said in console} == {program.process.pid}
    assert program.complaints == []


@pytest.mark.slow
def test_the_reloader_replaces_a_process_that_delivers(
    run: Run,
    port: int,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
    tmp_path: Path,
) -> None:
    url, program = start(run, port, reachable, "--debug", shutdown_timeout=PATIENT_S)
    visit(url, range(3))
    change_until_said("Detected change in", program, tmp_path / "flask/shop.py")
    program.wait_until_said("Debugger is active", times=2)
    visit(url, range(3, 6))
    wait_for_all(cloudwatch_logs, program)
    os.killpg(program.process.pid, signal.SIGINT)  # as Ctrl-C does
    assert program.wait() == 0
    console = said_on(program)
    assert said_to(cloudwatch_logs) == console
    assert orders_in(console, "werkzeug") == Counter(range(6))
    assert program.complaints == []


@pytest.mark.slow
def test_unreachable_it_serves_reloads_and_ends_in_its_usual_time(
    run: Run, port: int, unreachable: Mapping[str, str], tmp_path: Path
) -> None:
    url, program = start(run, port, unreachable, "--debug", shutdown_timeout=1)
    visit(url, range(3))
    since_s = time.monotonic()
    change_until_said("Detected change in", program, tmp_path / "flask/shop.py")
    program.wait_until_said("Debugger is active", times=2)
    assert time.monotonic() - since_s < 1 + 2 * SLACK_S  # one ends, and then another starts
    assert sum(lost_by(program)) >= 6  # three orders, each shown and visited
    visit(url, range(3, 6))
    since_s = time.monotonic()
    os.killpg(program.process.pid, signal.SIGINT)
    assert program.wait() == 0
    assert time.monotonic() - since_s < 2 * 1 + SLACK_S


@pytest.mark.slow
def test_under_gunicorn_configured_by_both_each_line_arrives_once(
    run: Run,
    door: socket.socket,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
) -> None:
    pytest.importorskip("gunicorn", reason="comes with the test extra, and not to Windows")
    program = run(
        "flask",
        *(PYTHON, "-m", "gunicorn", "--no-control-socket", f"--bind=fd://{door.fileno()}"),
        *(f"--config={RECIPES / 'gunicorn/gunicorn.conf.py'}", "--workers=1", "shop:app"),
        environment=reachable,
        pass_fds=(door.fileno(),),
        shutdown_timeout=25,  # gunicorn kills after 30
    )
    visit(f"http://127.0.0.1:{door.getsockname()[1]}", range(6))
    assert program.stop() == 0
    console = said_on(program)
    assert said_to(cloudwatch_logs) == console
    assert orders_in(console, "gunicorn.access") == Counter(range(6))
    assert program.complaints == []
