"""Runs the programs of ``docs/recipes`` as their readers would, and lets tests wait for them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from logspire.testing import LocalCloudWatchLogs

RECIPES = Path(__file__).parents[2] / "docs/recipes"
PYTHON = sys.executable
#: Seconds that a busy machine may add to what takes a known time.
SLACK_S = 15

SHUTDOWN_TIMEOUT = re.compile(r'(shutdown_timeout"?\s*[:=]\s*)[\d.]+')


class Program:
    """A command in a process group of its own, in the folder of a recipe.

    Args:
        command: the command line. `PYTHON` is the Python of the tests.
        cwd: the folder to run it in.
        environment: variables over those of the tests.
        pass_fds: descriptors that it inherits.
    """

    def __init__(
        self,
        *command: str,
        cwd: Path,
        environment: Mapping[str, str],
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        path = os.pathsep.join(filter(None, sys.path))
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **environment},
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._said:
                self._lines.append(line)
                self._said.notify_all()

    @property
    def output(self) -> str:
        """What it has written so far to both outputs, for the tests and their messages."""
        with self._said:
            return "".join(self._lines)

    def wait_until_said(self, text: str, *, times: int = 1, timeout: float = PATIENCE_S) -> None:
        """Wait until its output holds a text so many times; fail if it does not in time."""
        with self._said:
            found = self._said.wait_for(
                lambda: "".join(self._lines).count(text) >= times, timeout=timeout
            )
        assert found, f"{text!r} was not said {times} times:\n{self.output}"

    @property
    def complaints(self) -> list[str]:
        """The lines of its output in which Logspire says that something went wrong."""
        return [line.strip() for line in self.output.splitlines() if "logspire: " in line]

    def wait(self, timeout: float = PATIENCE_S) -> int:
        """Wait for its end; return the exit status. Its output is complete then."""
        status = self.process.wait(timeout)
        self._reader.join(timeout)
        return status

    def stop(self, number: int = signal.SIGTERM, timeout: float = PATIENCE_S) -> int:
        """Send it, and not its children, a signal, as a supervisor does; wait for its end."""
        self.process.send_signal(number)
        return self.wait(timeout)

    def clean_up(self) -> None:
        """Leave no process behind, whatever became of the test."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


if TYPE_CHECKING:
    Run = Callable[..., Program]


def arrived(service: LocalCloudWatchLogs, group: str) -> dict[str, list[str]]:
    """Return what each stream of a group got, in the order in which it arrived."""
    client = service.client()
    pages = client.get_paginator("describe_log_streams").paginate(logGroupName=group)
    names = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    client.close()
    return {name: service.messages(group, name) for name in names}


def all_arrived(service: LocalCloudWatchLogs, group: str) -> list[str]:
    """Return what all streams of a group got, sorted."""
    return sorted(text for texts in arrived(service, group).values() for text in texts)


def copy_with(shutdown_timeout_s: float, recipe: Path, folder: Path) -> Path:
    """Copy a recipe that sets ``shutdown_timeout``, with another value for it; return where to."""
    if not folder.exists():
        shutil.copytree(recipe, folder, ignore=shutil.ignore_patterns("__pycache__"))
    changes = 0
    for file in filter(Path.is_file, folder.rglob("*")):
        text, found = SHUTDOWN_TIMEOUT.subn(rf"\g<1>{shutdown_timeout_s}", file.read_text())
        file.write_text(text)
        changes += found
    assert changes, f"{recipe} does not set it"
    return folder


def get(url: str, timeout: float = PATIENCE_S) -> str:
    """Ask a server for a page. Waits until somebody listens there; fails if nobody does.

    A server that ends closes the connections that it has taken and not read from yet: the next one
    is asked. Had it shown the page nevertheless, the records would say so.
    """
    deadline_s = time.monotonic() + timeout
    while True:
        try:
            with urllib.request.urlopen(url, timeout=timeout) as answer:
                text: str = answer.read().decode()
                return text
        except (urllib.error.URLError, ConnectionResetError) as error:  # noqa: PERF203 - tried again
            if isinstance(error, urllib.error.HTTPError) or time.monotonic() > deadline_s:
                raise
            time.sleep(0.02)  # a poll, not luck: the server says in no other way that it listens
