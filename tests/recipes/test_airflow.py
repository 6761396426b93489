"""Airflow's Amazon provider, as it is, with Logspire in the place of watchtower.

Airflow pins much of what the other recipes use in other versions, so it has an environment of its
own: ``pip install '.[airflow]'`` there, and its Python in the variable ``AIRFLOW_PYTHON``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from recipes.running import PYTHON, RECIPES, SLACK_S, arrived

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from recipes.running import Program, Run

    from logspire.testing import LocalCloudWatchLogs

    RunAirflow = Callable[..., Program]

AIRFLOW_PYTHON = os.environ.get("AIRFLOW_PYTHON") or (
    PYTHON if importlib.util.find_spec("airflow") else None
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        AIRFLOW_PYTHON is None,
        reason="no Airflow here: it is in the extra `airflow`, see the file of this test",
    ),
]

PROGRAMS = Path(__file__).parent
STREAM = "dag_id=orders/run_id=manual__2026-11-23T00_00_00+00_00/task_id=charge/attempt=1.log"
SHUTDOWN_TIMEOUT_S = 1.0
# Where nobody listens.
NOBODY = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}


@pytest.fixture
def run_airflow(run: Run, tmp_path: Path) -> RunAirflow:
    """Runs a program of this folder with the recipe for Airflow's home."""

    def run_airflow(program: str, *arguments: str, **options: Any) -> Program:
        home = tmp_path / "airflow"
        if not home.exists():
            shutil.copytree(RECIPES / "airflow", home)
        options["environment"] = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
            # Not that of these tests, which is for another Python.
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            **options["environment"],
        }
        return run("airflow", str(AIRFLOW_PYTHON), str(PROGRAMS / program), *arguments, **options)

    return run_airflow


def test_the_log_of_a_task_arrives_and_is_read_back_by_the_provider(
    run_airflow: RunAirflow, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    airflow = run_airflow("airflow_task.py", "read", environment=reachable, shutdown_timeout=30)
    assert airflow.wait(timeout=150) == 0, airflow.output
    assert "exit code of the task: 0" in airflow.output
    events = [json.loads(text) for text in arrived(cloudwatch_logs, "airflow-tasks")[STREAM]]
    said = [(event["logger"], event["event"]) for event in events]
    assert ("shop", "order 17 charged") in said
    assert ("task.stdout", "receipt printed") in said
    _, *read = airflow.output.split("read back: ")
    assert [(line["logger"], line["event"]) for line in map(json.loads, read)] == said
    assert airflow.complaints == []
    # watchtower would have asked for the group.
    assert "DescribeLogGroups" not in cloudwatch_logs.summary.calls


def test_the_handler_of_the_provider_delivers_after_dict_config_has_closed_it(
    run_airflow: RunAirflow, reachable: Mapping[str, str]
) -> None:
    airflow = run_airflow("airflow_handler.py", environment=reachable, shutdown_timeout=30)
    assert airflow.wait(timeout=150) == 0, airflow.output
    _, read = airflow.output.split("read back:\n")
    assert [line.partition("] ")[2] for line in read.splitlines()] == [
        "before dictConfig",
        "after dictConfig, which closes all handlers",
    ]


def test_a_task_runs_and_its_worker_ends_though_the_service_does_not_answer(
    run_airflow: RunAirflow, unreachable: Mapping[str, str], tmp_path: Path
) -> None:
    copied = {"shutdown_timeout": SHUTDOWN_TIMEOUT_S}
    airflow = run_airflow("airflow_task.py", environment=unreachable, **copied)
    airflow.wait_until_said("state of the task: success", timeout=120)
    since_s = time.monotonic()
    assert airflow.wait(timeout=60) == 0
    # Once when Airflow flushes, once at the end of the process.
    assert time.monotonic() - since_s < 2 * (SHUTDOWN_TIMEOUT_S + SLACK_S)
    (complaint,) = airflow.complaints
    assert "lost" in complaint
    (log,) = (tmp_path / "airflow/logs").rglob("attempt=1.log")
    assert "order 17 charged" in log.read_text()


def test_with_watchtower_a_task_does_not_run_when_nobody_listens(
    run_airflow: RunAirflow, tmp_path: Path
) -> None:
    shutil.copytree(RECIPES / "airflow", tmp_path / "airflow")
    (tmp_path / "airflow/config/airflow_local_settings.py").unlink()
    airflow = run_airflow("airflow_task.py", environment=NOBODY)
    assert airflow.wait(timeout=150) != 0
    assert "EndpointConnectionError" in airflow.output
    assert "state of the task" not in airflow.output
