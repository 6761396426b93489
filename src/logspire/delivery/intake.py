"""The hand-over from the threads that log to the worker, bounded in bytes.

What a logging call may do here is narrow, because it can be interrupted at any instruction: by
another thread, by a signal handler that logs as well or raises (a time-out in a task queue), by a
finalizer that the garbage collector runs. So:

* A record is in with one ``deque.append``, and usually without a lock. Many threads that log would
  queue for one: the first that has to wait is given it while another runs, which then waits too,
  and from then on each record costs a switch of threads.
* The bound is on what is here: each thread may have one record more in its hands. Where the count
  of bytes is interrupted, or (without the GIL) raced, it is wrong until the worker next takes
  everything, and the worker asleep until the next record, flush or exit at worst.
* One lock guards the rest: taking, waking, making room. It is held for a few instructions that call
  nothing foreign and do no I/O, and is re-entrant: who interrupts its holder on the same thread
  goes through.
"""

from __future__ import annotations

import contextlib
import math
from collections import deque
from itertools import repeat, starmap

from logspire.core.notice import MAX_STREAMS
from logspire.core.value import Value
from logspire.delivery.threads import RLock
from logspire.delivery.wakeup import Wakeup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal

    from logspire.delivery.clock import Clock

    QueueFull = Literal["drop_oldest", "drop_newest", "block"]

QUEUE_FULL: Final[tuple[QueueFull, ...]] = ("drop_oldest", "drop_newest", "block")
Record = tuple[str, int, str]
"""Stream name, milliseconds since 1970, formatted message."""
Dropped = tuple[int, int, int]
"""How many records, and the times of the first and the last of them."""

# What CPython 3.10-3.13 takes for a record here beside its text; rounded up. With the worker it
# takes less.
_OBJECT_BYTES: Final = 112

# The worker keeps this part of the bound free for the hand-over, so that "drop_oldest" can drop
# what is oldest (the worker holds that) instead of what happens to be in the hand-over.
HANDOVER_PART: Final = 1 / 8


class Taken(Value):
    """What the worker took."""

    records: list[Record]
    since_s: float
    """Monotonic time at which the first of them came in."""
    dropped: int
    """Records dropped here since the last time."""
    dropped_from: dict[str, Dropped]
    """The same by stream, for as many streams as are told of it."""
    urgent: bool
    """One of them is not to wait."""


