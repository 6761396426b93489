"""The part of Django's settings that sends what Django and your apps log to CloudWatch Logs."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "logspire.JSONFormatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler"},
        "cloudwatch": {
            "class": "logspire.CloudWatchLogHandler",
            "formatter": "json",
            "log_group_name": "my-site",
        },
    },
    "root": {"level": "INFO", "handlers": ["console", "cloudwatch"]},
    # Django's own loggers come with handlers; the root logger has what is needed.
    "loggers": {"django": {"handlers": [], "propagate": True}},
}
