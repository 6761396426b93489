"""Logging set up from a dictionary in the program."""

import logging.config

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "logspire.JSONFormatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler"},
        "cloudwatch": {
            "class": "logspire.CloudWatchLogHandler",
            "formatter": "json",
            "level": "INFO",
            "log_group_name": "shop",
            "log_stream_name": "{machine_name}/{process_id}/{strftime:%Y-%m-%d}",
            "log_group_retention_days": 30,
            "flush_level": "ERROR",
            "shutdown_timeout": 5,
        },
    },
    "loggers": {"shop": {"level": "DEBUG"}},
    "root": {"level": "WARNING", "handlers": ["console", "cloudwatch"]},
}

logging.config.dictConfig(LOGGING)
logger = logging.getLogger("shop")

logger.debug("looking for order %d", 17)
logger.info("order %d paid", 17, extra={"customer": "ann"})
