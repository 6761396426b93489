"""The handler from a dictionary: every setting can be written in strings and numbers."""

import logging.config

logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "logspire.JSONFormatter"}},
        "handlers": {
            "console": {"class": "logging.StreamHandler"},
            "cloudwatch": {
                "class": "logspire.CloudWatchLogHandler",
                "formatter": "json",
                "level": "INFO",
                "log_group_name": "my-app",
                "log_stream_name": "{logger_name}/{strftime:%Y-%m-%d}",
                "log_group_retention_days": 30,
                "region_name": "us-east-1",
            },
        },
        "root": {"level": "INFO", "handlers": ["console", "cloudwatch"]},
    }
)

logging.getLogger("shop").info("order %d paid", 17, extra={"customer": "ann"})
