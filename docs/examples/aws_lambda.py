"""AWS Lambda: each record is delivered before the logging call returns.

Lambda freezes the process between invocations, threads included: a record that waits for company
would wait for the next invocation, which may never come.
"""

import logging
from typing import Any

from logspire import CloudWatchLogHandler

logger = logging.getLogger("orders")
logger.setLevel(logging.INFO)
logger.addHandler(CloudWatchLogHandler("orders", use_queues=False))


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    """Answer one invocation."""
    logger.info({"order": event["order"], "paid": True})
    return {"statusCode": 200}
