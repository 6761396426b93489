"""Programs that log while their service fails: all started at once, each with its own service.

A test names its `Situation` as a parameter of the fixture ``result`` and gets the `Result`. The
situations take up to a minute each, and hardly any work: side by side they take a minute in all.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from logspire.testing import LocalCloudWatchLogs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

GROUP = "app"
LONGEST_S = 250
PATIENCE_S = 550

# What each program starts with. Its callback is registered before Logspire's own, so it runs last.
PREAMBLE = f"""
import atexit, json, logging, os, sys, threading, time
handlers = []
def show_books():
    for handler in handlers:
        books = vars(handler.stats())
        print("books", json.dumps({{**books, "losses": dict(books["losses"])}}))
atexit.register(show_books)
from logspire import CloudWatchLogHandler
def make(stream="stream", **options):
    handlers.append(CloudWatchLogHandler({GROUP!r}, stream, **options))
    return handlers[-1]
log = logging.getLogger("app")
log.setLevel(logging.INFO)
log.propagate = False
def tick(seconds, pause=0.01):
    "Log numbers for so long; return how many, and the seconds that the slowest call took."
    end, number, slowest = time.monotonic() + seconds, 0, 0.0
    while time.monotonic() < end:
        began = time.monotonic()
        log.info(number)
        slowest = max(slowest, time.monotonic() - began)
        number += 1
        time.sleep(pause)
    return number, slowest
def leave(**findings):
    print("leaving", json.dumps(findings), flush=True)
"""


@dataclass(frozen=True, eq=False)
class Situation:
    """A program, and what its service does meanwhile."""

    name: str
    program: str
    """Runs after `PREAMBLE`, and calls ``leave`` with what it found out as its last statement."""
    faults: tuple[Mapping[str, Any], ...] = ()
    """Arguments of ``LocalCloudWatchLogs.misbehave``."""
    over_after_s: float | None = None
    """When the service behaves again, counted from its first call."""
    exits_within_s: float = math.inf
    """Where the time to leave is the subject. Run again, twice at most, if it took longer: that may
    be due to a machine that is busy with other tests."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """For the program, in addition to what points it at its service; ``""`` takes one away."""


def situations(*chosen: Situation) -> pytest.MarkDecorator:
    """Let a test see the result of each of these situations, one by one."""
    return pytest.mark.parametrize("result", chosen, indirect=True, ids=[s.name for s in chosen])


@dataclass(frozen=True)
class Result:
    """What became of a program, and what its service saw."""

    status: int
    findings: dict[str, Any]
    """What the program said with ``leave``."""
    exit_s: float
    """Seconds from there to the end of the process, as its parent saw it."""
    load: float
    """How many processes wanted each processor in that minute, or do as they test at once."""
    books: list[dict[str, Any]]
    """``stats()`` of each handler after Logspire's work at exit."""
    errors: str
    """Standard error."""
    stored: dict[str, list[str]]
    """The messages of each stream."""
    misbehaved: dict[str, int]
    """How many calls met each misbehaviour."""


class SideBySide:
    """Runs situations all at once, in one of the processes that test at once.

    Args:
        situations: which.
        folder: where processes that test at once leave the results for each other.
    """

    def __init__(self, situations: Iterable[Situation], folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        mine = [situation for situation in situations if self._claim(situation)]
        # Never waited for here, as a test has a time limit: the interpreter does, at its end.
        pool = ThreadPoolExecutor(max(1, len(mine)))
        for situation in mine:
            pool.submit(self._run, situation)

    def result(self, situation: Situation) -> Result:
        """Wait for a result, of this process or another."""
        written = self._folder / situation.name / "result.json"
        deadline_s = time.monotonic() + PATIENCE_S
        while not written.exists():
            assert time.monotonic() < deadline_s, f"no result of {situation.name}"
            time.sleep(0.1)
        result = json.loads(written.read_text())
        assert "failure" not in result, result["failure"]
        return Result(**result)

    def _claim(self, situation: Situation) -> bool:
        try:
            (self._folder / situation.name).mkdir()
        except FileExistsError:
            return False
        return True

    def _run(self, situation: Situation) -> None:
        folder = self._folder / situation.name
        try:
            result = json.dumps(asdict(self._best(situation, folder)))
        except BaseException:  # noqa: BLE001 -- whoever waits for the result must be told
            result = json.dumps({"failure": traceback.format_exc()})
        (folder / "unfinished").write_text(result)
        (folder / "unfinished").rename(folder / "result.json")

    def _best(self, situation: Situation, folder: Path) -> Result:
        for _ in range(2):
            result = run(situation, folder)
            if result.exit_s <= situation.exits_within_s:
                return result
        return run(situation, folder)


def run(situation: Situation, folder: Path) -> Result:
    """Run one program to its end."""
    with LocalCloudWatchLogs() as service:
        for fault in situation.faults:
            service.misbehave(**fault)
        if situation.over_after_s is not None:
            threading.Thread(target=_behave_later, args=(service, situation.over_after_s)).start()
        with (folder / "stderr").open("w+") as errors:
            program = subprocess.Popen(
                [sys.executable, "-c", PREAMBLE + textwrap.dedent(situation.program)],
                cwd=folder,
                env=_environment(service, situation),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            try:
                status, said, exit_s = _watch(program)
            finally:
                program.kill()
                program.wait()
            errors.seek(0)
            streams = {call.request.get("logStreamName", "") for call in service.calls}
            return Result(
                status=status,
                findings=json.loads(said["leaving"][0]),
                exit_s=exit_s,
                load=_load(),
                books=[json.loads(line) for line in said["books"]],
                errors=errors.read(),
                stored={name: service.messages(GROUP, name) for name in streams},
                misbehaved=dict(Counter(c.misbehaviour for c in service.calls if c.misbehaviour)),
            )


def _load() -> float:
    # The average of the system takes a minute to notice that many tests have begun.
    testing = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return max(os.getloadavg()[0], testing) / (os.cpu_count() or 1)


def _behave_later(service: LocalCloudWatchLogs, after_s: float) -> None:
    if service.wait_for(lambda: bool(service.calls), LONGEST_S):
        threading.Timer(after_s, service.behave).start()


def _watch(program: subprocess.Popen[str]) -> tuple[int, dict[str, list[str]], float]:
    """Return the status, what the program said by first word, and how long it took to leave."""
    said: dict[str, list[str]] = {"leaving": ["{}"], "books": []}
    left_s = time.monotonic()
    killer = threading.Timer(LONGEST_S, program.kill)
    killer.start()
    assert program.stdout
    for line in program.stdout:
        word, _, rest = line.partition(" ")
        said.setdefault(word, []).append(rest)
        if word == "leaving":
            left_s = time.monotonic()
            said["leaving"] = [rest]
    status = program.wait()
    exit_s = time.monotonic() - left_s
    killer.cancel()
    program.stdout.close()
    return status, said, exit_s


def _environment(service: LocalCloudWatchLogs, situation: Situation) -> dict[str, str]:
    """Point the program at its service, and at no configuration of this machine."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    settings = {
        **service.environment,
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        **situation.environment,
    }
    return {**bare, **{name: value for name, value in settings.items() if value}}
