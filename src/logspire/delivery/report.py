"""Telling people about lost records, and about a service that does not answer."""

from __future__ import annotations

import contextlib
import math
import sys
import traceback
from typing import TYPE_CHECKING, Final

from logspire.delivery.senders import silenced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from logspire.core.ledger import Loss

PATIENCE_S: Final = 30.0
"""For how long calls may fail before a line says so."""


def report_losses(
    losses: Sequence[Loss], destination: str, on_loss: Callable[[Loss], object] | None
) -> None:
    """Pass losses to the user's function, or write one line to standard error; never raises."""
    if not losses:
        return
    try:
        if on_loss is None:
            _write(losses, destination)
        else:
            with silenced():  # what it logs about losses could be lost in turn
                for loss in losses:
                    on_loss(loss)
    except BaseException:  # noqa: BLE001 - sys.exit() in the user's function included
        complain()


class Trouble:
    """Says, once, that delivery has failed for a while.

    Without it a missing permission would show in `stats()` alone until the first record is lost,
    which takes hours where little is logged.
    """

    def __init__(self, destination: str) -> None:
        self._destination = destination
        self._since_s = math.inf
        self._was_said = False

    def note(self, error: str | None, now_s: float) -> None:
        """Enter the last error of the service, ``None`` after a success."""
        if error is None:
            self._since_s, self._was_said = math.inf, False
        else:
            self._since_s = min(self._since_s, now_s)

    def due_s(self) -> float:
        """Return the monotonic time at which there is something to `say`."""
        return math.inf if self._was_said else self._since_s + PATIENCE_S

    def say(self, error: str | None) -> None:
        """Write a line to standard error; never raises."""
        self._was_said = True
        with contextlib.suppress(Exception):  # there is nobody left to tell
            _to_stderr(
                f"logspire: nothing could be delivered to {self._destination} for {PATIENCE_S:.0f} "
                f"seconds; the records are kept, and tried again: {error}\n"
            )


def _write(losses: Sequence[Loss], destination: str) -> None:
    total = sum(loss.count for loss in losses)
    reasons = "; ".join(f"{loss.count} {loss.reason} ({loss.detail})" for loss in losses)
    plural = "" if total == 1 else "s"
    _to_stderr(f"logspire: lost {total} record{plural} for {destination}: {reasons}\n")


def complain() -> None:
    """Write the exception being handled to standard error; never raises."""
    with contextlib.suppress(Exception):  # there is nobody left to tell
        _to_stderr(traceback.format_exc())


def _to_stderr(text: str) -> None:
    # None under pythonw and in some daemons. One write, so that lines of threads do not mix.
    if sys.stderr is not None:
        sys.stderr.write(text.encode("ascii", "backslashreplace").decode())
        sys.stderr.flush()
