"""The service as a fleet sees it: quotas that all share, names that exist or not, outages."""

from __future__ import annotations

import enum
import math
from collections import Counter
from dataclasses import dataclass
from typing import Final

LATENCY_S: Final = 0.02
# As in logspire.aws.client.
CONNECT_TIMEOUT_S: Final = 5.0
READ_TIMEOUT_S: Final = 20.0

Name = tuple[str, ...]
"""A log group, or a log group and a log stream."""


class Operation(str, enum.Enum):
    """The calls that a handler makes."""

    PUT = "PutLogEvents"
    CREATE_STREAM = "CreateLogStream"
    CREATE_GROUP = "CreateLogGroup"


class Answer(enum.Enum):
    """How a call ends."""

    DONE = enum.auto()
    EXISTS = enum.auto()
    MISSING = enum.auto()
    THROTTLED = enum.auto()
    UNREACHABLE = enum.auto()


class Outage(enum.Enum):
    """What a call meets for a while."""

    REFUSED = enum.auto()
    """The connection is refused at once."""
    HANGING = enum.auto()
    """Silence, until the time-out of the client."""
    NO_CREATION = enum.auto()
    """Others use up the quotas of creations."""


@dataclass(frozen=True)
class Quotas:
    """Calls a second that the account allows; up to a second's worth can be saved up."""

    put: float = 5_000.0
    create_stream: float = 50.0
    create_group: float = 10.0

    def times(self, factor: float) -> Quotas:
        """Return the quotas for a fleet that is larger or smaller by a factor."""
        return Quotas(self.put * factor, self.create_stream * factor, self.create_group * factor)


class Bucket:
    """Tokens that come at a steady rate; a call takes one, or is throttled."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._most = max(per_s, 1.0)
        self._tokens = self._most
        self._filled_s = 0.0

    def take(self, now_s: float) -> bool:
        """Take a token, if there is one."""
        grown = self._tokens + (now_s - self._filled_s) * self._per_s
        self._tokens, self._filled_s = min(self._most, grown), now_s
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class Account:
    """One account in one region. A throttled call learns nothing of what exists."""

    def __init__(self, quotas: Quotas) -> None:
        self._buckets = {
            Operation.PUT: Bucket(quotas.put),
            Operation.CREATE_STREAM: Bucket(quotas.create_stream),
            Operation.CREATE_GROUP: Bucket(quotas.create_group),
        }
        self._names: set[Name] = set()
        self._outage = Outage.REFUSED
        self._back_s = -math.inf
        self.calls: Counter[tuple[int, Operation, Answer]] = Counter()
        """How many calls were made in each second."""

    def create(self, name: Name) -> None:
        """Create something beforehand."""
        self._names.add(name)

    def suffer(self, outage: Outage, until_s: float) -> None:
        """Begin an outage."""
        self._outage, self._back_s = outage, until_s

    def call(
        self, operation: Operation, name: Name, now_s: float, *, connected: bool
    ) -> tuple[Answer, float]:
        """Return how a call ends that is made now, and after how many seconds.

        Args:
            operation: what is asked.
            name: the group and the stream; for ``CREATE_GROUP`` the group alone.
            now_s: the time.
            connected: whether the caller has a connection, so that a hang is found out late.
        """
        answer, after_s = self._answer(operation, name, now_s), LATENCY_S
        if answer is Answer.UNREACHABLE and self._outage is Outage.HANGING:
            after_s = READ_TIMEOUT_S if connected else CONNECT_TIMEOUT_S
        self.calls[int(now_s), operation, answer] += 1
        return answer, after_s

    def _answer(self, operation: Operation, name: Name, now_s: float) -> Answer:
        if now_s < self._back_s:
            if self._outage is not Outage.NO_CREATION:
                return Answer.UNREACHABLE
            if operation is not Operation.PUT:
                return Answer.THROTTLED
        if not self._buckets[operation].take(now_s):
            return Answer.THROTTLED
        if operation is Operation.PUT:
            return Answer.DONE if name in self._names else Answer.MISSING
        return self._create(name)

    def _create(self, name: Name) -> Answer:
        if len(name) > 1 and name[:1] not in self._names:
            return Answer.MISSING
        if name in self._names:
            return Answer.EXISTS
        self._names.add(name)
        return Answer.DONE
