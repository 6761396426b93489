"""Logging set up from a JSON file."""

import json
import logging.config
from pathlib import Path

logging.config.dictConfig(json.loads(Path("logging.json").read_text(encoding="utf-8")))
logger = logging.getLogger("shop")

logger.debug("looking for order %d", 17)
logger.info("order %d paid", 17, extra={"customer": "ann"})
