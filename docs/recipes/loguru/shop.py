"""Loguru in front: its records go to the console and, as JSON, to CloudWatch Logs."""

import logging
import sys

from loguru import logger

from logspire import CloudWatchLogHandler, JSONFormatter

cloudwatch = CloudWatchLogHandler("shop", shutdown_timeout=5)
cloudwatch.setFormatter(JSONFormatter())

logger.remove()
logger.add(sys.stderr, format="{level} {message}", diagnose=False)
logger.add(cloudwatch, format=lambda _: "{message}", level="INFO")
logging.basicConfig(handlers=[cloudwatch])  # what libraries log

order = logger.bind(order=17)
order.debug("looked at")
order.success("paid by {}", "ann")
try:
    {}["address"]
except KeyError:
    order.exception("not sent")
logging.getLogger("library").warning("old")
