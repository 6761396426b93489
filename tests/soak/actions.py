"""What programs do to their logging while they log."""

from __future__ import annotations

import gc
import logging
import logging.config
import os
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from logspire import CloudWatchLogHandler

from . import slots
from .journal import Writer

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from .books import Bookkeeper
    from .children import Children

# How often the main thread does each, relative to the others.
ACTIONS: Final = {
    "flush": 4,
    "close": 3,
    "configure": 3,
    "replace": 3,
    "make_and_drop": 4,
    "make_many": 0.5,
    "rename_stream": 4,
    "collect_garbage": 2,
    "fork": 4,
    "multiprocess": 3,
    "spawn": 0.4,
    "flood": 0.7,
    "log_only": 10,
}
# "Back in under a second", and some for a machine that gives this process no processor meanwhile.
# To wait for all that the handlers hold would take longer, and so would a call that hangs.
_LONGEST_CONFIGURATION_S: Final = 8.0
_CLOSE_GRACE_S: Final = 8.0


class Actions:
    """Does one thing at a time, in the main thread, and keeps count."""

    def __init__(
        self,
        directory: Path,
        handlers: dict[str, CloudWatchLogHandler],
        writers: dict[str, list[Writer]],
        bookkeeper: Bookkeeper,
        children: Children,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.slowest_s: defaultdict[str, float] = defaultdict(float)
        self.complaints: list[str] = []
        self._directory = directory
        self._handlers = handlers
        self._writers = writers
        self._bookkeeper = bookkeeper
        self._children = children
        self._configured: CloudWatchLogHandler | None = None
        bookkeeper.unseen(slots.DROPPED)

    def do(self, name: str, random: Random) -> None:
        """Do one of `ACTIONS`, and see how the children are."""
        since_s = time.monotonic()
        getattr(self, name)(random)
        self.counts[name] += 1
        self.slowest_s[name] = max(self.slowest_s[name], time.monotonic() - since_s)
        self._children.reap()
        self.settle()

    def settle(self) -> None:
        """Let go of the handlers that ``dictConfig`` replaced, and that hold nothing any more."""
        if self._configured is not None:
            self._bookkeeper.settle(slots.CONFIGURED, self._configured)

    def log_only(self, _: Random) -> None:
        """Nothing but what the main thread does anyway."""

    def flush(self, random: Random) -> None:
        """Wait for delivery, for a while."""
        timeout_s = random.choice((0, 0.1, 1.0))
        self._any_handler(random).flush(timeout_s)

    def close(self, random: Random) -> None:
        """Close a handler that stays in use."""
        since_s = time.monotonic()
        self._any_handler(random).close()
        self._limit("close", since_s, slots.SHUTDOWN_TIMEOUT_S + _CLOSE_GRACE_S)

    def configure(self, _: Random) -> None:
        """Run ``dictConfig``: it closes every handler there is, and leaves ours attached."""
        since_s = time.monotonic()
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
        self._limit("dictConfig", since_s, _LONGEST_CONFIGURATION_S)

    def replace(self, random: Random) -> None:
        """Run ``dictConfig`` so that it replaces a handler, with records in the old one."""
        writer = self._writer(slots.CONFIGURED)
        writer.log(random.randint(1, 300))
        writer.close()
        since_s = time.monotonic()
        self.replace_configured()
        self._limit("dictConfig", since_s, _LONGEST_CONFIGURATION_S)

    def replace_configured(self) -> None:
        """Let ``dictConfig`` make the handler of its slot anew."""
        options = slots.options_of(slots.CONFIGURED, self._bookkeeper)
        handler = {"class": "logspire.CloudWatchLogHandler", **options}
        logger = {"level": "DEBUG", "handlers": ["soak"], "propagate": False}
        logging.config.dictConfig(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "handlers": {"soak": handler},
                "loggers": {slots.logger_of(slots.CONFIGURED).name: logger},
            }
        )
        made = slots.logger_of(slots.CONFIGURED).handlers[0]
        if not isinstance(made, CloudWatchLogHandler):
            raise TypeError(f"dictConfig made a {made!r}")
        self._bookkeeper.watch(slots.CONFIGURED, made)
        self._configured = made

    def flood(self, random: Random) -> None:
        """Log more than is held, if nothing can be sent at the time."""
        slot = random.choice(("oldest", "newest"))
        for _number in range(2):
            writer = self._writer(slot)
            writer.log(2500)
            writer.close()

    def make_and_drop(self, random: Random) -> None:
        """Make a handler, log to it, drop it: closed, flushed, or as it is."""
        handler = self._new_dropped()
        logger = logging.Logger("soak.dropped")  # noqa: LOG001 - so that it goes, too
        slots.attach(logger, handler)
        writer = Writer(self._directory, slots.DROPPED, logger)
        writer.log(random.randint(0, 200))
        end = random.choice(("drop", "drop", "close", "flush"))
        if end == "close":
            handler.close()
        elif end == "flush":
            handler.flush(0.2)
        writer.close()

    def make_many(self, _: Random) -> None:
        """Make handlers that nobody logs to."""
        for _number in range(200):
            self._new_dropped()

    def rename_stream(self, random: Random) -> None:
        """Assign another ``log_stream_name`` while threads log."""
        name = random.choice(("{process_id}/%d/{thread_name}", "{process_id}/%d"))
        self._handlers["steady"].log_stream_name = name % random.randint(0, 99)

    def collect_garbage(self, _: Random) -> None:
        """Leave garbage behind whose finalizer logs, wherever the collector runs."""
        for _number in range(3):
            litter = _Litter(self._writer("steady"))
            litter.itself = litter
        del litter
        gc.collect(0)

    def fork(self, random: Random) -> None:
        """Have a child of ``os.fork``."""
        self._children.fork(random.getrandbits(32))

    def multiprocess(self, random: Random) -> None:
        """Have a child of ``multiprocessing`` that is forked."""
        self._children.start("fork", random.getrandbits(32))

    def spawn(self, random: Random) -> None:
        """Have a child of ``multiprocessing`` that starts from nothing."""
        self._children.start("spawn", random.getrandbits(32))

    def _any_handler(self, random: Random) -> CloudWatchLogHandler:
        return random.choice(self._bookkeeper.handlers())

    def _writer(self, slot: str) -> Writer:
        writer = Writer(self._directory, slot, slots.logger_of(slot))
        self._writers[slot].append(writer)
        return writer

    def _new_dropped(self) -> CloudWatchLogHandler:
        return CloudWatchLogHandler(**slots.options_of(slots.DROPPED, self._bookkeeper))

    def _limit(self, what: str, since_s: float, limit_s: float) -> None:
        took_s = time.monotonic() - since_s
        if took_s > limit_s:
            self.complaints.append(f"{what} took {took_s:.1f} s, {limit_s} s at most was promised")


class _Litter:
    """Garbage that logs as it is collected."""

    def __init__(self, writer: Writer) -> None:
        self.itself: _Litter | None = None
        self._writer = writer

    def __del__(self) -> None:
        if self._writer.pid == os.getpid():  # a forked child collects its copy
            self._writer.log()
            self._writer.close()
