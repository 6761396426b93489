"""Count lost records where your other metrics are, instead of a line on standard error."""

import logging
from collections import Counter

from logspire import CloudWatchLogHandler, Loss

lost: Counter[str] = Counter()


def count_loss(loss: Loss) -> None:
    """Called by the worker thread, at most once a second for each reason: be quick."""
    lost[loss.reason] += loss.count


logger = logging.getLogger("shop")
handler = CloudWatchLogHandler("my-app", on_loss=count_loss)
logger.addHandler(handler)

logger.warning("")  # the service takes no event without a message
logger.warning("order 17 is late")
handler.close()
print(dict(lost), handler.stats().delivered)
