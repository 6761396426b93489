"""Logging set up from a YAML file; needs PyYAML."""

import logging.config
from pathlib import Path

import yaml

logging.config.dictConfig(yaml.safe_load(Path("logging.yaml").read_text(encoding="utf-8")))
logger = logging.getLogger("shop")

logger.debug("looking for order %d", 17)
logger.info("order %d paid", 17, extra={"customer": "ann"})
