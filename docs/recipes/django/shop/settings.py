"""Django's settings. ``LOGGING`` sends what Django, the server and your apps log."""

import os

DEBUG = os.environ.get("DJANGO_DEBUG") == "1"
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "for development")
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
INSTALLED_APPS = ["shop"]
ROOT_URLCONF = "shop.urls"
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "logspire.JSONFormatter"},
        "console": {"format": "[%(process)d] %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "console"},
        "cloudwatch": {
            "class": "logspire.CloudWatchLogHandler",
            "formatter": "json",
            "log_group_name": "shop",
            "log_stream_name": "{machine_name}/django/{process_id}",
            # Under the autoreloader each reload waits for it, if the service does not answer.
            "shutdown_timeout": 1 if DEBUG else 5,
            # The autoreloader gives a process a quarter of a second to end at Ctrl-C.
            "send_interval": 1 if DEBUG else 5,
        },
    },
    "root": {"level": "WARNING", "handlers": ["console", "cloudwatch"]},
    "loggers": {
        "shop": {"level": "INFO"},
        "django": {"level": "INFO"},
        "gunicorn": {"level": "INFO"},
    },
}
