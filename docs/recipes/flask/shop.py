"""A Flask application: what it and its development server say goes to CloudWatch Logs."""

import re
from logging import LogRecord
from logging.config import dictConfig
from typing import Any

from flask import Flask
from flask.helpers import get_debug_flag

from logspire import JSONFormatter


class PlainFormatter(JSONFormatter):
    """Leaves out the colours of a terminal, which werkzeug writes into its messages."""

    def members(self, record: LogRecord) -> dict[str, Any]:
        """Return what is told of a record."""
        members = super().members(record)
        if record.name == "werkzeug":
            members["message"] = re.sub(r"\x1b\[\d+m", "", members["message"])
        return members


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": PlainFormatter},
        "console": {"format": "[%(process)d] %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "console"},
        "cloudwatch": {
            "class": "logspire.CloudWatchLogHandler",
            "formatter": "json",
            "log_group_name": "shop",
            "log_stream_name": "{machine_name}/flask/{process_id}",
            # Under the reloader each reload waits for it, if the service does not answer.
            "shutdown_timeout": 1 if get_debug_flag() else 5,
            # The reloader gives a process a quarter of a second to end at Ctrl-C.
            "send_interval": 1 if get_debug_flag() else 5,
        },
    },
    "root": {"level": "WARNING", "handlers": ["console", "cloudwatch"]},
    "loggers": {"shop": {"level": "INFO"}, "werkzeug": {"level": "INFO"}},
}
dictConfig(LOGGING)  # before there is an application

app = Flask(__name__)


@app.get("/orders/<int:number>")
def order(number: int) -> str:
    """Show an order."""
    app.logger.info("order %d shown", number, extra={"order": number})
    return f"order {number}"
