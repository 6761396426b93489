"""How long to wait after a failure: the core's own rule, and others to compare it with.

The core takes its jitter as an argument and multiplies its own clamped exponential by it. That is
the door for the others: they hand in what they want to wait, in units of what the core would.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from logspire.core.retry import BACKOFF_BASE_S, BACKOFF_CAP_S, CREATION_CAP_S

if TYPE_CHECKING:
    import random


@dataclass(frozen=True)
class Failure:
    """What a rule may know of a call that failed."""

    before: int
    """Failed calls of this stream in a row, before this one."""
    creating: bool
    """It was to create the stream."""
    last_wait_s: float
    """How long the stream waited the last time."""
    core_longest_s: float
    """How long the core would wait at most."""


@dataclass(frozen=True)
class Waits:
    """The core's own rule: clamped exponential, full jitter."""

    name: str = "Logspire"
    tries: float = math.inf
    """Failed puts in a row after which everything held is dropped."""

    def wait_s(self, failure: Failure, rng: random.Random) -> float:
        """Return the seconds to wait."""
        return rng.random() * failure.core_longest_s


@dataclass(frozen=True)
class AtOnce(Waits):
    """No wait; after a few tries the records are dropped, as watchtower 3.4 does it."""

    name: str = "at once, 5 tries, then dropped"
    tries: float = 5

    def wait_s(self, failure: Failure, rng: random.Random) -> float:
        del failure, rng
        return 0.0


@dataclass(frozen=True)
class Exponential(Waits):
    """Clamped exponential with full jitter and constants to choose."""

    base_s: float = BACKOFF_BASE_S
    cap_s: float = BACKOFF_CAP_S
    creation_cap_s: float = CREATION_CAP_S

    def wait_s(self, failure: Failure, rng: random.Random) -> float:
        return rng.random() * self.longest_s(failure)

    def longest_s(self, failure: Failure) -> float:
        """Return the wait without jitter."""
        cap_s = self.creation_cap_s if failure.creating else self.cap_s
        return min(cap_s, self.base_s * 2.0 ** min(failure.before, 64))


@dataclass(frozen=True)
class WithoutJitter(Exponential):
    """Clamped exponential, the same for everybody."""

    def wait_s(self, failure: Failure, rng: random.Random) -> float:
        del rng
        return self.longest_s(failure)


@dataclass(frozen=True)
class Decorrelated(Exponential):
    """Anything between the base and three times the last wait, clamped."""

    def wait_s(self, failure: Failure, rng: random.Random) -> float:
        cap_s = self.creation_cap_s if failure.creating else self.cap_s
        return min(cap_s, rng.uniform(self.base_s, 3 * max(self.base_s, failure.last_wait_s)))


LOGSPIRE: Final = Waits()
NO_JITTER: Final = WithoutJitter("the same without jitter")
AT_ONCE: Final = AtOnce()


def constants(base_s: float, cap_s: float, creation_cap_s: float) -> Exponential:
    """Return the core's rule with other constants."""
    name = f"{base_s:g} s … {cap_s:g} s, creations {creation_cap_s:g} s"
    return Exponential(name, base_s=base_s, cap_s=cap_s, creation_cap_s=creation_cap_s)
