"""A WSGI application. How it logs is said in ``gunicorn.conf.py``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

logger = logging.getLogger("shop")
logger.info("imported")


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request."""
    number = environ["PATH_INFO"].rpartition("/")[2]
    logger.info("order %s shown", number, extra={"order": number})
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"order {number}\n".encode()]
