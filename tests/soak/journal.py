"""What was logged, written down by those who log it, apart from any handler."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .shapes import shape_of

if TYPE_CHECKING:
    import logging
    from pathlib import Path

_serials = itertools.count()


class Writer:
    """Logs numbered records, and writes down each number before and after the call.

    For one thread at a time; another writer, of another name, is cheap. What a signal handler or a
    finalizer logs in the middle of it needs a writer of its own too.

    Args:
        directory: where the journal goes.
        slot: the name of the handler that gets the records.
        logger: has that handler.
    """

    def __init__(self, directory: Path, slot: str, logger: logging.Logger) -> None:
        self.begun = 0
        """How many calls have begun."""
        self.ended = 0
        """How many of them have returned."""
        self.pid = os.getpid()
        self.name = f"{self.pid}.{next(_serials)}"
        self._logger = logger
        path = directory / f"{slot}~{self.name}.journal"
        # Not a file object: after a fork two processes would have its buffer.
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def log(self, times: int = 1) -> None:
        """Log the next records."""
        for _ in range(times):
            shape = shape_of(self.name, self.begun)
            os.write(self._descriptor, f"{self.begun} ".encode())
            self.begun += 1
            shape.log(self._logger)
            self.ended += 1
            os.write(self._descriptor, b"logged\n")

    def close(self) -> None:
        """Free the file; again has no effect."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@dataclass(frozen=True)
class Journal:
    """What one writer wrote down."""

    slot: str
    pid: int
    writer: str
    begun: int
    ended: int


def read_journals(directory: Path) -> dict[str, Journal]:
    """Return all journals, by the names of their writers."""
    journals = {}
    for path in directory.glob("*.journal"):
        slot, _, writer = path.stem.partition("~")
        words = path.read_text().split()
        ended = words.count("logged")
        pid = int(writer.partition(".")[0])
        journals[writer] = Journal(slot, pid, writer, len(words) - ended, ended)
    return journals
