"""A thread pool of `concurrent.futures`, whose threads log."""

import logging
from concurrent.futures import ThreadPoolExecutor

from logspire import CloudWatchLogHandler

logger = logging.getLogger("thumbnails")


def make(number: int) -> int:
    """Do one of the tasks."""
    logger.info("made %d", number)
    return number


if __name__ == "__main__":
    logging.basicConfig(handlers=[CloudWatchLogHandler("thumbnails", shutdown_timeout=5)])
    logger.setLevel(logging.INFO)
    logger.info("begins")
    with ThreadPoolExecutor(2) as executor:
        print(sum(executor.map(make, range(40))))
    logger.info("done")
