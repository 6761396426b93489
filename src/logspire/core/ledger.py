"""The books: how many records were delivered, how many were lost, and why."""

from __future__ import annotations

import enum
from collections import Counter

from logspire.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class LossReason(str, enum.Enum):
    """Why a record did not arrive. Each member is also a plain string."""

    QUEUE_FULL = "queue_full"
    """The queue held ``max_queue_size`` bytes, and ``queue_full`` says to drop."""
    EMPTY = "empty"
    """The formatted message was empty; the service takes no event without a message."""
    TOO_LARGE = "too_large"
    """The message was over ``max_message_size``, and ``oversize`` is ``"drop"``."""
    TOO_OLD = "too_old"
    """Older than the service takes (14 days), when logged or after waiting for an outage to end."""
    TOO_NEW = "too_new"
    """Further in the future than the service takes (2 hours)."""
    EXPIRED = "expired"
    """Older than the retention of the log group."""
    REFUSED = "refused"
    """The service refused this very event, alone in a batch."""
    SHUTDOWN = "shutdown"
    """Not delivered when ``shutdown_timeout`` had passed."""

    __str__ = str.__str__


class Loss(Value):
    """Some records were lost for one reason."""

    reason: LossReason
    count: int
    """How many records."""
    detail: str
    """The service's own error where there is one, or what the limit is."""


class DeliveryStats(Value):
    """The books of a handler at one moment, in records.

    ``accepted == delivered + lost + held`` holds in every snapshot. A message that had to be
    split is one record: delivered when all of its pieces are, lost when one of them is.
    ``vars(stats)`` is a dict of what follows.
    """

    accepted: int
    """Records that the handler took over from ``logging``."""
    delivered: int
    """Records that the service has confirmed."""
    lost: int
    """Records given up; ``losses`` says why."""
    held: int
    """Records that still wait, or are on their way."""
    losses: Mapping[LossReason, int]
    """The lost records by reason."""
    held_bytes: int
    """Bytes of memory that the held records take, as ``max_queue_size`` counts them."""
    batches: int
    """Batches that the service has confirmed."""
    split: int
    """Records over ``max_message_size`` that were split or truncated."""
    ignored: int
    """Records about delivery itself, logged by the threads that deliver; never accepted."""
    entity_rejected: int
    """Batches that were stored, but without the ``entity`` that was sent with them."""
    last_error: str | None
    """The service's last error, with its time left out; ``None`` after a success."""


class Ledger:
    """Counts what became of the records. One thread writes; see ``delivery.pipeline``."""

    def __init__(self) -> None:
        self.delivered = 0
        self.lost: Counter[LossReason] = Counter()
        self.batches = 0
        self.split = 0
        self.entity_rejected = 0
        self.last_error: str | None = None
        self._details: dict[LossReason, str] = {}
        self._said: Counter[LossReason] = Counter()
        self._said_ahead = 0
        self._delivered_then = 0

    def lose(self, reason: LossReason, count: int = 1, detail: str = "") -> None:
        """Enter ``count`` records as lost, to be reported at the next `take_losses`."""
        if detail:
            self._details[reason] = detail
        self.lost[reason] += count

    def because(self, what: str) -> str:
        """Return ``what`` with the service's last error, which is why records had to wait."""
        return f"{what}; {self.last_error}" if self.last_error else what

    @property
    def lost_so_far(self) -> int:
        """How many records were lost, for whatever reason."""
        return sum(tuple(self.lost.values()))  # a copy: at exit another thread asks

    @property
    def has_news(self) -> bool:
        """Whether there are losses that nobody was told of."""
        return any(count > self._said[reason] for reason, count in self.lost.items())

    def take_losses(self) -> list[Loss]:
        """Return the losses that nobody was told of, one entry a reason; they then count as told.

        Totals are compared, so nothing is told twice, whoever asks; one at a time, please.
        """
        # What was told as lost, and was delivered after all, was told in vain.
        rescued = self.delivered - self._delivered_then
        self._delivered_then = self.delivered
        self._said_ahead = max(0, self._said_ahead - rescued)
        news = []
        for reason, total in tuple(self.lost.items()):
            count = total - self._said[reason]
            self._said[reason] = total
            told = min(count, self._said_ahead)
            self._said_ahead -= told
            if count > told:
                news.append(Loss(reason, count - told, self._details.get(reason, "")))
        return news

    def take_all(self, accepted: int, detail: str) -> list[Loss]:
        """Return `take_losses`, and all that is held as lost: nobody will come back to tell.

        Args:
            accepted: how many records were accepted.
            detail: what to say of those that are held.
        """
        news = self.take_losses()
        # From what was just told, not from the books, in which the worker may be writing; and
        # without those that were told as lost before: each wait at exit may come here.
        held = accepted - self._delivered_then - sum(self._said.values()) - self._said_ahead
        if held > 0:
            # Should they be lost after all, for whatever reason, they are not told again.
            self._said_ahead += held
            news.append(Loss(LossReason.SHUTDOWN, held, detail))
        return news
