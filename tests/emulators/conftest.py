"""Emulators of CloudWatch Logs that others wrote, each as a process of its own."""

import contextlib
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import boto3
import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Emulator:
    """A server in another process.

    Args:
        name: for messages.
        module: what ``python -m`` runs.
        log: where its output goes.
    """

    def __init__(self, name: str, module: str, log: Path) -> None:
        self.name = name
        self.port = _free_port()
        self.endpoint_url = f"http://127.0.0.1:{self.port}"
        self._module = module
        self._log = log

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        arguments = (
            ["-H", "127.0.0.1", "-p", str(self.port)] if self._module == "moto.server" else []
        )
        self._file: IO[bytes] = self._log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module, *arguments],
            env=os.environ | CREDENTIALS | self._environment(),
            cwd=self._log.parent,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline_s = time.monotonic() + PATIENCE_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self.stop()
                pytest.fail(f"{self.name} did not start:\n{self.output}")
            time.sleep(0.05)  # between two looks: a process tells nobody that its port is open

    def runs(self) -> bool:
        """Whether it has not ended; another server may have its port, and answer."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it and what it started; by force if it does not listen."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._file.close()

    def client(self) -> "CloudWatchLogsClient":
        """A client to read back with; it shares nothing with the handler."""
        return boto3.session.Session().client(
            "logs",
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def _environment(self) -> dict[str, str]:
        # Two workers of xdist have one each: no port may be fixed, no file shared.
        return {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "TMPDIR": str(self._log.parent),
        }

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _free_port() -> int:
    # Below those that systems give out: an emulator takes seconds to start, and meanwhile the tests
    # beside this one are given hundreds. A thousand for each worker of xdist.
    first = 10_000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 20 * 1000
    while True:
        port = random.SystemRandom().randrange(first, first + 1000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _run(name: str, module: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(name, module, tmp_path_factory.mktemp(name) / "output.log")
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    yield from _run("moto", "moto.server", tmp_path_factory)


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    yield from _run("ministack", "ministack", tmp_path_factory)


@pytest.fixture(params=["moto_server", "ministack"])
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """Each of the two in turn. What it printed during a test is shown if the test fails."""
    running: Emulator = request.getfixturevalue(request.param)
    assert running.runs(), running.output
    before = len(running.output)
    yield running
    print(running.output[before:][-20_000:])


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    made = logging.getLogger("tests.emulators")
    made.setLevel(logging.INFO)
    made.propagate = False  # pytest would collect it, and xdist cannot carry lone surrogates
    made.disabled = False  # as dictConfig of another test may have left it
    yield made
    made.handlers = []


@pytest.fixture
def make_handler() -> Iterator[Callable[..., CloudWatchLogHandler]]:
    """Handlers that are closed at the end."""
    made: list[CloudWatchLogHandler] = []

    def make(*names: str, **keywords: Any) -> CloudWatchLogHandler:
        made.append(CloudWatchLogHandler(*names, **{"shutdown_timeout": 100, **keywords}))
        return made[-1]

    yield make
    for handler in made:
        handler.close()
