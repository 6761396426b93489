"""What the shell delivers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from logspire.core.retry import Outcome
    from logspire.core.stream import Job


class Destination(Protocol):
    """A service that takes batches of events.

    `perform` runs on several threads at once.
    """

    @property
    def name(self) -> str:
        """What to call it in a message to people."""

    def perform(self, job: Job) -> Outcome:
        """Do one call, and only that; blocks for as long as its time-outs allow, never raises."""

    def has_chores(self) -> bool:
        """Whether `tend` has something to do, or is doing it."""

    def tend(self) -> None:
        """Do what may wait until an answer is handed over; called after each job. Never raises."""

    def limit_wait(self, seconds: float) -> None:
        """Let calls that start from now on give up after about ``seconds``."""

    def close(self) -> None:
        """Free connections; a later `perform` opens new ones."""

    def after_fork_in_child(self) -> None:
        """Forget what must not be shared with the parent: connections, locks."""
