"""A script whose log goes to the console, and to CloudWatch Logs."""

import logging
import signal
import sys
from pathlib import Path

from logspire import CloudWatchLogHandler

logger = logging.getLogger("invoices")


def main() -> int:
    """Do the work; return the exit status."""
    # What `docker stop`, Kubernetes, ECS and systemd send: leave by the ordinary way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    console, cloudwatch = logging.StreamHandler(), CloudWatchLogHandler("invoices")
    cloudwatch.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logging.basicConfig(format="%(message)s", handlers=[console, cloudwatch])
    logger.setLevel(logging.INFO)  # libraries stay at the root logger's level, WARNING

    try:
        for name in sys.argv[1:]:
            logger.info("%s has %d lines", name, count_lines(name))
    except OSError:
        logger.exception("stopped early")
        return 1
    logger.info("finished")
    return 0


def count_lines(name: str) -> int:
    """Count the lines of a file."""
    with Path(name).open(encoding="utf-8") as lines:
        return sum(1 for _ in lines)


if __name__ == "__main__":
    sys.exit(main())
