"""Coroutines that log, each record with the name of the packer it is about."""

import asyncio
import contextlib
import logging
import signal
import sys
from contextvars import ContextVar

from logspire import CloudWatchLogHandler

logger = logging.getLogger("warehouse")
packer: ContextVar[str] = ContextVar("packer", default="-")


def add_packer(record: logging.LogRecord) -> bool:
    """A filter that leaves nothing out, and puts what the coroutine knows on its record."""
    record.packer = packer.get()
    return True


def set_up_logging() -> None:
    """Log to the console and to CloudWatch Logs."""
    handlers = [logging.StreamHandler(), CloudWatchLogHandler("warehouse", shutdown_timeout=5)]
    for handler in handlers:
        handler.addFilter(add_packer)
        handler.setFormatter(logging.Formatter("%(levelname)s [%(packer)s] %(message)s"))
    logging.basicConfig(handlers=handlers)
    logger.setLevel(logging.INFO)


async def pack(name: str, orders: int) -> None:
    """Pack one order after the other."""
    packer.set(name)
    try:
        for number in range(orders):
            await asyncio.sleep(0.01)
            logger.info("packed order %d", number)
    finally:
        logger.info("goes home")


async def main(orders: int) -> None:
    """Let three packers work side by side, until they are done or somebody stops them."""
    loop, this_task = asyncio.get_running_loop(), asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, this_task.cancel)
    logger.info("opens")
    await asyncio.gather(*(pack(name, orders) for name in ("ann", "bob", "eve")))
    logger.info("closes")


if __name__ == "__main__":
    set_up_logging()
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(main(int(sys.argv[1])))
