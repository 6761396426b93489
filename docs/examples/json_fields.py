"""JSON with fields of our own: those of the service, of the request, and of the record."""

import logging.config
from concurrent.futures import ThreadPoolExecutor

from logspire import log_context

logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "logspire.JSONFormatter",
                "fields": ["timestamp", "level", "message", "request_id", "*", "funcName"],
                "rename_fields": {"level": "severity", "funcName": "function"},
                "static_fields": {"service": "shop", "environment": "staging", "version": "1.4.2"},
            },
        },
        "handlers": {
            "cloudwatch": {
                "class": "logspire.CloudWatchLogHandler",
                "formatter": "json",
                "log_group_name": "shop",
            },
        },
        "root": {"level": "INFO", "handlers": ["cloudwatch"]},
    }
)
logger = logging.getLogger("shop.orders")


@log_context(job="orders")
def pay(order: int) -> None:
    """Pay one order; what is logged in here has `job` and `request_id`."""
    with log_context(request_id=f"r-{order}"):
        try:
            charge(order)
        except LookupError as error:
            logger.exception("order %d not paid", order, extra={"cause": str(error)})
        else:
            logger.info("order %d paid", order, extra={"amount": 12.5})


def charge(order: int) -> None:
    """Charge the card of an order."""
    if order % 2:
        raise LookupError("no card")
    logger.info("card of order %d charged", order)


with ThreadPoolExecutor(4) as pool:
    list(pool.map(pay, range(16, 20)))
