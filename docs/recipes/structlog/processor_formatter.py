"""structlog in front: its own formatter makes the JSON, for what libraries log as well."""

import logging

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.tracebacks import ExceptionDictTransformer

from logspire import CloudWatchLogHandler

shared = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
]
as_json = ProcessorFormatter(
    foreign_pre_chain=shared,
    processors=[
        ProcessorFormatter.remove_processors_meta,
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        structlog.processors.JSONRenderer(),
    ],
)
for_people = ProcessorFormatter(
    foreign_pre_chain=shared,
    processors=[
        ProcessorFormatter.remove_processors_meta,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ],
)

console, cloudwatch = logging.StreamHandler(), CloudWatchLogHandler("shop", shutdown_timeout=5)
console.setFormatter(for_people)
cloudwatch.setFormatter(as_json)
logging.basicConfig(handlers=[console, cloudwatch])
logging.getLogger("shop").setLevel(logging.INFO)

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *shared,
        ProcessorFormatter.wrap_for_formatter,
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
