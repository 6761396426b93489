"""A FastAPI application: what it, uvicorn and the access log say goes to CloudWatch Logs."""

import asyncio
import logging.config
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

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
            "log_stream_name": "{machine_name}/uvicorn/{process_id}",
            # In `lifespan`, and again at exit: both within the 10 seconds of `docker stop`.
            "shutdown_timeout": 4,
        },
    },
    "root": {"level": "WARNING", "handlers": ["console", "cloudwatch"]},
    "loggers": {
        "shop": {"level": "INFO"},
        "uvicorn": {"level": "INFO", "propagate": True},  # which uvicorn has set to False
    },
}
logging.config.dictConfig(LOGGING)
logger = logging.getLogger("shop")


async def ignore_sigterm_at_last() -> None:
    """Wait to be cancelled, which is when uvicorn is done, and catches no signals any more."""
    try:
        await asyncio.Event().wait()
    finally:
        # With `--workers` one more may come, from its parent process, while this one delivers.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open and close what the application needs."""
    app.state.last = asyncio.create_task(ignore_sigterm_at_last())
    yield
    for handler in logging.getLogger().handlers:
        handler.flush()  # while uvicorn still sees to signals
    # When uvicorn is done, it raises the SIGTERM again that ended it. That would kill the process
    # before it has delivered; blocked, it leaves the process to its ordinary end.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


app = FastAPI(lifespan=lifespan)


@app.get("/orders/{number}", response_class=PlainTextResponse)
async def order(number: int) -> str:
    """Show an order."""
    logger.info("order %d shown", number, extra={"order": number})
    return f"order {number}"
