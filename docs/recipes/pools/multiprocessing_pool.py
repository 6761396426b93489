"""A pool of `multiprocessing`, whose workers log."""

import logging
import multiprocessing
import sys

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
    with context.Pool(2, initializer=set_up_logging, maxtasksperchild=20) as pool:
        print(sum(pool.imap_unordered(make, range(40))))
        pool.close()
        pool.join()  # without these two, leaving the block would kill the workers
    logger.info("done")
