"""The handlers of the program under test: a slot has a log group, a logger, and how it delivers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from logspire import CloudWatchLogHandler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .books import Bookkeeper

# Deadline of an exit, whatever the number of handlers.
SHUTDOWN_TIMEOUT_S: Final = 3.0
_MIB: Final = 1024 * 1024

# Each stream belongs to one process, as its name begins: processes that share one keep no order.
# No bound is below a split record or two, so that "block" never lets one through alone.
KEPT: Final[Mapping[str, Mapping[str, Any]]] = {
    "steady": {"log_stream_name": "{process_id}/{thread_name}", "max_queue_size": 32 * _MIB},
    "oldest": {
        "log_stream_name": "{process_id}/{level_name}",
        "max_queue_size": 3 * _MIB,
        "flush_level": "ERROR",
        "oversize": "truncate",
    },
    "newest": {"max_queue_size": 4 * _MIB, "queue_full": "drop_newest", "max_batch_count": 40},
    "block": {"max_queue_size": 8 * _MIB, "queue_full": "block", "compress": False},
    "queueless": {"use_queues": False, "oversize": "drop"},
}
"""Slots that have one handler for as long as the process lives, used by all threads."""
CONFIGURED: Final = "configured"
"""The slot whose handler ``dictConfig`` replaces; used by the main thread alone."""
DROPPED: Final = "dropped"
"""The slot of handlers that are dropped soon after they were made."""


def group_of(slot: str) -> str:
    """Return the log group of a slot."""
    return f"soak-{slot}"


def options_of(slot: str, bookkeeper: Bookkeeper) -> dict[str, Any]:
    """Return the keywords of a slot's handler."""
    return {
        "log_group_name": group_of(slot),
        "log_stream_name": "{process_id}",
        "send_interval": 0.5,
        "shutdown_timeout": SHUTDOWN_TIMEOUT_S,
        "on_loss": bookkeeper.listener(slot),
        **KEPT.get(slot, {}),
    }


def logger_of(slot: str) -> logging.Logger:
    """Return the logger of a slot."""
    return logging.getLogger(f"soak.{slot}")


def install(bookkeeper: Bookkeeper) -> dict[str, CloudWatchLogHandler]:
    """Make the kept handlers, each on its logger."""
    handlers = {}
    for slot in KEPT:
        handler = CloudWatchLogHandler(**options_of(slot, bookkeeper))
        bookkeeper.watch(slot, handler)
        attach(logger_of(slot), handler)
        handlers[slot] = handler
    return handlers


def attach(logger: logging.Logger, handler: CloudWatchLogHandler) -> None:
    """Let a logger's records go to a handler, all of them and nowhere else."""
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(handler)
