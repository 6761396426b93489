"""What is held, in sums, and what becomes of it, in the books."""

from __future__ import annotations

from collections import Counter

from logspire.core.columns import Whole
from logspire.core.flush import Flushes
from logspire.core.notice import Notices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from logspire.core.columns import Events
    from logspire.core.ledger import Ledger, LossReason

    Loss = tuple[LossReason, str]


class Holdings:
    """Everything that a backlog holds, wherever it is, and who is to hear of its end.

    Args:
        ledger: where losses and deliveries are entered.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.flushes = Flushes()
        self.notices = Notices()
        self.memory_bytes = 0
        """Memory of what is held, in flight included."""
        self.events = 0
        """How many events that is."""

    def hold(self, events: Events) -> None:
        """Take account of events that came in together."""
        self.memory_bytes += sum(events.memory)
        self.events += len(events)
        self.flushes.hold(len(events))

    def settle(self, stream: str, events: Events, loss: Loss | None) -> None:
        """Strike events off; enter their records as delivered or lost with their last pieces."""
        self.memory_bytes -= sum(events.memory)
        self.events -= len(events)
        plain = 0
        epoch = self.flushes.epoch
        for origin, count in Counter(events.origins).items():
            self.flushes.settle(origin.epoch, count)
            whole = origin.whole
            if whole is None:
                plain += count
                epoch = min(epoch, origin.epoch)
            elif not isinstance(whole, Whole):
                self.notices.settle(whole, None if loss is None else loss[0])
            elif whole.settle(count, loss):
                self._enter(stream, whole.loss, [whole.time_ms], origin.epoch)
        if plain:
            self._enter(stream, loss, events.plain_times_ms(plain), epoch)

    def settle_all(self) -> None:
        """Nothing is held any more: what was has been settled."""
        self.memory_bytes = self.events = 0
        self.flushes.settle_all()

    def lose(
        self, stream: str, loss: Loss, *, count: int = 1, first_ms: float, last_ms: float
    ) -> None:
        """Enter records as lost that are not held: in the books, and for the stream to be told."""
        reason, detail = loss
        self.ledger.lose(reason, count, detail)
        self.notices.lose(stream, reason, count, detail, first_ms=first_ms, last_ms=last_ms)

    def _enter(self, stream: str, loss: Loss | None, times_ms: Sequence[int], epoch: int) -> None:
        """Enter records as delivered or lost; ``epoch`` is that of the first of them."""
        if loss is None:
            self.ledger.delivered += len(times_ms)
            return
        first_ms, last_ms = times_ms[0], times_ms[-1]
        self.lose(stream, loss, count=len(times_ms), first_ms=first_ms, last_ms=last_ms)
        self.flushes.note_loss(epoch)
