"""The paths whose instructions are counted, and a program that takes one so many times.

``python -m tests.benchmarks.instructions_paths NAME TIMES GROUP`` prepares what happens only once,
takes the path, and leaves without any end. Counted for two numbers of times, the difference is the
path alone. To make it exact, the interpreter switches no threads by itself: each works until it
waits. So a logging call is counted without the worker, which waits until it is over.
"""

from __future__ import annotations

import gc
import importlib
import logging
import logging.handlers
import os
import queue
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logspire.aws.client import ClientOptions, ClientSource
from logspire.aws.logs import CloudWatchLogs, GroupOptions
from logspire.core.limits import CLOUDWATCH_LOGS
from logspire.core.retry import Outcome, Verdict
from logspire.core.stream import Creation
from logspire.delivery.pipeline import Pipeline, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from logspire.core.stream import Job

    Run = Callable[[int], None]
    """Takes a path so many times."""

FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
STREAM: Final = "stream"
REQUEST_EVENTS: Final = 8_000
"""Of 100 bytes. One call cannot hold 10 000 of those: the service counts 26 bytes more for each."""
LINES: Final = [
    f"2026-11-22 12:00:00,{n % 1000:03} INFO shop.orders order {n * 7919 % 100_003:06} of customer "
    f"{n * 31 % 8009:04} paid in {n * 17 % 997:03} ms from basket {n:04}"
    for n in range(REQUEST_EVENTS)
]
_NEVER_S: Final = 100_000
_PATIENCE_S: Final = 600


class Row(NamedTuple):
    """A path, and how it is counted."""

    title: str
    prepare: Callable[[str], Run]
    """Takes the name of a log group of its own."""
    times: tuple[int, int] = (500, 2_500)
    """The difference of these is counted. So few records do not fill a batch."""
    warm_up: int = 20
    """Times before the count, after which CPython has specialized the bytecode."""
    each: int = 1
    """How many events one time is."""
    ships: bool = False
    """It needs a service, where its events arrive."""


# -- the logging call ----------------------------------------------------------------------------


class AnyClient:
    """Stands for a botocore client that has no work."""

    def put_log_events(self, **_: object) -> dict[str, str]:
        return {}

    def create_log_stream(self, **_: object) -> dict[str, str]:
        return {}


class Constant(logging.Formatter):
    """No work either."""

    def format(self, record: logging.LogRecord) -> str:  # noqa: ARG002 - part of the protocol
        return LINES[0]


def handler_of(name: str) -> logging.Handler:
    if name == "null":
        return logging.NullHandler()
    if name == "stream":
        return logging.StreamHandler(Path(os.devnull).open("w", encoding="utf-8"))
    if name == "queue":
        return logging.handlers.QueueHandler(queue.Queue())
    return shipping(name, "group", boto3_client=AnyClient(), create_log_group=False)


def shipping(name: str, group: str, **options: Any) -> logging.Handler:
    """Return a handler that sends nothing until its ``flush``, and then has all the time it needs.

    watchtower gives up after a while, in silence; so may Logspire, which says so.
    """
    library = importlib.import_module(name)
    if name == "logspire":
        options["shutdown_timeout"] = _PATIENCE_S
    made: Any = library.CloudWatchLogHandler(group, STREAM, send_interval=_NEVER_S, **options)
    made.FLUSH_TIMEOUT = _PATIENCE_S
    return made  # type: ignore[no-any-return]


def a_record() -> logging.LogRecord:
    arguments = (17, "somebody")
    message = "order %d of %s was paid"
    return logging.LogRecord("shop.orders", logging.INFO, __file__, 1, message, arguments, None)


def start(handler: logging.Handler) -> logging.Handler:
    """Have the handler do what it does only once; its threads wait afterwards."""
    handler.handle(a_record())
    handler.flush()
    return handler


def calling(handler: logging.Handler) -> Run:
    """Log from a function: CPython looks for its line, which would take long in a large module."""
    logger = logging.getLogger("shop.orders")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)

    def run(times: int) -> None:
        for number in range(times):
            logger.info("order %06d of %s was paid", number, "somebody")

    return run


def call(name: str, _: str, *, layout: str | None = FORMAT) -> Run:
    handler = handler_of(name)
    if layout is not None:
        handler.setFormatter(logging.Formatter(layout))
    return calling(start(handler))


def handover(name: str, _: str) -> Run:
    handler, record = handler_of(name), a_record()
    handler.setFormatter(Constant())
    start(handler)

    def run(times: int) -> None:
        for _ in range(times):
            handler.handle(record)

    return run


# -- the batch -----------------------------------------------------------------------------------


class AtOnce:
    """A destination that takes everything, and remembers the jobs."""

    name = "nowhere"

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def perform(self, job: Job) -> Outcome:
        self.jobs[:] = [*self.jobs[-1:], job]  # not all: that would keep their events alive
        return Outcome(Verdict.DELIVERED)

    def has_chores(self) -> bool:
        return False

    def tend(self) -> None:
        """Nothing is left to do."""

    def limit_wait(self, seconds: float) -> None:
        """Nothing here waits."""

    def close(self) -> None:
        """Nothing here is open."""

    def after_fork_in_child(self) -> None:
        """Nothing here is shared."""


