"""Many processes on one account: what happens to all of them, in the order of time."""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .account import Account, Operation, Quotas
from .process import Process
from .waits import LOGSPIRE, Waits

if TYPE_CHECKING:
    from .account import Answer, Name, Outage
    from .process import Pending

LONGEST_S: Final = 3600.0
"""A fleet is given up that takes longer to reach its goal."""


@dataclass(frozen=True)
class Plan:
    """A fleet, its account, and its way to wait."""

    processes: int
    quotas: Quotas = field(default_factory=Quotas)
    waits: Waits = LOGSPIRE
    start_within_s: float = 10.0
    streams: int = 1
    """Log streams of each process."""
    group_of: int = 1_000_000
    """How many processes share a log group."""
    shared_stream: bool = False
    """All processes of a group write to one log stream."""
    created: bool = False
    """Groups and streams are there beforehand."""
    seed: int = 1


class Fleet:
    """Runs the processes of a plan. The same plan gives the same run."""

    def __init__(self, plan: Plan) -> None:
        self.now_s = 0.0
        self.account = Account(plan.quotas)
        self.waits = plan.waits
        self.rng = random.Random(plan.seed)
        self._agenda: list[tuple[float, int, Process, tuple[Pending, Answer] | None]] = []
        self._ties = itertools.count()
        self.processes = [self._new(plan, number) for number in range(plan.processes)]
        self._not_there = len(self.processes)

    def run_until_first_delivery(self) -> None:
        """Go on until something of each stream was delivered."""
        self._run_until_there()

    def run_until_caught_up(self) -> None:
        """Go on until all that was logged until now is delivered, or lost."""
        self._not_there = len(self.processes)
        for process in self.processes:
            process.goal, process.reached_s = process.logged_by(self.now_s), None
        self._run_until_there()

    def run(self, seconds: float) -> None:
        """Go on for a time."""
        until_s = self.now_s + seconds
        while self._agenda[0][0] <= until_s:
            self._step()
        self.now_s = until_s

    def run_through(self, outage: Outage, seconds: float) -> None:
        """Go on through an outage that begins now."""
        self.account.suffer(outage, self.now_s + seconds)
        self.run(seconds)

    # -- what processes ask for -------------------------------------------------------------

    def wake(self, process: Process) -> None:
        """Let a process have its turn at its ``wake_s``."""
        heapq.heappush(self._agenda, (process.wake_s, next(self._ties), process, None))

    def call(
        self,
        process: Process,
        pending: Pending,
        operation: Operation,
        name: Name,
        *,
        connected: bool,
    ) -> None:
        """Make a call; the process hears of its end."""
        answer, after_s = self.account.call(operation, name, self.now_s, connected=connected)
        end_s = self.now_s + after_s * self.rng.uniform(0.9, 1.1)
        heapq.heappush(self._agenda, (end_s, next(self._ties), process, (pending, answer)))

    def one_more_there(self) -> None:
        """Enter that a process has come to its goal."""
        self._not_there -= 1

    # -- time -------------------------------------------------------------------------------

    def _run_until_there(self) -> None:
        until_s = self.now_s + LONGEST_S
        while self._not_there and self.now_s < until_s:
            self._step()

    def _step(self) -> None:
        self.now_s, _, process, ended = heapq.heappop(self._agenda)
        if ended is not None:
            process.answered(*ended, self.now_s)
        elif self.now_s == process.wake_s:  # otherwise its turn was put forward, or off
            process.turn(self.now_s)

    def _new(self, plan: Plan, number: int) -> Process:
        group = f"group-{number // plan.group_of}"
        streams = [f"{number}/{stream}" for stream in range(plan.streams)]
        if plan.shared_stream:
            streams = ["shared"]
        if plan.created:
            self.account.create((group,))
            for stream in streams:
                self.account.create((group, stream))
        process = Process(self, self.rng.uniform(0.0, plan.start_within_s), group, streams)
        self.wake(process)
        return process
