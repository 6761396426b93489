"""gunicorn's settings for workers of gevent: they, the application and the access log."""

# First of all: what is imported before keeps threads, and sockets that block.
from gevent import monkey

monkey.patch_all()

worker_class = "gevent"
workers = 2
access_log_format = '%(h)s "%(r)s" %(s)s %(b)s %(M)sms'

logconfig_dict = {
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
            "log_stream_name": "{machine_name}/gunicorn/{process_id}",
            # The workers' first, then the master's: both within the 10 seconds of `docker stop`.
            "shutdown_timeout": 4,
        },
    },
    "root": {"level": "WARNING", "handlers": ["console", "cloudwatch"]},
    "loggers": {"shop": {"level": "INFO"}, "gunicorn": {"level": "INFO"}},
}
