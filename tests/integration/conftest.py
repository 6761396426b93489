"""The handler where applications use it: set up by logging's own means and by frameworks."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler
from logspire.testing import LocalCloudWatchLogs


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, cloudwatch_logs: LocalCloudWatchLogs) -> None:
    """Everything that looks for AWS finds the strict service."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    for name, value in cloudwatch_logs.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """These tests configure the logging of the whole process; afterwards it is as before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    known = set(logging.root.manager.loggerDict)
    yield
    for name in set(logging.root.manager.loggerDict) - known:
        logging.getLogger(name).handlers = []
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in known:
        logging.getLogger(name).disabled = False
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    made = logging.getLogger("tests.integration")
    made.setLevel(logging.DEBUG)
    made.disabled = False
    yield made
    made.handlers = []
    made.filters = []
    made.propagate = True


@pytest.fixture
def make_handler(log: logging.Logger) -> Iterator[Callable[..., CloudWatchLogHandler]]:
    """Makes handlers, adds them to the logger unless told otherwise, and closes them."""
    made: list[CloudWatchLogHandler] = []

    def make(*, attach: bool = True, **keywords: Any) -> CloudWatchLogHandler:
        made.append(CloudWatchLogHandler("group", "stream", shutdown_timeout=100, **keywords))
        if attach:
            log.addHandler(made[-1])
        return made[-1]

    yield make
    for handler in made:
        handler.close()


@pytest.fixture
def run() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs a program in a process of its own."""

    def run(program: str, *options: str) -> "subprocess.CompletedProcess[str]":
        path = os.pathsep.join(filter(None, sys.path))
        return subprocess.run(
            [sys.executable, *options, "-c", program],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    return run
