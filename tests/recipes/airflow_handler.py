"""Logs to the provider's handler for ``logging``, in the Python that Airflow is installed in."""

import logging
import logging.config
import os
import types
from datetime import datetime, timezone
from pathlib import Path

from airflow.providers.amazon.aws.log.cloudwatch_task_handler import CloudwatchTaskHandler

ARN = "arn:aws:logs:us-east-1:123456789012:log-group:airflow-tasks"
MIDNIGHT = datetime(2026, 11, 23, tzinfo=timezone.utc)
# What Airflow has in its database. Here it only names the log.
TEMPLATE = types.SimpleNamespace(filename="{{ ti.dag_id }}/{{ ti.task_id }}/{{ ts }}.log")
DAG_RUN = types.SimpleNamespace(logical_date=MIDNIGHT, get_log_template=lambda **_: TEMPLATE)
TASK = types.SimpleNamespace(
    dag_id="orders",
    task_id="charge",
    try_number=1,
    is_trigger_log_context=False,
    get_dagrun=lambda **_: DAG_RUN,
)

if __name__ == "__main__":
    handler = CloudwatchTaskHandler(Path(os.environ["AIRFLOW_HOME"], "logs"), ARN)
    handler.set_context(TASK)
    logger = logging.getLogger("shop")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    logger.info("before dictConfig")
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
    logger.info("after dictConfig, which closes all handlers")
    handler.handler.flush()
    _, logs = handler._read_remote_logs(TASK, 1)
    print("read back:", *logs, sep="\n")
