"""Prefork servers: the handler is configured before the fork, the workers log and are ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from delivery.conftest import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from logspire.testing import LocalCloudWatchLogs

pytest.importorskip("gunicorn", reason="comes with the test extra, and not to Windows")

# Configured once, in the master: by the server's own `logconfig_dict`, and by the application,
# which --preload imports there.
SETTINGS = """
import os
def post_worker_init(worker):
    os.write(int(os.environ["BOOTED"]), b".")
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"cloudwatch": {
        "class": "logspire.CloudWatchLogHandler",
        "log_group_name": "tests",
        "log_stream_name": "server",
        "send_interval": 60,
        "shutdown_timeout": 30,
    }},
    "root": {"handlers": []},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["cloudwatch"]}},
}
"""
APPLICATION = """
import logging, os
from logspire import CloudWatchLogHandler
log = logging.getLogger("shop")
log.setLevel(logging.INFO)
log.propagate = False
waits = {"send_interval": 60, "shutdown_timeout": 30}
log.addHandler(CloudWatchLogHandler("tests", "application", **waits))
log.info("imported by %d", os.getpid())
def app(environ, start_response):
    log.info("served %s", environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""
REQUESTS = 20


class Server:
    """A gunicorn with two workers, made of `APPLICATION` and `SETTINGS`."""

    def __init__(self, place: Path, service: LocalCloudWatchLogs, *, worker: str) -> None:
        (place / "application.py").write_text(APPLICATION)
        (place / "settings.py").write_text(SETTINGS)
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._booted, booted = os.pipe()
        with listening, os.fdopen(booted, "wb"):
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "--preload", "--workers=2"),
                    *("--config=settings.py", "--no-control-socket"),
                    *(f"--worker-class={worker}", f"--bind=fd://{listening.fileno()}"),
                    *("--graceful-timeout=35", "application:app"),
                ],
                cwd=place,
                env={**os.environ, **service.environment, "BOOTED": str(booted)},
                pass_fds=[listening.fileno(), booted],
                start_new_session=True,
            )
        self.wait_for_workers(2)

    def wait_for_workers(self, number: int) -> None:
        """Wait until so many more have booted: one that has not yet does not hear a SIGTERM."""
        for _ in range(number):
            assert os.read(self._booted, 1), "the server has ended"

    def get(self, path: str) -> int:
        """Ask for a page; return the id of the worker that served it."""
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return int(answer.read())

    def stop(self) -> int:
        """End it as a supervisor does."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(45)

    def clean_up(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._booted)


@pytest.fixture(params=["gthread"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, cloudwatch_logs: LocalCloudWatchLogs
) -> Iterator[Server]:
    started = Server(tmp_path, cloudwatch_logs, worker=request.param)
    yield started
    started.clean_up()


def served(service: LocalCloudWatchLogs) -> Counter[str]:
    messages = service.messages(GROUP, "application")
    return Counter(m for m in messages if m.startswith("served"))


@pytest.mark.parametrize("server", ["sync", "gthread"], indirect=True)
def test_a_prefork_server_that_is_ended_delivers_what_its_master_and_workers_logged(
    server: Server, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    for n in range(REQUESTS):
        server.get(f"/{n}")
    assert server.stop() == 0
    assert served(cloudwatch_logs) == Counter(f"served /{n}" for n in range(REQUESTS))
    application = cloudwatch_logs.messages(GROUP, "application")
    assert application.count(f"imported by {server.process.pid}") == 1
    said = cloudwatch_logs.messages(GROUP, "server")
    assert sum(m.startswith("Booting worker") for m in said) == 2
    assert sum(m.startswith("Shutting down") for m in said) == 1


def test_a_worker_ended_by_sigterm_delivers_and_so_does_the_one_in_its_place(
    server: Server, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    ended = server.get("/before")
    os.kill(ended, signal.SIGTERM)
    assert cloudwatch_logs.wait_for(lambda: served(cloudwatch_logs)["served /before"] == 1, 30)
    server.wait_for_workers(1)
    while server.get("/after") == ended:  # its listening socket may be open for a moment
        pass
    assert server.stop() == 0
    assert served(cloudwatch_logs)["served /after"] >= 1


def test_workers_replaced_at_a_reload_deliver(
    server: Server, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    old = server.get("/before")
    server.process.send_signal(signal.SIGHUP)
    assert cloudwatch_logs.wait_for(lambda: served(cloudwatch_logs)["served /before"] == 1, 30)
    server.wait_for_workers(2)
    assert server.get("/after") != old
    assert server.stop() == 0
    assert served(cloudwatch_logs)["served /after"] == 1
