"""The handler added to what Celery sets up itself, instead of in its place."""

import logging

from celery import Celery
from celery.app.log import TaskFormatter
from celery.signals import after_setup_logger, after_setup_task_logger
from celery.utils.log import get_task_logger

from logspire import CloudWatchLogHandler

app = Celery("shop", config_source="celeryconfig")
logger = get_task_logger(__name__)

cloudwatch = CloudWatchLogHandler("shop", shutdown_timeout=5)
cloudwatch.setFormatter(TaskFormatter("%(levelname)s [%(task_id)s] %(message)s", use_color=False))


@app.task
def pack(number: int) -> int:
    """Pack an order."""
    logger.info("packed order %d", number)
    return number


@after_setup_logger.connect
@after_setup_task_logger.connect
def add_cloudwatch(logger: logging.Logger, **_: object) -> None:
    """Called with the root logger, and with the one of all tasks, which passes nothing on to it."""
    logger.addHandler(cloudwatch)
