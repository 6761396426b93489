"""structlog in front: it renders to a dictionary, the handler makes JSON of that."""

import logging

import structlog

from logspire import CloudWatchLogHandler


def as_dictionary(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> tuple[tuple[object], dict[str, object]]:
    """As the last processor: log the dictionary itself, with the exception."""
    exc_info = event.pop("exc_info", None)
    return (event,), {"exc_info": exc_info}


logging.basicConfig(handlers=[CloudWatchLogHandler("shop", shutdown_timeout=5)])
logging.getLogger("shop").setLevel(logging.INFO)

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        as_dictionary,
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
