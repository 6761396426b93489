"""What to do with the answer: done, wait, create, halve, or give up; and when to call again."""

from __future__ import annotations

import enum
import math

from logspire.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from logspire.core.ledger import LossReason

# First and longest wait. Half of the longest is the mean of a retry in a long outage, so a handler
# asks about 24 times a minute, and is back within five seconds of the service. Chosen by simulating
# a fleet, as is the next: docs/fleet.md.
BACKOFF_BASE_S: Final = 0.1
BACKOFF_CAP_S: Final = 5.0
# Creations have by far the smallest quota (50 streams a second for an account), and each stream
# needs one. Where that fails, patience costs a fleet next to nothing, and spares it most refusals.
CREATION_CAP_S: Final = 30.0
# In a hurry (at exit, after close) there is one short deadline to make the most of.
HURRIED_CAP_S: Final = 0.5


class Verdict(enum.Enum):
    """What became of a call, as far as the sender must know."""

    DELIVERED = enum.auto()
    """Stored (or created). Single events may still have been rejected: ``Outcome.rejected``."""
    RETRY = enum.auto()
    """Not stored, or nobody knows; the same call may work later."""
    DISCONNECTED = enum.auto()
    """Like ``RETRY``, on a connection that may just have been idle for too long."""
    DENIED = enum.auto()
    """Like ``RETRY``, but the destination is well: it may take what is for other streams."""
    MISSING = enum.auto()
    """There is no such log group or stream."""
    REFUSED = enum.auto()
    """The content of the call will never be taken."""


# Throttled, broken or away: of the destination as a whole this tells that it is not well.
_FAILURES: Final = (Verdict.RETRY, Verdict.DISCONNECTED)


class Rejection(Value):
    """Events ``start <= index < stop`` of a batch that was otherwise stored."""

    start: int
    stop: int
    reason: LossReason


class Outcome(Value):
    """The answer of a destination to one job."""

    verdict: Verdict
    detail: str = ""
    """The service's own words, for people."""
    rejected: tuple[Rejection, ...] = ()
    entity_rejected: bool = False


class Action(enum.Enum):
    """What is to be done next for a stream."""

    DONE = enum.auto()
    WAIT = enum.auto()
    CREATE = enum.auto()
    HALVE = enum.auto()
    GIVE_UP = enum.auto()


class Decision(Value):
    """An action, and how long to wait before it."""

    action: Action
    delay_s: float = 0.0


def backoff(attempt: int, jitter: float, cap_s: float = BACKOFF_CAP_S) -> float:
    """Return the seconds to wait after failure number ``attempt``, counted from 0.

    Exponential with full jitter: anything between nothing and the clamped exponential, so that
    processes that failed together do not come back together.

    Args:
        attempt: failures before this one.
        jitter: a random number, ``0 <= jitter <= 1``.
        cap_s: the longest wait, in seconds.
    """
    # The exponent is clamped as well: 2.0 ** 1024 raises OverflowError.
    return jitter * min(cap_s, BACKOFF_BASE_S * 2.0 ** min(max(attempt, 0), 64))


def decide(
    verdict: Verdict,
    *,
    events: int,
    attempts: int,
    just_created: bool,
    jitter: float,
    cap_s: float = BACKOFF_CAP_S,
) -> Decision:
    """Return what to do after a call.

    Args:
        verdict: what became of it.
        events: how many events it carried; 0 for a call that creates a stream.
        attempts: failures in a row for this stream, before this call.
        just_created: whether the stream's creation is the last thing that worked.
        jitter: a random number, ``0 <= jitter <= 1``.
        cap_s: the longest wait, in seconds. Unless it is shorter than usual, a creation that fails
            may wait for ``CREATION_CAP_S``.
    """
    if verdict is Verdict.DELIVERED:
        return Decision(Action.DONE)
    if verdict is Verdict.MISSING and events and not just_created:
        return Decision(Action.CREATE)
    if verdict is Verdict.REFUSED and events:
        return Decision(Action.HALVE if events > 1 else Action.GIVE_UP)
    if not events and verdict in _FAILURES and cap_s >= BACKOFF_CAP_S:
        cap_s = CREATION_CAP_S
    return Decision(Action.WAIT, _wait_s(verdict, attempts, jitter, cap_s))


class Gate:
    """Keeps a handler's many streams, together, from hammering a destination that fails.

    From the first failure to the next answer, whatever stream it is for, calls go out one at a
    time, with a wait after each failure. An answer lets all resume at once: one stream that is
    denied hardly slows down the others.
    """

    __slots__ = ("_failures", "_not_before_s", "_probe")

    def __init__(self) -> None:
        self._failures = 0
        self._not_before_s = -math.inf
        self._probe: object = None
        """The one call that went out since the last failure."""

    def opens_s(self) -> float:
        """Return the monotonic time of the next call; ``inf``: the answer to the last decides."""
        return math.inf if self._probe is not None else self._not_before_s

    def is_shut(self) -> bool:
        """Whether calls fail at present."""
        return self._failures > 0

    def started(self, call: object) -> None:
        """Enter a call that goes out."""
        if self._failures:
            self._probe = call

    def answered(
        self, call: object, verdict: Verdict, *, now_s: float, jitter: float, cap_s: float
    ) -> None:
        """Enter what became of a call; the arguments are those of `decide`."""
        if verdict not in _FAILURES:
            self._failures = 0
            self.open()
            return
        if call is self._probe:
            self._probe = None
        opens_s = now_s + _wait_s(verdict, self._failures, jitter, cap_s)
        # Calls that were under way together fail together: none of them cuts the wait short.
        self._not_before_s = max(self._not_before_s, opens_s)
        self._failures += 1

    def open(self) -> None:
        """Let one call out now, even where the last one hangs."""
        self._not_before_s = -math.inf
        self._probe = None


def _wait_s(verdict: Verdict, failures: int, jitter: float, cap_s: float) -> float:
    if verdict is Verdict.DISCONNECTED and failures == 0:
        # An idle connection was closed by the service: a new one will do, so try at once, once.
        return 0.0
    return backoff(failures, jitter, cap_s)
