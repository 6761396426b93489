"""The program under test."""

import logging

from logspire import CloudWatchLogHandler

logger = logging.getLogger("shop")
logger.setLevel(logging.INFO)


def place_order(number: int) -> None:
    """Place an order."""
    logger.info({"order": number, "placed": True})


def set_up_logging() -> CloudWatchLogHandler:
    """Called where the program starts, not when it is imported: tests see to it themselves."""
    handler = CloudWatchLogHandler("shop", "orders")
    logger.addHandler(handler)
    return handler


if __name__ == "__main__":
    set_up_logging()
    place_order(17)
