"""Programs as processes of their own, and handlers for the strict service."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs

GROUP = "tests"
STREAM = "stream"

# What each program starts with: the handler under test on a logger of its own.
PREAMBLE = f"""
import atexit, logging, os, signal, sys, threading, time
from logspire import CloudWatchLogHandler
from logspire.testing import RemoteCloudWatchLogs
options = dict(send_interval=60, shutdown_timeout=100)  # a busy machine needs seconds for the SDK
def make(**more):
    return CloudWatchLogHandler({GROUP!r}, {STREAM!r}, **{{**options, **more}})
handler = make()
log = logging.getLogger("app")
log.setLevel(logging.INFO)
log.propagate = False
log.addHandler(handler)
"""
# A preface of programs that fork while another thread may import the SDK: the fork waits for that,
# as long as a busy machine takes. Usually it gives up after 3 seconds, and the child cannot import.
PATIENT_FORKS = """
import logspire.aws.client
logspire.aws.client._LONGEST_FORK_DELAY_S = 100
"""


class Programs:
    """Starts programs whose handler sends to one service."""

    def __init__(self, service: LocalCloudWatchLogs) -> None:
        self._environment = {**os.environ, **service.environment, "PYTHONUNBUFFERED": "1"}
        self._running: list[subprocess.Popen[str]] = []

    def start(
        self, source: str, *flags: str, preface: str = "", preamble: str = PREAMBLE
    ) -> subprocess.Popen[str]:
        """Start a program: ``preface``, then `PREAMBLE`, then ``source``."""
        program = subprocess.Popen(
            [sys.executable, *flags, "-c", preface + preamble + textwrap.dedent(source)],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._running.append(program)
        return program

    def run(self, source: str, *flags: str, status: int = 0, **parts: str) -> str:
        """Run a program, made of parts as in `start`, to its end; return its standard error."""
        program = self.start(source, *flags, **parts)
        _, errors = program.communicate(timeout=PATIENCE_S)
        assert program.returncode == status, errors
        return errors

    def stop_all(self) -> None:
        """End what a failed test left running, children included."""
        for program in self._running:
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGKILL)
            program.communicate()


@pytest.fixture
def programs(cloudwatch_logs: LocalCloudWatchLogs) -> Iterator[Programs]:
    """Programs whose handler sends to this test's service."""
    running = Programs(cloudwatch_logs)
    yield running
    running.stop_all()


MakeHandler = Callable[..., CloudWatchLogHandler]


@pytest.fixture
def make_handler(
    cloudwatch_logs: LocalCloudWatchLogs, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeHandler]:
    """Makes handlers for this test's service, and closes them at its end."""
    for name, value in cloudwatch_logs.environment.items():
        monkeypatch.setenv(name, value)
    made: list[CloudWatchLogHandler] = []

    def make(**options: Any) -> CloudWatchLogHandler:
        waits = {"send_interval": 60, "shutdown_timeout": 100}
        options = {**waits, "log_stream_name": STREAM, **options}
        handler = CloudWatchLogHandler(GROUP, **options)
        made.append(handler)
        return handler

    yield make
    cloudwatch_logs.behave()
    for handler in made:
        handler.close()
