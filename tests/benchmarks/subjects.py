"""The handlers that are compared. All have the same format, and their defaults otherwise."""

from __future__ import annotations

import importlib
import logging
import logging.handlers
import os
import queue
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
LOGGER: Final = "benchmark"
PREFIX_BYTES: Final = len("2026-11-22 12:00:00,000 INFO benchmark ")
"""What `FORMAT` puts before a message."""

SUBJECTS: Final = {
    "null": "`NullHandler`",
    "stream": "`StreamHandler` on /dev/null",
    "queue": "`QueueHandler` to /dev/null",
    "watchtower": "watchtower",
    "logspire": "logspire",
}
SHIPPING: Final = ("watchtower", "logspire")
"""Those that send to the sink."""
PATIENCE: Final = "BENCHMARK_PATIENCE_S"
"""Variable with the seconds that Logspire has at the end, instead of its default. For the test of
the benchmark, beside others: a busy machine takes ten seconds for the import of the SDK alone."""


class Subject(NamedTuple):
    """A handler, and what a program would do to have everything delivered."""

    handler: logging.Handler
    flush: Callable[[], object]
    close: Callable[[], object]


def make(name: str, log_stream_name: str = "benchmark", **options: Any) -> Subject:
    """Make one; ``options`` are for those that ship."""
    if name == "queue":
        return _queue()
    if name == "null":
        handler: logging.Handler = logging.NullHandler()
    elif name == "stream":
        handler = _to_nowhere()
    else:
        library = importlib.import_module(name)
        if name == "logspire" and PATIENCE in os.environ:
            options["shutdown_timeout"] = float(os.environ[PATIENCE])
        handler = library.CloudWatchLogHandler("benchmark", log_stream_name, **options)
    handler.setFormatter(logging.Formatter(FORMAT))
    return Subject(handler, handler.flush, handler.close)


def _to_nowhere() -> logging.StreamHandler[Any]:
    return logging.StreamHandler(Path(os.devnull).open("w", encoding="utf-8"))


def _queue() -> Subject:
    target = _to_nowhere()
    target.setFormatter(logging.Formatter(FORMAT))
    records: queue.Queue[Any] = queue.Queue()
    listener = logging.handlers.QueueListener(records, target)
    listener.start()
    return Subject(logging.handlers.QueueHandler(records), records.join, listener.stop)


def loggers_with(subject: Subject, count: int = 1) -> list[logging.Logger]:
    """Return loggers that log to the subject alone: ``benchmark``, or that many below it."""
    top = logging.getLogger(LOGGER)
    top.propagate = False
    top.setLevel(logging.INFO)
    top.addHandler(subject.handler)
    return [top] if count == 1 else [top.getChild(f"{number:04}") for number in range(count)]
