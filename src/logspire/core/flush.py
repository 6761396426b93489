"""Which requests to send everything are done: when all that was held at the request is settled."""

from __future__ import annotations

from collections import OrderedDict


class Flush:
    """A request to send what is held without delay."""

    __slots__ = ("done", "epoch", "lossless")

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.done = False
        """Everything that was held at the request is delivered or given up."""
        self.lossless = True
        """Nothing of it was lost so far."""


class Flushes:
    """The open requests of one backlog.

    Events are not followed one by one. Each belongs to an epoch, the number of requests before it
    came in, and of an epoch it is enough to know how many of its events are not settled.
    """

    def __init__(self) -> None:
        self.epoch = 0
        """The epoch of what comes in now."""
        # How many events of each epoch are held, if any. In the order of the epochs: the first is
        # at hand, also where each record has one of its own, as those delivered one by one have.
        self._held: OrderedDict[int, int] = OrderedDict()
        self._open: list[Flush] = []

    def hold(self, count: int) -> None:
        """So many events more are held."""
        self._held[self.epoch] = self._held.get(self.epoch, 0) + count

    def settle(self, epoch: int, count: int) -> None:
        """So many events of an epoch are not held any more."""
        left = self._held.get(epoch, 0) - count
        if left > 0:
            self._held[epoch] = left
        else:  # below zero where a signal handler that raised made somebody begin again
            self._held.pop(epoch, None)

    def settle_all(self) -> None:
        """No event is held any more."""
        self._held.clear()

    def begin(self) -> Flush:
        """Return a new request, which is done when all that is held now is settled."""
        request = Flush(self.epoch)
        self.epoch += 1
        self._open.append(request)
        return request

    def forget(self, request: Flush) -> None:
        """Stop keeping track of a request that nobody waits for any more."""
        self._open = [other for other in self._open if other is not request]

    def note_loss(self, epoch: int) -> None:
        """A record of this epoch was lost."""
        for request in self._open:
            request.lossless &= epoch > request.epoch

    def close_done(self) -> None:
        """Mark the requests that are done."""
        if not self._open:
            return
        first_open = next(iter(self._held), self.epoch)
        for request in self._open:
            request.done = request.epoch < first_open
        self._open = [request for request in self._open if not request.done]
