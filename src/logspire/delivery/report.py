"""Telling people about lost records, and about a service that does not answer."""

from __future__ import annotations

import contextlib
import math
import sys
import traceback
from collections import deque

from logspire.delivery.senders import new_own_thread, silenced
from logspire.delivery.threads import RLock, get_ident
from logspire.delivery.wakeup import TimeLeft, Wakeup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import ClassVar, Final

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


class Reporter:
    """Says things in a thread of its own, which lives while there is something to say.

    Whoever listens may block for ever: standard error that is a pipe which nobody reads, an
    ``on_loss`` that posts to a network which is down. Nothing else may wait for that.
    """

    speaking: ClassVar[set[Reporter]] = set()
    """Those that have something to say: at exit they are waited for, also where their handler is
    closed by then."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._to_say: deque[Callable[[], None]] = deque()
        self._is_busy = False
        self._all_said = Wakeup()
        self._speaker: int | None = None
        """The thread that is at work."""

    def is_busy(self) -> bool:
        """Whether something is being said."""
        return self._is_busy

    def say(self, what: Callable[[], None], *, here: bool = True) -> bool:
        """Have a function called that never raises, in a thread of its own.

        Where none can start, it is called in this thread, unless that is not to be ``here``: then
        it is kept until the next time, and ``False`` returned.
        """
        thread, is_mine = None, False
        try:
            with self._lock:
                self._to_say.append(what)
                if self._is_busy:
                    return True
                is_mine = self._is_busy = True
                self.speaking.add(self)
            thread = new_own_thread(self._run, "logspire-reporter")
            thread.start()
        except RuntimeError:
            if not is_mine:
                raise  # a signal handler's: another thread speaks
            if not here:
                with self._lock:
                    self._fall_silent()
                return False
            self._run()
        except BaseException:  # a signal handler raised: the next one to say something tries again
            if is_mine:
                self._is_busy = thread is not None and thread.is_alive()
            raise
        return True

    def wait(self, time_left: TimeLeft) -> None:
        """Wait until everything is said, or the time has passed."""
        while self._is_busy and self._speaker != get_ident() and time_left.seconds > 0:
            time_left.nap(self._all_said)

    def wait_until_begun(self, time_left: TimeLeft) -> None:
        """Wait for a thread that has had no turn yet; as `wait`."""
        while self._is_busy and self._speaker is None and time_left.seconds > 0:
            time_left.nap(self._all_said)

    def _run(self) -> None:
        try:
            self._speaker = get_ident()
            while True:
                with self._lock:
                    if not self._to_say:
                        self._fall_silent()
                        self._all_said.set()
                        return
                    what = self._to_say.popleft()
                what()
        except BaseException:  # a signal handler, in a calling thread: others still speak
            self._fall_silent()
            raise

    def _fall_silent(self) -> None:
        self._speaker = None
        self._is_busy = False
        self.speaking.discard(self)


class Trouble:
    """Says, once, that delivery has failed for a while.

    Without it a missing permission would show in `stats()` alone until the first record is lost,
    which takes hours where little is logged.
    """

    def __init__(self, destination: str) -> None:
        self._destination = destination
        self._since_s = math.inf
        self._was_said = False

    def note_call(self, now_s: float) -> None:
        """Enter that a call went out; one that hangs is trouble as well."""
        self._since_s = min(self._since_s, now_s)

    def note_success(self) -> None:
        """Enter that a call went through, or that nothing is left to call for."""
        self._since_s, self._was_said = math.inf, False

    def due_s(self) -> float:
        """Return the monotonic time at which there is a `line` to be said."""
        return math.inf if self._was_said else self._since_s + PATIENCE_S

    def line(self, error: str | None) -> Callable[[], None]:
        """Return what says it; from now on it counts as said."""
        self._was_said = True
        text = (
            f"logspire: nothing could be delivered to {self._destination} for {PATIENCE_S:.0f} "
            f"seconds; the records are kept, and tried again: {error or 'no answer'}\n"
        )
        return lambda: _to_stderr(text)


def _write(losses: Sequence[Loss], destination: str) -> None:
    total = sum(loss.count for loss in losses)
    reasons = "; ".join(f"{loss.count} {loss.reason} ({loss.detail})" for loss in losses)
    plural = "" if total == 1 else "s"
    _to_stderr(f"logspire: lost {total} record{plural} for {destination}: {reasons}\n")


def complain() -> None:
    """Write the exception being handled to standard error; never raises."""
    with contextlib.suppress(Exception):
        _to_stderr(traceback.format_exc())


def _to_stderr(text: str) -> None:
    # None under pythonw and in some daemons. One write, so that lines of threads do not mix.
    with contextlib.suppress(Exception):  # there is nobody left to tell
        if sys.stderr is not None:
            sys.stderr.write(text.encode("ascii", "backslashreplace").decode())
            sys.stderr.flush()
