"""Logging set up from an INI file."""

import logging.config

logging.config.fileConfig("logging.ini", disable_existing_loggers=False)
logger = logging.getLogger("shop")

logger.debug("looking for order %d", 17)
logger.info("order %d paid", 17, extra={"customer": "ann"})
