"""Celery tasks whose records go to CloudWatch Logs, each with the task it belongs to."""

import logging.config

from celery import Celery, current_task
from celery.signals import setup_logging
from celery.utils.log import get_task_logger

app = Celery("shop", config_source="celeryconfig")
logger = get_task_logger(__name__)


@app.task
def pack(number: int) -> int:
    """Pack an order."""
    logger.info("packed order %d", number)
    return number


class TaskFields(logging.Filter):
    """Leaves nothing out, and puts the task on its record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add to a record."""
        if current_task:
            record.task_name = current_task.name
            record.task_id = current_task.request.id
        return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"task": {"()": TaskFields}},
    "formatters": {"json": {"()": "logspire.JSONFormatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler"},
        "cloudwatch": {
            "class": "logspire.CloudWatchLogHandler",
            "filters": ["task"],
            "formatter": "json",
            "log_group_name": "shop",
            "shutdown_timeout": 5,
        },
    },
    "loggers": {"celery": {"level": "INFO"}, __name__: {"level": "INFO"}},
    "root": {"level": "WARNING", "handlers": ["console", "cloudwatch"]},
}


@setup_logging.connect
def set_up_logging(**_: object) -> None:
    """Called by a worker, which then leaves all of logging as it is."""
    logging.config.dictConfig(LOGGING)
