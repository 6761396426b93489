"""The shortest program that logs to CloudWatch Logs."""

import logging

from logspire import CloudWatchLogHandler

logger = logging.getLogger("shop")
logger.setLevel(logging.INFO)
logger.addHandler(CloudWatchLogHandler("my-app", "{machine_name}/{process_id}"))

logger.info("order %d paid", 17)
logger.info({"order": 17, "paid": True})  # arrives as a JSON object
try:
    int("seventeen")
except ValueError:
    logger.exception("order 18 failed")  # with its traceback
