"""Runs the task of the recipe as executors do, in the Python that Airflow is installed in.

Airflow's own supervisor starts the task in a process of its own, takes its log and has the
provider send it. What answers the supervisor in place of Airflow's API server is in here.

With an argument, it then has the provider read the log back.
"""

import json
import sys
import uuid
from datetime import datetime, timezone
from typing import Any

import httpx
from airflow.sdk.api.client import Client
from airflow.sdk.api.datamodels._generated import BundleInfo, TaskInstance
from airflow.sdk.execution_time.supervisor import supervise_task
from airflow.sdk.log import load_remote_log_handler

RUN_ID = "manual__2026-11-23T00:00:00+00:00"
LOG = f"dag_id=orders/run_id={RUN_ID}/task_id=charge/attempt=1.log"
NOW = datetime.now(timezone.utc).isoformat()
DAG_RUN: dict[str, Any] = {
    "dag_id": "orders",
    "run_id": RUN_ID,
    "run_type": "manual",
    "state": "running",
    "logical_date": NOW,
    "start_date": NOW,
    "run_after": NOW,
    "consumed_asset_events": [],
    **dict.fromkeys(["data_interval_start", "data_interval_end", "end_date", "partition_key"]),
}


def answer(request: httpx.Request) -> httpx.Response:
    """Answer in place of the API server."""
    if request.url.path.endswith("/run"):
        return httpx.Response(200, json={"dag_run": DAG_RUN, "max_tries": 0, "should_retry": False})
    if request.url.path.endswith("/state"):
        print("state of the task:", json.loads(request.read())["state"], flush=True)
    return httpx.Response(200, json={"ok": True})


def run() -> int:
    task = TaskInstance(
        id=uuid.uuid4(),
        dag_version_id=uuid.uuid4(),
        dag_id="orders",
        run_id=RUN_ID,
        task_id="charge",
        try_number=1,
    )
    status: int = supervise_task(
        ti=task,
        bundle_info=BundleInfo(name="dags-folder"),
        dag_rel_path="orders.py",
        token="",
        client=Client(base_url=None, dry_run=True, token="", transport=httpx.MockTransport(answer)),
        log_path=LOG,
    )
    return status


if __name__ == "__main__":
    print("exit code of the task:", run(), flush=True)
    if sys.argv[1:]:
        _, lines = load_remote_log_handler().read(LOG, None)
        for line in lines:
            print("read back:", line, end="")
