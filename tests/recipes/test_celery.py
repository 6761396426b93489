"""The worker of ``docs/recipes/celery``, and its pools. Its console shows what is to arrive."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S
from recipes.running import PYTHON, SLACK_S, all_arrived, arrived

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from recipes.running import Program, Run

    from logspire.testing import LocalCloudWatchLogs

    Start = Callable[..., Program]

pytest.importorskip("celery", reason="comes with the recipes extra")
pytestmark = pytest.mark.slow

CELERY = (PYTHON, "-m", "celery")
TASK_RECORD = re.compile(r"packed order \d+|Task \S+ received|Task \S+ succeeded in .*")
SEND = "import {module}\nfor number in range({orders}): {module}.pack.delay(number)"


@pytest.fixture
def start(run: Run) -> Start:
    """Starts a worker that finds orders in its queue."""

    def start(
        *options: str,
        orders: int,
        environment: Mapping[str, str],
        module: str = "tasks",
        s: int = 30,
    ) -> Program:
        send = SEND.format(module=module, orders=orders)
        places = {"environment": environment, "shutdown_timeout": s}
        client = run("celery", PYTHON, "-c", send, **places)
        assert (client.wait(), client.output) == (0, "")
        return run("celery", *CELERY, "-A", module, "worker", *options, **places)

    return start


def stop_when_done(worker: Program, orders: int) -> None:
    worker.wait_until_said("succeeded in", times=orders)
    assert worker.stop(signal.SIGTERM) == 0, worker.output
    assert worker.complaints == []


def of_tasks(service: LocalCloudWatchLogs) -> list[dict[str, str]]:
    """Return the records about tasks in the order of their messages."""
    records = [json.loads(text) for text in all_arrived(service, "shop")]
    about_tasks = [record for record in records if TASK_RECORD.fullmatch(record["message"])]
    return sorted(about_tasks, key=lambda record: record["message"])


def said_of_tasks(worker: Program) -> list[str]:
    return sorted(line for line in worker.output.splitlines() if TASK_RECORD.fullmatch(line))


@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_the_records_of_tasks_arrive_once_with_their_task(
    start: Start, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str], pool: str
) -> None:
    worker = start("--pool", pool, "--concurrency", "2", orders=20, environment=reachable)
    stop_when_done(worker, 20)
    records = of_tasks(cloudwatch_logs)
    assert [record["message"] for record in records] == said_of_tasks(worker)
    packed = [record for record in records if record["logger"] == "tasks"]
    assert sorted(record["message"] for record in packed) == sorted(
        f"packed order {number}" for number in range(20)
    )
    assert {record["task_name"] for record in packed} == {"tasks.pack"}
    assert len({record["task_id"] for record in packed}) == 20


def test_a_warm_shutdown_in_the_middle_delivers_what_was_logged_in_each_process(
    start: Start, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    worker = start("--concurrency", "2", orders=400, environment=reachable)
    worker.wait_until_said("packed order 5\n")
    assert worker.stop(signal.SIGTERM) == 0, worker.output
    assert worker.complaints == []
    assert [record["message"] for record in of_tasks(cloudwatch_logs)] == said_of_tasks(worker)
    main = f"{os.uname().nodename}/__main__.py/{worker.process.pid}"
    streams = arrived(cloudwatch_logs, "shop")
    assert sum("received" in text for text in streams[main]) == worker.output.count("] received")


def test_children_that_are_replaced_deliver_before_they_leave(
    start: Start, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    worker = start("--concurrency=1", "--max-tasks-per-child=5", orders=10, environment=reachable)
    main = f"{os.uname().nodename}/__main__.py/{worker.process.pid}"

    def children_delivered() -> bool:
        puts = [call for call in cloudwatch_logs.calls if call.events_stored]
        of_children = [put for put in puts if put.request["logStreamName"] != main]
        return sum(put.events_stored for put in of_children) == 2 * 10

    worker.wait_until_said("succeeded in", times=10)
    assert cloudwatch_logs.wait_for(children_delivered, PATIENCE_S), worker.output
    # Not stopped: with this transport Celery kills a child that replaced another, and may hang.
    streams = arrived(cloudwatch_logs, "shop")
    streams.pop(main, None)
    messages = [[json.loads(text)["message"] for text in texts] for texts in streams.values()]
    assert [sum("packed" in message for message in texts) for texts in messages] == [5, 5]
    expected = [line for line in said_of_tasks(worker) if not line.endswith("received")]
    assert sorted(itertools.chain(*messages)) == expected


def test_beside_the_logging_of_celery_the_records_of_tasks_arrive_once_as_well(
    start: Start, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    worker = start(
        "--loglevel=INFO",
        "--concurrency=2",
        orders=20,
        environment=reachable,
        module="tasks_beside",
    )
    stop_when_done(worker, 20)
    texts = all_arrived(cloudwatch_logs, "shop")
    packed = sorted(text.partition("] ") for text in texts if "packed order" in text)
    assert sorted(message for _, _, message in packed) == sorted(
        f"packed order {number}" for number in range(20)
    )
    ids = re.findall(r"tasks_beside\.pack\[([-0-9a-f]{36})\]: packed order", worker.output)
    assert [head for head, _, _ in packed] == sorted(f"INFO [{task_id}" for task_id in ids)
    assert sum("succeeded in" in text for text in texts) == 20


def test_unreachable_the_worker_works_and_ends_in_time(
    start: Start, unreachable: Mapping[str, str]
) -> None:
    worker = start("--concurrency=2", orders=20, environment=unreachable, s=1)
    worker.wait_until_said("succeeded in", times=20)
    since_s = time.monotonic()
    assert worker.stop(signal.SIGTERM) == 0, worker.output
    children_and_parent = 2
    assert time.monotonic() - since_s < children_and_parent * (1 + SLACK_S)
    lost = [int(line.split()[2]) for line in worker.complaints]
    assert sum(lost) >= 3 * 20
