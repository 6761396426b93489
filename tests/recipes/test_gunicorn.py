"""``docs/recipes/gunicorn`` and ``gunicorn_gevent``: reloaded, scaled, ended, killed."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from recipes.running import PYTHON, SLACK_S
from recipes.web import (
    Customers,
    catches,
    lost_by,
    orders_in,
    other_lines,
    said_on,
    said_to,
    visit,
    wait_for_end,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from recipes.running import Run

    from logspire.testing import LocalCloudWatchLogs

pytest.importorskip("gunicorn", reason="comes with the test extra, and not to Windows")

PATIENT_S = 25
"""A busy machine needs seconds for the SDK; gunicorn kills after 30."""
SERVERS = [("gunicorn", "sync"), ("gunicorn", "gthread"), ("gunicorn_gevent", "gevent")]
SLOW = pytest.mark.slow


class Gunicorn:
    """A gunicorn as a recipe configures it."""

    def __init__(
        self,
        run: Run,
        door: socket.socket,
        environment: Mapping[str, str],
        *options: str,
        recipe: str = "gunicorn",
        shutdown_timeout: float = PATIENT_S,
    ) -> None:
        if recipe == "gunicorn_gevent":
            pytest.importorskip("gevent", reason="comes with the recipes extra")
        self.url = f"http://127.0.0.1:{door.getsockname()[1]}"
        self.program = run(
            recipe,
            *(PYTHON, "-m", "gunicorn", "--no-control-socket", f"--bind=fd://{door.fileno()}"),
            *(*options, "app:app"),
            environment=environment,
            pass_fds=(door.fileno(),),
            shutdown_timeout=shutdown_timeout,
        )
        self._seen = 0

    def new_workers(self, number: int = 2) -> list[int]:
        """Wait for so many new workers, ready to be ended by a signal; return their ids."""
        self.program.wait_until_said("Booting worker with pid", times=self._seen + number)
        started = re.findall(r"Booting worker with pid: (\d+)", self.program.output)[self._seen :]
        self._seen += number
        workers = [int(worker) for worker in started]
        while not all(catches(worker, signal.SIGABRT) for worker in workers):
            time.sleep(0.02)  # a poll, not luck: gunicorn says nothing when they are ready
        return workers

    def kill(self, number: int) -> None:
        """Send the master a signal."""
        os.kill(self.program.process.pid, number)


@pytest.mark.parametrize(
    ("recipe", "worker_class", "preload"),
    [
        pytest.param("gunicorn", "sync", [], marks=SLOW),
        pytest.param("gunicorn", "sync", ["--preload"], marks=SLOW),
        pytest.param("gunicorn", "gthread", [], marks=SLOW),
        ("gunicorn", "gthread", ["--preload"]),  # the one that every Python runs
        pytest.param("gunicorn_gevent", "gevent", [], marks=SLOW),
        pytest.param("gunicorn_gevent", "gevent", ["--preload"], marks=SLOW),
    ],
)
def test_reloaded_scaled_down_and_ended_under_load_each_line_arrives_once(
    run: Run,
    door: socket.socket,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
    recipe: str,
    worker_class: str,
    preload: list[str],
) -> None:
    options = (f"--worker-class={worker_class}", *preload)
    server = Gunicorn(run, door, reachable, *options, recipe=recipe)
    first = server.new_workers()
    with Customers(server.url) as customers:
        server.kill(signal.SIGHUP)
        second = server.new_workers()
        wait_for_end(first)
        server.kill(signal.SIGTTOU)
        wait_for_end(second, left=1)
    assert server.program.stop() == 0
    console = said_on(server.program)
    assert said_to(cloudwatch_logs) == console
    assert other_lines(server.program) == []
    assert orders_in(console, "gunicorn.access") == Counter(range(customers.orders))


@SLOW
@pytest.mark.parametrize(("recipe", "worker_class"), SERVERS[1:])
def test_ended_by_ctrl_c_which_tells_workers_twice_each_line_arrives_once(
    run: Run,
    door: socket.socket,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
    recipe: str,
    worker_class: str,
) -> None:
    cloudwatch_logs.misbehave("slow", seconds=1)  # so that all signals come while it delivers
    server = Gunicorn(run, door, reachable, f"--worker-class={worker_class}", recipe=recipe)
    server.new_workers()
    visit(server.url, range(10))
    server.program.wait_until_said('"GET /orders/', times=10)
    os.killpg(server.program.process.pid, signal.SIGINT)
    assert server.program.wait() == 0
    assert "atexit" not in server.program.output  # nothing has interrupted the delivery
    console = said_on(server.program)
    assert said_to(cloudwatch_logs) == console
    assert orders_in(console, "gunicorn.access") == Counter(range(10))


@SLOW
def test_workers_that_are_replaced_after_some_requests_deliver(
    run: Run,
    door: socket.socket,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
) -> None:
    options = ("--worker-class=gthread", "--workers=1", "--max-requests=5")
    server = Gunicorn(run, door, reachable, *options)
    visit(server.url, range(12))
    server.new_workers(3)
    assert server.program.stop() == 0
    console = said_on(server.program)
    assert said_to(cloudwatch_logs) == console
    assert other_lines(server.program) == []
    assert orders_in(console, "gunicorn.access") == Counter(range(12))


@SLOW
def test_a_worker_that_hangs_or_is_killed_takes_along_at_most_what_it_held(
    run: Run,
    door: socket.socket,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
) -> None:
    # A worker says every 7.5 s that it is there: on a busy machine it may be late with that.
    server = Gunicorn(run, door, reachable, "--timeout=15")
    hangs, killed = server.new_workers()
    visit(server.url, range(10))
    os.kill(killed, signal.SIGKILL)
    os.kill(hangs, signal.SIGSTOP)
    server.new_workers()
    assert server.program.stop() == 0
    arrived, console = said_to(cloudwatch_logs), said_on(server.program)
    assert arrived <= console
    assert {said.process_id for said in console - arrived} <= {hangs, killed}
    master = server.program.process.pid
    assert {said.message for said in arrived if said.process_id == master} >= {
        f"WORKER TIMEOUT (pid:{hangs})",
        f"Worker (pid:{hangs}) was sent SIGKILL! Perhaps out of memory?",
        f"Worker (pid:{killed}) was sent SIGKILL! Perhaps out of memory?",
    }


@SLOW
@pytest.mark.parametrize(("recipe", "worker_class"), SERVERS)
def test_unreachable_it_serves_and_ends_within_the_time_that_it_was_given(
    run: Run,
    door: socket.socket,
    unreachable: Mapping[str, str],
    recipe: str,
    worker_class: str,
) -> None:
    options = (f"--worker-class={worker_class}",)
    server = Gunicorn(run, door, unreachable, *options, recipe=recipe, shutdown_timeout=2)
    server.new_workers()
    visit(server.url, range(4))
    since_s = time.monotonic()
    assert server.program.stop() == 0
    # The workers', all at the same time, and then the master's.
    assert time.monotonic() - since_s < 2 + 2 + SLACK_S
    lost = lost_by(server.program)
    assert len(lost) == 3, server.program.output
    assert sum(lost) == said_on(server.program).total()
