"""AWS Lambda: records are queued, and delivered together at the end of each invocation."""

import functools
import logging
import os
from collections.abc import Callable
from typing import Any

from logspire import CloudWatchLogHandler

logger = logging.getLogger("orders")
logger.setLevel(logging.INFO)
logger.propagate = False  # or Lambda's own handler would log it too, for the same money
cloudwatch = CloudWatchLogHandler("orders", os.environ["AWS_LAMBDA_LOG_STREAM_NAME"])
logger.addHandler(cloudwatch)

Answer = dict[str, int]
Function = Callable[[dict[str, Any], object], Answer]


def deliver_at_the_end(function: Function) -> Function:
    """Lambda freezes the process when the function returns: until then all must be delivered."""

    @functools.wraps(function)
    def wrapper(event: dict[str, Any], context: object) -> Answer:
        try:
            return function(event, context)
        finally:
            cloudwatch.flush(timeout=2)

    return wrapper


@deliver_at_the_end
def lambda_handler(event: dict[str, Any], _context: object) -> Answer:
    """Answer one invocation."""
    logger.info({"order": event["order"], "step": "begin"})
    if event["order"] < 0:
        raise ValueError("no such order")
    logger.info({"order": event["order"], "step": "end"})
    return {"statusCode": 200}
