# %% Set up logging. This cell may be run again.
import logging

from logspire import CloudWatchLogHandler

cloudwatch = CloudWatchLogHandler("notebooks", shutdown_timeout=3)
logging.basicConfig(handlers=[cloudwatch], force=True)
logger = logging.getLogger("analysis")
logger.setLevel(logging.INFO)

# %% Work.
logger.info("loaded %d rows", 1000)

# %% Make sure that all of it has arrived.
cloudwatch.flush()
