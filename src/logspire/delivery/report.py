"""Telling people about lost records."""

from __future__ import annotations

import contextlib
import sys
import traceback
from typing import TYPE_CHECKING

from logspire.delivery.senders import silenced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from logspire.core.ledger import Loss


def report_losses(
    losses: Sequence[Loss], destination: str, on_loss: Callable[[Loss], object] | None
) -> None:
    """Pass losses to the user's function, or write one line to standard error; never raises."""
    try:
        if on_loss is None:
            _write(losses, destination)
        else:
            with silenced():  # what it logs about losses could be lost in turn
                for loss in losses:
                    on_loss(loss)
    except BaseException:  # noqa: BLE001 - sys.exit() in the user's function included
        complain()


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
