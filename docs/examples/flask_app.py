"""A Flask application whose records, and those of its libraries, go to CloudWatch Logs."""

import logging

from flask import Flask

from logspire import CloudWatchLogHandler

# On the root logger, and before `app.logger` is first used: Flask then adds no handler of its own.
logging.basicConfig(
    level=logging.INFO,
    handlers=[logging.StreamHandler(), CloudWatchLogHandler("my-site")],
)
app = Flask(__name__)


@app.get("/orders/<int:number>")
def order(number: int) -> str:
    """Show an order."""
    app.logger.info("order %d shown", number)
    return f"order {number}"