class Batches:
    """Puts records into a pipeline and, if asked to, waits until it has got rid of them."""

    def __init__(self, streams: int = 1) -> None:
        self.destination = AtOnce()
        self._names = [f"{STREAM}-{number}" for number in range(streams)]
        self._now_ms = int(time.time() * 1000)
        settings = Settings(limits=CLOUDWATCH_LOGS, send_interval_s=_NEVER_S)
        self._pipeline = Pipeline(self.destination, settings)
        self.settle(1)

    def put(self, times: int) -> None:
        names, now_ms, put = self._names, self._now_ms, self._pipeline.put
        streams = len(names)
        for number in range(times):
            line = LINES[number % REQUEST_EVENTS]
            put((names[number % streams], now_ms + number // 10, line))

    def settle(self, times: int) -> None:
        self.put(times)
        self._flush()

    def settle_each(self, times: int) -> None:
        for _ in range(times):
            self.settle(1)

    def _flush(self) -> None:
        if not self._pipeline.flush(_PATIENCE_S):
            raise RuntimeError(f"not delivered: {self._pipeline.stats()}")


# -- the request ---------------------------------------------------------------------------------


def request(group: str, *, events: int, compress: bool = True) -> Run:
    batches = Batches()
    batches.settle(events)
    job = batches.destination.jobs[-1]
    service = CloudWatchLogs(
        group, ClientSource(ClientOptions()), group=GroupOptions(), compress=compress
    )
    service.perform(Creation(job.stream))

    def run(times: int) -> None:
        for _ in range(times):
            outcome = service.perform(job)
            if outcome.verdict is not Verdict.DELIVERED:
                raise RuntimeError(f"not delivered: {outcome}")

    return run


def delivery(name: str, group: str) -> Run:
    handler = shipping(name, group)
    handler.setFormatter(logging.Formatter(FORMAT))
    log = calling(start(handler))

    def run(times: int) -> None:
        log(times)
        handler.flush()  # who counts the instructions asks the service what arrived

    return run


ROWS: Final = {
    "call-null": Row("a logging call: `NullHandler`", partial(call, "null")),
    "call-stream": Row("`StreamHandler` on /dev/null", partial(call, "stream")),
    "call-queue": Row("`QueueHandler`", partial(call, "queue")),
    "call-logspire": Row("Logspire", partial(call, "logspire")),
    "call-watchtower": Row("watchtower", partial(call, "watchtower")),
    "plain-stream": Row(
        "the same, default format: `StreamHandler`", partial(call, "stream", layout=None)
    ),
    "plain-logspire": Row("Logspire", partial(call, "logspire", layout=None)),
    "plain-watchtower": Row("watchtower", partial(call, "watchtower", layout=None)),
    "handle-stream": Row(
        "`handle()` alone, nothing to format: `StreamHandler`", partial(handover, "stream")
    ),
    "handle-queue": Row("`QueueHandler`", partial(handover, "queue")),
    "handle-logspire": Row("Logspire", partial(handover, "logspire")),
    "handle-watchtower": Row("watchtower", partial(handover, "watchtower")),
    "batch-put": Row("an event is put into the pipeline", lambda _: Batches().put),
    "batch-settle": Row(
        "it is put, batched, answered and settled", lambda _: Batches().settle, (2_000, 10_000)
    ),
    "batch-streams": Row(
        "the same with 100 streams", lambda _: Batches(streams=100).settle, (2_000, 10_000)
    ),
    "batch-single": Row("a batch of one event", lambda _: Batches().settle_each, (50, 250)),
    "request-single": Row(
        "a request with one event", partial(request, events=1), (10, 60), ships=True
    ),
    "request-event": Row(
        f"an event in a request with {REQUEST_EVENTS}",
        partial(request, events=REQUEST_EVENTS),
        (1, 4),
        warm_up=1,
        each=REQUEST_EVENTS,
        ships=True,
    ),
    "request-raw": Row(
        "the same without compression",
        partial(request, events=REQUEST_EVENTS, compress=False),
        (1, 4),
        warm_up=1,
        each=REQUEST_EVENTS,
        ships=True,
    ),
    "deliver-logspire": Row(
        "a record logged and delivered: Logspire",
        partial(delivery, "logspire"),
        (1_000, 5_000),
        ships=True,
    ),
    "deliver-watchtower": Row(
        "watchtower", partial(delivery, "watchtower"), (1_000, 5_000), ships=True
    ),
}


def main(name: str, times: str, group: str) -> None:
    sys.setswitchinterval(_NEVER_S)
    row = ROWS[name]
    run = row.prepare(group)
    run(row.warm_up)
    # What is there so far is no garbage: collections meet only what the path leaves behind.
    gc.collect()
    gc.freeze()
    run(int(times))
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
