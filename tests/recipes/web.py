"""What the recipes for web servers have in common: visits, and what is said of each."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from patience import PATIENCE_S
from recipes.running import arrived, get

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from recipes.running import Program
    from typing_extensions import Self

    from logspire.testing import LocalCloudWatchLogs

GROUP = "shop"
LOST = re.compile(rf"logspire: lost (\d+) records? for log group '{GROUP}': \1 shutdown \(")


class Said(NamedTuple):
    """A record, as far as it does not differ from run to run."""

    process_id: int
    level: str
    logger: str
    message: str
    """Its first line."""


def said_to(service: LocalCloudWatchLogs) -> Counter[Said]:
    """Return the records that arrived, each with the process id that its stream ends in."""
    return Counter(
        Said(int(stream.rpartition("/")[2]), json["level"], json["logger"], first_line)
        for stream, texts in arrived(service, GROUP).items()
        for json in map(json_object, texts)
        for first_line in json["message"].splitlines()[:1]
    )


def said_on(program: Program) -> Counter[Said]:
    """Return what a program logged on its console, as a terminal without colours shows it.

    The recipes log it as ``[process id] level logger: message``.
    """
    output = re.sub(r"\x1b\[\d+m", "", program.output)
    lines = re.findall(r"^\[(\d+)\] (\w+) ([\w.]+): (.*)$", output, re.MULTILINE)
    return Counter(Said(int(process_id), *rest) for process_id, *rest in lines)


def other_lines(program: Program) -> list[str]:
    """Return the lines of its console that are something else."""
    return [line for line in program.output.splitlines() if not line.startswith("[")]


def orders_in(said: Counter[Said], access_logger: str) -> Counter[int]:
    """Return how often an order was shown and, by the same process, entered as visited."""
    visits = Counter(
        (process_id, int(order[1]))
        for process_id, level, logger, message in said.elements()
        if (level, logger) == ("INFO", access_logger)
        and (order := re.search(r'"GET /orders/(\d+) HTTP/1.1" 200', message))
    )
    shown = Counter(
        (process_id, int(order[1]))
        for process_id, level, logger, message in said.elements()
        if (level, logger.partition(".")[0]) == ("INFO", "shop")
        and (order := re.fullmatch(r"order (\d+) shown", message))
    )
    assert visits == shown
    return Counter(number for _, number in shown.elements())


def wait_for_all(
    service: LocalCloudWatchLogs, program: Program, timeout: float = PATIENCE_S
) -> None:
    """Wait until all that is on the console has arrived."""
    deadline_s = time.monotonic() + timeout
    while said_to(service) != said_on(program):
        assert time.monotonic() < deadline_s, said_on(program) - said_to(service)
        time.sleep(0.05)  # a poll, not luck: what the service has is asked for over HTTP


def change_until_said(
    notice: str, program: Program, file: Path, timeout: float = PATIENCE_S
) -> None:
    """Save a file anew, as an editor does, until the program says that it has noticed.

    It does not where it has not looked at the file yet.
    """
    deadline_s = time.monotonic() + timeout
    while notice not in program.output:
        assert time.monotonic() < deadline_s, program.output
        file.write_text(file.read_text() + "\n")
        with suppress(AssertionError):
            program.wait_until_said(notice, timeout=2)


def lost_by(program: Program) -> list[int]:
    """Return how many records its processes say are lost because they ended."""
    lost = [LOST.match(complaint) for complaint in program.complaints]
    assert all(lost), program.output
    return [int(match[1]) for match in lost if match]


def json_object(text: str) -> dict[str, str]:
    """Return an event of JSON as a dictionary."""
    members: dict[str, str] = json.loads(text)
    return members


def visit(url: str, numbers: Iterable[int]) -> None:
    """Ask for the page of each order."""
    for number in numbers:
        assert get(f"{url}/orders/{number}").strip() == f"order {number}"


class Customers:
    """Visits one order after the other, from 0, while the block lasts."""

    def __init__(self, url: str) -> None:
        self.orders = 0
        """How many were answered."""
        self._url = url
        self._leave = threading.Event()
        self._executor = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        self._visits = self._executor.submit(self._visit)
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._executor.shutdown()
        self._visits.result()  # raises what went wrong in that thread

    def _visit(self) -> None:
        while not self._leave.wait(0.01):
            visit(self._url, [self.orders])
            self.orders += 1


def catches(process_id: int, number: int) -> bool:
    """Whether a process has a function for a signal, or is gone."""
    with suppress(FileNotFoundError):
        status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
        (caught,) = (line for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) >> (number - 1) & 1)
    return True


def wait_for_end(process_ids: Sequence[int], *, left: int = 0, timeout: float = PATIENCE_S) -> None:
    """Wait until no more than ``left`` of some processes are there."""
    deadline_s = time.monotonic() + timeout
    while sum(map(is_there, process_ids)) > left:
        assert time.monotonic() < deadline_s, f"too many of {process_ids} are still there"
        time.sleep(0.02)  # a poll, not luck: they are no children of ours


def is_there(process_id: int) -> bool:
    """Whether there is such a process."""
    with suppress(ProcessLookupError):
        os.kill(process_id, 0)
        return True
    return False