class Intake:
    """Records between the logging call and the worker.

    Args:
        bound_bytes: most bytes of memory held, here and by the worker together.
        policy: what to do with a record over it.
        wake_bytes: wake the worker when so many bytes are here.
        wake_count: or so many records, at the latest.
        send_interval_s: how long a record may wait, in seconds.
        clock: where the time comes from.
    """

    def __init__(
        self,
        *,
        bound_bytes: int,
        policy: QueueFull,
        wake_bytes: int,
        wake_count: int,
        send_interval_s: float,
        clock: Clock,
    ) -> None:
        self.lock = RLock()
        self.wakeup = Wakeup()
        self.beyond_bytes = 0
        """Bytes that the worker holds; it keeps this up to date."""
        self.waiting_bytes = 0
        """Bytes that wait here."""
        self.ignored = 0
        """Records left out because delivery itself logged them."""
        self.dropped = 0
        """Records dropped here that the worker has not entered in the books yet."""
        self._bound_bytes = bound_bytes
        self._policy = policy
        # Records are not counted but weighed, as none weighs less than nothing.
        self._wake_bytes = min(wake_bytes, bound_bytes // 4, wake_count * memory_bytes(""))
        self._wake_at_bytes: float = self._wake_bytes
        """Infinite once it is woken: it will look."""
        self._send_interval_s = send_interval_s
        self._clock = clock
        self._records: deque[Record] = deque()
        self._taken = 0
        self._dropped_ever = 0
        self._dropped_from: dict[str, Dropped] = {}
        self._since_s = 0.0
        self._untouched = True
        self._wake_on_first = True
        self._urgent = False
        self._waiting: deque[tuple[int, Wakeup]] = deque()

    def put(self, record: Record, *, urgent: bool = False) -> bool:
        """Take over a record, or drop one as the policy says.

        Returns:
            ``False`` if there is no room and the policy is to block: `wait_for_room`, try again.
        """
        cost = record[2].__sizeof__() + _OBJECT_BYTES  # memory_bytes, without the call
        if self.waiting_bytes + self.beyond_bytes + cost > self._bound_bytes:
            with self.lock:
                fits = self._make_room(cost)
                if not fits and self._policy != "block":
                    self.drop(record)
            if not fits:
                return self._policy != "block"
        # No call until `append` has returned, so that with the GIL nothing else runs: one step.
        self.waiting_bytes = waiting_bytes = self.waiting_bytes + cost
        self._records.append(record)
        # Only now: who takes says first that there is nothing yet, and then looks.
        if self._untouched:
            self._note_first()
        if urgent or waiting_bytes >= self._wake_at_bytes:
            self._wake(urgent=urgent)
        return True

    def drop(self, record: Record) -> None:
        """Count a record that there is no room for, as accepted and lost."""
        with self.lock:
            self._count_dropped(record)
            self._wake()

    def take(self) -> Taken:
        """Remove and return everything.

        A finalizer that the garbage collector runs in the middle of it may log, and so enter `put`:
        each statement leaves the counts such that this does no harm.
        """
        with self.lock:
            # Both before looking: a record that comes in afterwards sees them.
            self._untouched = True
            self._wake_at_bytes = self._wake_bytes
            since_s, urgent = self._since_s, self._urgent
            self._urgent = False
            cost, count = self.waiting_bytes, len(self._records)  # in this order one step, as above
            # Into a list that is there, so that what was popped is not lost if the finalizer has
            # made room meanwhile, and there are fewer.
            records: list[Record] = []
            with contextlib.suppress(IndexError):
                records.extend(starmap(self._records.popleft, repeat((), count)))
            self._taken += len(records)
            # Whatever was interrupted: where nothing is left, nothing is counted.
            # (One step: CPython 3.10 lets others run at a jump as well, and all at a call.)
            self.waiting_bytes = (self.waiting_bytes - cost) * (not not self._records)  # noqa: SIM208
            self.beyond_bytes += cost
            dropped, self.dropped = self.dropped, 0
            dropped_from, self._dropped_from = self._dropped_from, {}
            return Taken(records, since_s, dropped, dropped_from, urgent)

    def arm(self, asleep_for_s: float) -> None:
        """The worker is about to sleep: decide whether the next record must wake it.

        It need not if the worker will wake by itself before that record is due.
        """
        with self.lock:
            self._wake_on_first = asleep_for_s > self._send_interval_s
            if self._wake_on_first and not self._untouched:
                self._wake()

    def accepted(self) -> int:
        """Return how many records came in, dropped ones included."""
        with self.lock:
            return self._taken + len(self._records) + self._dropped_ever

    def is_locked_here(self) -> bool:
        """Whether the calling thread holds the lock, in a frame further down."""
        return is_owned(self.lock)

    def is_empty(self) -> bool:
        """Whether the worker has taken everything."""
        return not self._records and not self.dropped

    def held_bytes(self) -> int:
        """Return the bytes held, here and by the worker."""
        with self.lock:
            return self.waiting_bytes + self.beyond_bytes

    def wait_for_room(self, record: Record, timeout_s: float) -> None:
        """Block until there is room for the record, at most ``timeout_s`` seconds.

        Room that came free before this call is noticed, as the worker is made to look again.
        """
        gate = Wakeup()
        place = (memory_bytes(record[2]), gate)
        self._waiting.append(place)
        try:
            self.wakeup.set()
            gate.wait(timeout_s)
        finally:
            with contextlib.suppress(ValueError):  # it was let go on
                self._waiting.remove(place)

    def has_waiters(self) -> bool:
        """Whether somebody waits for room."""
        return bool(self._waiting)

    def set_beyond(self, beyond_bytes: int) -> None:
        """Note what the worker holds now, and let those go on who wait for room."""
        with self.lock:
            self.beyond_bytes = beyond_bytes
            held = self.waiting_bytes + beyond_bytes
            while self._waiting and (held + self._waiting[0][0] <= self._bound_bytes or not held):
                cost, gate = self._waiting.popleft()
                held += cost
                gate.set()

    def _make_room(self, cost: int) -> bool:
        room = self._bound_bytes - self.beyond_bytes - cost
        if self._policy == "block":
            # A record larger than the whole queue goes through alone, rather than never.
            return self.waiting_bytes + self.beyond_bytes == 0
        if self._policy == "drop_oldest" and room >= 0:
            while self._records and self.waiting_bytes > room:
                oldest = self._records.popleft()
                cost_of_oldest = memory_bytes(oldest[2])  # a call within `-=` would tear it apart
                self.waiting_bytes -= cost_of_oldest
                self._count_dropped(oldest)
        return self.waiting_bytes <= room

    def _count_dropped(self, record: Record) -> None:
        self.dropped += 1
        self._dropped_ever += 1
        stream, time_ms, _ = record
        known = self._dropped_from.get(stream)
        if known is not None:
            count, first_ms, last_ms = known
            self._dropped_from[stream] = count + 1, min(first_ms, time_ms), max(last_ms, time_ms)
        elif len(self._dropped_from) < MAX_STREAMS:
            self._dropped_from[stream] = 1, time_ms, time_ms

    def _note_first(self) -> None:
        with self.lock:
            if self._untouched:
                self._since_s = self._clock.monotonic_s()
                if self._wake_on_first:
                    self._wake()
                self._untouched = False

    def _wake(self, *, urgent: bool = False) -> None:
        with self.lock:
            self._urgent |= urgent
            if self._wake_at_bytes < math.inf:
                # In this order: a signal handler that raises in between costs a second call.
                self.wakeup.set()
                self._wake_at_bytes = math.inf


def memory_bytes(text: str) -> int:
    """Return the bytes of memory that a record with this text takes here, rounded up."""
    # What sys.getsizeof asks as well, at a tenth of its cost.
    return text.__sizeof__() + _OBJECT_BYTES


def is_owned(lock: object) -> bool:
    """Whether the calling thread holds a re-entrant lock."""
    ask = getattr(lock, "_is_owned", None)
    return ask is not None and bool(ask())
