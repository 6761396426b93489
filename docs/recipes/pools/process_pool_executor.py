"""A process pool of `concurrent.futures`, whose workers log."""

import logging
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from logspire import CloudWatchLogHandler

logger = logging.getLogger("thumbnails")


def set_up_logging() -> None:
    """Runs in each process: a worker that is not forked inherits nothing."""
    logging.basicConfig(handlers=[CloudWatchLogHandler("thumbnails", shutdown_timeout=5)])
    logger.setLevel(logging.INFO)


def make(number: int) -> int:
    """Do one of the tasks."""
    logger.info("made %d", number)
    return number


if __name__ == "__main__":
    set_up_logging()
    logger.info("begins")
    context = multiprocessing.get_context(sys.argv[1])  # "fork", "spawn" or "forkserver"
    with ProcessPoolExecutor(2, context, initializer=set_up_logging) as executor:
        print(sum(executor.map(make, range(40))))
    logger.info("done")
