"""AWS Lambda: each record is delivered before the logging call returns."""

import logging
import os
from typing import Any

from logspire import CloudWatchLogHandler

logger = logging.getLogger("orders")
logger.setLevel(logging.INFO)
logger.propagate = False  # or Lambda's own handler would log it too, for the same money
logger.addHandler(
    CloudWatchLogHandler(
        "orders",
        os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        use_queues=False,
        send_interval=2,  # the longest that a call waits for an answer of the service
    )
)


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    """Answer one invocation."""
    logger.info({"order": event["order"], "step": "begin"})
    if event["order"] < 0:
        raise ValueError("no such order")
    logger.info({"order": event["order"], "step": "end"})
    return {"statusCode": 200}
