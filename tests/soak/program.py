"""The program under test: threads that log, and a main thread that does what programs do."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections import defaultdict
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

from . import books, slots
from .actions import ACTIONS, Actions
from .audit import Auditor, Resources
from .children import Children
from .journal import Writer

if TYPE_CHECKING:
    from pathlib import Path

# All threads together. More would only fill the memory of the service, which keeps everything.
_RECORDS_PER_S: Final = 700.0
_LONGEST_BURST: Final = 400
_SIGNALS_EVERY_S: Final = 0.04
_LONGEST_DRAIN_S: Final = 60.0
# A call may hang as long as Logspire waits for an answer, 20 s; on a busy machine it ends later.
_LONGEST_CALL_S: Final = 60.0
_MAIN_BURST: Final = 10


@dataclass(frozen=True)
class Plan:
    """What to do."""

    directory: Path
    """Where it tells what it did; it ends when there is a file named ``stop``."""
    threads: int
    seed: int


def run(plan: Plan) -> None:
    """Log until told to stop; then deliver everything, and report."""
    bookkeeper = books.Bookkeeper(plan.directory)
    books.appoint(bookkeeper)
    handlers = slots.install(bookkeeper)
    writers: defaultdict[str, list[Writer]] = defaultdict(list)
    children = Children(plan.directory, handlers, bookkeeper)
    actions = Actions(plan.directory, handlers, writers, bookkeeper, children)
    for slot in slots.KEPT:
        writer = _new_writer(plan, slot, writers)
        writer.log(2)
        writer.close()
    actions.replace_configured()
    _drain(actions, bookkeeper)  # with it botocore is loaded
    _wait_for_threads(actions)
    before = Resources.now()
    auditor = Auditor(handlers, writers)
    auditor.start()
    stop = threading.Event()
    crowd = [_start_thread(plan, number, writers, stop) for number in range(plan.threads)]
    _take_signals(_new_writer(plan, "steady", writers))
    (plan.directory / "ready").touch()
    _act(plan, actions, writers)

    signal.setitimer(signal.ITIMER_REAL, 0)
    stop.set()
    for thread in crowd:
        thread.join()
    children.wait()
    gc.collect()  # now, as finalizers log
    drained_s = _drain(actions, bookkeeper)
    auditor.stop()
    _close(writers)
    _wait_for_threads(actions)
    after = Resources.now()
    report = {
        "before": before.as_dict(),
        "after": after.as_dict(),
        "actions": dict(actions.counts),
        "children": dict(children.ended),
        "audits": auditor.audits,
        "drained_s": drained_s,
        "slowest_s": dict(actions.slowest_s),
        "complaints": auditor.complaints + children.complaints + actions.complaints,
    }
    (plan.directory / "report.json").write_text(json.dumps(report))
    bookkeeper.leaving_s = time.monotonic()


def _new_writer(plan: Plan, slot: str, writers: dict[str, list[Writer]]) -> Writer:
    writer = Writer(plan.directory, slot, slots.logger_of(slot))
    writers[slot].append(writer)
    return writer


def _start_thread(
    plan: Plan, number: int, writers: dict[str, list[Writer]], stop: threading.Event
) -> threading.Thread:
    # Without a queue a call takes as long as the service: the main thread does that.
    own = [_new_writer(plan, slot, writers) for slot in slots.KEPT if slot != "queueless"]
    random = Random(f"{plan.seed}/{number}")
    pace_s = plan.threads / _RECORDS_PER_S

    def work() -> None:
        while not stop.is_set():
            burst = int(_LONGEST_BURST ** random.random())
            random.choice(own).log(burst)
            stop.wait(burst * pace_s * random.uniform(0.5, 1.5))

    thread = threading.Thread(target=work, name=f"thread-{number}")
    thread.start()
    return thread


def _take_signals(writer: Writer) -> None:
    inside: list[bool] = []

    def log(*_: Any) -> None:
        if not inside:  # a writer is for one at a time
            inside.append(True)
            writer.log()
            inside.clear()

    signal.signal(signal.SIGALRM, log)
    signal.setitimer(signal.ITIMER_REAL, _SIGNALS_EVERY_S, _SIGNALS_EVERY_S)


def _act(plan: Plan, actions: Actions, writers: dict[str, list[Writer]]) -> None:
    random = Random(plan.seed)
    own = [_new_writer(plan, slot, writers) for slot in slots.KEPT]
    odds = tuple(ACTIONS.values())
    parent = os.getppid()
    while not (plan.directory / "stop").exists() and os.getppid() == parent:
        name = random.choices(tuple(ACTIONS), odds)[0]
        actions.do(name, random)
        random.choice(own).log(random.randint(1, _MAIN_BURST))
        time.sleep(random.uniform(0, 0.4))


def _drain(actions: Actions, bookkeeper: books.Bookkeeper) -> float:
    """Deliver what is held: the service behaves again. Return how long it took.

    Handlers that ``dictConfig`` replaced are among them: it only closes those that it knows, and it
    knows none that was there at the ``dictConfig`` before the last.
    """
    since_s = time.monotonic()
    for handler in bookkeeper.handlers():
        if not handler.flush(_LONGEST_DRAIN_S) and handler.stats().held:
            actions.complaints.append(f"not drained after {_LONGEST_DRAIN_S} s: {handler.stats()}")
    for handler in bookkeeper.handlers():
        handler.close()
    actions.settle()  # what the soak itself keeps is not to be taken for a leak
    return time.monotonic() - since_s


def _close(writers: dict[str, list[Writer]]) -> None:
    for slot in writers.values():
        for writer in slot:
            writer.close()
    writers.clear()  # these as well


def _wait_for_threads(actions: Actions) -> None:
    """Wait until all threads but this one have ended: some sit in a call that hangs."""
    give_up_s = time.monotonic() + _LONGEST_CALL_S
    while threading.active_count() > 1 and time.monotonic() < give_up_s:
        time.sleep(0.05)
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            frame = sys._current_frames().get(thread.ident or 0)
            where = "".join(traceback.format_stack(frame)[-3:])
            actions.complaints.append(f"{thread.name} is left, in\n{where}")
    gc.collect()
