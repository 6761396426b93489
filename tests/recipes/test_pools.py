"""The pools of ``docs/recipes/pools``, by every way in which their workers can start."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from recipes.running import PYTHON, SLACK_S, all_arrived, arrived

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recipes.running import Run

    from logspire.testing import LocalCloudWatchLogs

pytestmark = pytest.mark.slow  # and the same on every Python

TASKS = 40
OF_PARENT = ["begins", "done"]
OF_WORKERS = [f"made {number}" for number in range(TASKS)]
SUM = str(sum(range(TASKS)))
PROCESSES = ["multiprocessing_pool.py", "process_pool_executor.py"]
METHODS = ["fork", "spawn", "forkserver"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("program", PROCESSES)
def test_each_process_delivers_its_own_records_once(
    run: Run,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
    program: str,
    method: str,
) -> None:
    parent = run("pools", PYTHON, program, method, shutdown_timeout=30, environment=reachable)
    assert parent.wait() == 0, parent.output
    assert parent.output.splitlines() == [SUM]
    streams = arrived(cloudwatch_logs, "thumbnails")
    name = f"{os.uname().nodename}/{program}/{parent.process.pid}"
    assert streams.pop(name) == OF_PARENT
    workers = [text for texts in streams.values() for text in texts]
    assert sorted(workers) == sorted(OF_WORKERS)


def test_threads_share_the_handler(
    run: Run, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    program = run(
        "pools", PYTHON, "thread_pool_executor.py", shutdown_timeout=30, environment=reachable
    )
    assert program.wait() == 0, program.output
    assert program.output.splitlines() == [SUM]
    assert all_arrived(cloudwatch_logs, "thumbnails") == sorted(OF_PARENT + OF_WORKERS)
    assert len(arrived(cloudwatch_logs, "thumbnails")) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "ends_one_after_another"),
    [
        # Workers that are replaced, their successors, the parent.
        (("multiprocessing_pool.py", "fork"), 3),
        (("process_pool_executor.py", "spawn"), 2),
        (("thread_pool_executor.py",), 1),
    ],
)
def test_unreachable_each_process_ends_in_time_and_says_what_it_lost(
    run: Run, unreachable: Mapping[str, str], command: tuple[str, ...], ends_one_after_another: int
) -> None:
    since_s = time.monotonic()
    program = run("pools", PYTHON, *command, shutdown_timeout=1, environment=unreachable)
    assert program.wait() == 0, program.output
    assert time.monotonic() - since_s < ends_one_after_another * (1 + SLACK_S)
    assert SUM in program.output.splitlines()
    lost = [int(line.split()[2]) for line in program.complaints]
    assert sum(lost) == len(OF_PARENT + OF_WORKERS)
