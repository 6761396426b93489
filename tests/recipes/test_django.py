"""``docs/recipes/django``: a command, the development server with its reloader, gunicorn."""

from __future__ import annotations

import os
import signal
import time
import urllib.error
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from recipes.running import PYTHON, SLACK_S, get
from recipes.web import (
    Said,
    change_until_said,
    lost_by,
    orders_in,
    said_on,
    said_to,
    visit,
    wait_for_all,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path

    from recipes.running import Program, Run

    from logspire.testing import LocalCloudWatchLogs

pytest.importorskip("django", reason="comes with the test extra")

PATIENT_S = 30
"""A busy machine needs seconds for the SDK."""
STARTED = "Watching for file changes with StatReloader"


def test_a_command_delivers_before_it_ends(
    run: Run, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    command = (PYTHON, "manage.py", "restock", "12")
    program = run("django", *command, environment=reachable, shutdown_timeout=PATIENT_S)
    assert program.wait() == 0, program.output
    logger = "shop.management.commands.restock"
    said = Said(program.process.pid, "INFO", logger, "12 pieces restocked")
    assert said_to(cloudwatch_logs) == Counter([said])
    assert program.output.splitlines() == [f"[{said.process_id}] INFO {logger}: {said.message}"]


@pytest.mark.slow
def test_the_development_server_delivers_across_a_reload_each_line_once(
    run: Run,
    port: int,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
    tmp_path: Path,
) -> None:
    url, program = start_development_server(run, port, reachable, shutdown_timeout=PATIENT_S)
    visit(url, range(3))
    change_until_said("changed, reloading", program, tmp_path / "django/shop/urls.py")
    program.wait_until_said(STARTED, times=2)
    visit(url, range(3, 6))
    not_found(url)
    wait_for_all(cloudwatch_logs, program)
    os.killpg(program.process.pid, signal.SIGINT)  # as Ctrl-C does
    assert program.wait() == 0
    console = said_on(program)
    assert said_to(cloudwatch_logs) == console
    assert orders_in(console, "django.server") == Counter(range(6))
    others = {said[1:] for said in console if "order" not in said.message}
    assert {(level, logger) for level, logger, _ in others} == {
        ("INFO", "django.utils.autoreload"),
        ("WARNING", "django.request"),
        ("WARNING", "django.server"),
    }
    assert program.complaints == []


def start_development_server(
    run: Run, port: int, environment: Mapping[str, str], **options: float
) -> tuple[str, Program]:
    """Start it; return its address as well."""
    environment = {**environment, "DJANGO_DEBUG": "1"}
    command = (PYTHON, "manage.py", "runserver", str(port))
    return f"http://127.0.0.1:{port}", run("django", *command, environment=environment, **options)


def not_found(url: str) -> None:
    """Ask for a page that is not there."""
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{url}/missing")


@pytest.mark.slow
def test_under_gunicorn_workers_deliver_what_they_django_and_the_application_say(
    run: Run,
    door: socket.socket,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
) -> None:
    program = run(
        "django",
        *(PYTHON, "-m", "gunicorn", "--no-control-socket", "--workers=1"),
        *(f"--bind=fd://{door.fileno()}", "--access-logfile=-", "shop.wsgi"),
        environment=reachable,
        pass_fds=(door.fileno(),),
        shutdown_timeout=25,  # gunicorn kills after 30
    )
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    visit(url, range(6))
    not_found(url)
    assert program.stop() == 0
    console = said_on(program)
    assert said_to(cloudwatch_logs) == console
    assert orders_in(console, "gunicorn.access") == Counter(range(6))
    others = {(said.level, said.logger) for said in console if "order" not in said.message}
    assert others == {
        ("WARNING", "django.request"),
        ("INFO", "gunicorn.access"),
        ("INFO", "gunicorn.error"),
    }
    assert program.complaints == []


@pytest.mark.slow
def test_unreachable_the_development_server_serves_reloads_and_ends_in_its_usual_time(
    run: Run, port: int, unreachable: Mapping[str, str], tmp_path: Path
) -> None:
    url, program = start_development_server(run, port, unreachable, shutdown_timeout=1)
    visit(url, range(3))
    since_s = time.monotonic()
    change_until_said("changed, reloading", program, tmp_path / "django/shop/urls.py")
    program.wait_until_said(STARTED, times=2)
    assert time.monotonic() - since_s < 1 + 2 * SLACK_S  # one ends, and then another starts
    assert sum(lost_by(program)) == said_on(program).total() - 1, program.output
    visit(url, range(3, 6))
    since_s = time.monotonic()
    os.killpg(program.process.pid, signal.SIGINT)
    assert program.wait() == 0
    assert time.monotonic() - since_s < 1 + SLACK_S


@pytest.mark.slow
def test_unreachable_a_command_ends_within_the_time_that_it_was_given(
    run: Run, unreachable: Mapping[str, str]
) -> None:
    program = run(
        *("django", PYTHON, "manage.py", "restock", "12"),
        environment=unreachable,
        shutdown_timeout=2,
    )
    program.wait_until_said("restocked")
    since_s = time.monotonic()
    assert program.wait() == 0
    assert time.monotonic() - since_s < 2 + SLACK_S
    assert lost_by(program) == [1]
