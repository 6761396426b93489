"""What the programs share: a list of uses of watchtower, each with a log group of its own."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Callable

    Use = Callable[[str], object]

USES: list[Use] = []


def use(function: Use) -> Use:
    """Make a function one of the uses; it is called with the name of its log group."""
    USES.append(function)
    return function


def uses_of(module: str) -> list[str]:
    return [function.__name__ for function in USES if function.__module__ == module]


def logger_for(handler: logging.Handler) -> logging.Logger:
    """Return the logger "shop" with this handler and no other."""
    logger = logging.getLogger("shop")
    logger.setLevel(logging.DEBUG)
    logger.handlers[:] = [handler]
    return logger


def log_to(handler: logging.Handler, *messages: object, level: int = logging.INFO) -> None:
    """Log messages to a new handler, and close it."""
    logger = logger_for(handler)
    for message in messages:
        logger.log(level, message)
    handler.close()


def client() -> Any:
    return boto3.client("logs")


def main() -> None:
    for function in USES:
        function(function.__name__)
    logging.shutdown()
    print(os.getpid(), "logspire" in sys.modules)
