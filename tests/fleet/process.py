"""One process of the fleet: the real core, in a shell without threads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from logspire.core.backlog import Backlog
from logspire.core.ledger import Ledger, LossReason
from logspire.core.limits import CLOUDWATCH_LOGS
from logspire.core.retry import Outcome, Verdict, decide
from logspire.core.stream import Batch, Creation, Job

from .account import Answer, Operation
from .waits import Failure

if TYPE_CHECKING:
    from collections.abc import Generator

    from .account import Name
    from .fleet import Fleet

# As in logspire.delivery and logspire.options.
SENDERS: Final = 4
SEND_INTERVAL_S: Final = 5.0
MAX_QUEUE_BYTES: Final = 64 * 1024 * 1024
# Three lines of 200 bytes a second. They come together every six seconds, which is how often a
# process that logs all the time calls the service; one by one they would take 16 times the memory.
RECORD_EVERY_S: Final = 6.0
RECORD: Final = "x" * 3600

_OUTCOMES: Final = {
    Answer.DONE: Outcome(Verdict.DELIVERED),
    Answer.EXISTS: Outcome(Verdict.DELIVERED),
    Answer.MISSING: Outcome(Verdict.MISSING),
    Answer.THROTTLED: Outcome(Verdict.RETRY, "throttled"),
    Answer.UNREACHABLE: Outcome(Verdict.RETRY, "unreachable"),
}


def calls_of(job: Job, group: str) -> Generator[tuple[Operation, Name], Answer, Answer]:
    """Yield the calls of a job one by one, as ``CloudWatchLogs.perform``; return what decides."""
    name = (group, job.stream)
    if isinstance(job, Batch):
        return (yield Operation.PUT, name)
    answer = yield Operation.CREATE_STREAM, name
    if answer is not Answer.MISSING:
        return answer
    answer = yield Operation.CREATE_GROUP, (group,)
    if answer not in (Answer.DONE, Answer.EXISTS):
        return answer
    return (yield Operation.CREATE_STREAM, name)


@dataclass(frozen=True)
class Pending:
    """A job under way, and the calls that it may still take."""

    job: Job
    calls: Generator[tuple[Operation, Name], Answer, Answer]


class Lane:
    """What the simulation must know of one stream, beside what the core does."""

    def __init__(self) -> None:
        self.silent = True
        """Nothing was delivered yet."""
        self.failures = 0
        self.failed_puts = 0
        self.last_wait_s = 0.0


class Process:
    """A program that logs at a steady pace from ``start_s`` on, to each of its streams."""

    def __init__(self, fleet: Fleet, start_s: float, group: str, streams: list[str]) -> None:
        self.start_s = start_s
        self.ledger = Ledger()
        self.wake_s = start_s
        self.goal = 0
        """How many records must be settled, beside one delivered of each stream."""
        self.reached_s: float | None = None
        """When that was so."""
        self._fleet = fleet
        self._group = group
        self._lanes = {stream: Lane() for stream in streams}
        self._backlog = Backlog(
            CLOUDWATCH_LOGS, send_interval_s=SEND_INTERVAL_S, oversize="split", ledger=self.ledger
        )
        self._ticks = 0
        self._under_way = 0
        self._connected = True

    @property
    def settled(self) -> int:
        """How many records were delivered or lost."""
        return self.ledger.delivered + self.ledger.lost_so_far

    def logged_by(self, now_s: float) -> int:
        """Return how many records it has logged until then."""
        ticks = math.floor((now_s - self.start_s) / RECORD_EVERY_S) + 1
        return max(0, ticks) * len(self._lanes)

    def turn(self, now_s: float) -> None:
        """Do what the worker does when it wakes: take what came in, send what is due."""
        self._take(now_s)
        backlog = self._backlog
        backlog.shed(MAX_QUEUE_BYTES, now_s)
        while self._under_way < SENDERS and (job := backlog.next_job(now_s, int(now_s * 1000))):
            self._under_way += 1
            self._proceed(Pending(job, calls_of(job, self._group)), None, now_s)
        due_s = backlog.next_due_s() if self._under_way < SENDERS else math.inf
        # Records are taken when the backlog is looked at: nothing is due earlier on their account.
        self.wake_s = max(now_s, min(due_s, self._next_tick_s() + SEND_INTERVAL_S))
        self._fleet.wake(self)

    def answered(self, pending: Pending, answer: Answer, now_s: float) -> None:
        """Go on with a job whose last call has ended."""
        self._connected = answer is not Answer.UNREACHABLE
        if self._proceed(pending, answer, now_s):
            self.turn(now_s)

    def _next_tick_s(self) -> float:
        return self.start_s + self._ticks * RECORD_EVERY_S

    def _take(self, now_s: float) -> None:
        while (at_s := self._next_tick_s()) <= now_s:
            self._ticks += 1
            for stream in self._lanes:
                time_ms = int(at_s * 1000)
                self._backlog.add(stream, [time_ms], [RECORD], arrived_s=at_s, now_s=now_s)

    def _proceed(self, pending: Pending, answer: Answer | None, now_s: float) -> bool:
        """Make the next call of a job; return whether there was none, and it is resolved."""
        try:
            operation, name = next(pending.calls) if answer is None else pending.calls.send(answer)
        except StopIteration as end:
            self._under_way -= 1
            self._resolve(pending.job, end.value, now_s)
            return True
        self._fleet.call(self, pending, operation, name, connected=self._connected)
        return False

    def _resolve(self, job: Job, answer: Answer, now_s: float) -> None:
        lane, outcome = self._lanes[job.stream], _OUTCOMES[answer]
        jitter = self._jitter(lane, job, outcome.verdict)
        self._backlog.resolve(job, outcome, now_s=now_s, jitter=jitter)
        if outcome.verdict is not Verdict.DELIVERED:
            lane.failures += 1
            lane.failed_puts += isinstance(job, Batch)
        elif isinstance(job, Batch):
            lane.silent = False
            lane.failures = lane.failed_puts = 0
        if lane.failed_puts >= self._fleet.waits.tries:
            self._backlog.abandon(LossReason.SHUTDOWN, "tried often enough")
            lane.failures = lane.failed_puts = 0
        self._note_arrival(now_s)

    def _jitter(self, lane: Lane, job: Job, verdict: Verdict) -> float:
        """Return what makes the core wait as the rule of the fleet says."""
        creating = isinstance(job, Creation)
        core_longest_s = decide(
            verdict,
            events=0 if creating else 1,
            attempts=lane.failures,
            just_created=False,
            jitter=1.0,
        ).delay_s
        if not core_longest_s:
            return 0.0
        failure = Failure(lane.failures, creating, lane.last_wait_s, core_longest_s)
        lane.last_wait_s = self._fleet.waits.wait_s(failure, self._fleet.rng)
        return lane.last_wait_s / core_longest_s

    def _note_arrival(self, now_s: float) -> None:
        if self.reached_s is None and self.settled >= self.goal:
            if any(lane.silent for lane in self._lanes.values()):
                return
            self.reached_s = now_s
            self._fleet.one_more_there()
