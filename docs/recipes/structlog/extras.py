"""structlog in front: what it binds arrives as the fields of a JSON object."""

import logging

import structlog

from logspire import CloudWatchLogHandler, JSONFormatter

cloudwatch = CloudWatchLogHandler("shop", shutdown_timeout=5)
cloudwatch.setFormatter(JSONFormatter())
logging.basicConfig(handlers=[cloudwatch])
logging.getLogger("shop").setLevel(logging.INFO)

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.render_to_log_kwargs,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
structlog.contextvars.bind_contextvars(request="r-1")
logger = structlog.get_logger("shop").bind(order=17)

logger.debug("looked at")
logger.info("paid", by="ann")
try:
    {}["address"]
except KeyError:
    logger.exception("not sent")
logging.getLogger("library").warning("old")
