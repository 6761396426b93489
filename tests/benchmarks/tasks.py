"""What is measured, each in a fresh process: ``python -m tests.benchmarks.tasks TASK '{…}'``.

A task is told a subject and its parameters, and prints its figures as JSON: among them ``sent``,
the number of records logged, which the sink's count must reach.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import resource
import sys
import threading
import time
from itertools import cycle
from operator import sub
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .asking import ask
from .formatting import format_all
from .lines import LAYOUT, ordinary_lines
from .subjects import Subject, loggers_with, make

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence

Figures = dict[str, float]
Share = tuple["Sequence[logging.Logger]", "Sequence[str]", range]

_SINK: Final = os.environ.get("AWS_ENDPOINT_URL", "")
_SLOW_NS: Final = 5_000_000
_MIB: Final = 1024 * 1024


def log(
    name: str,
    *,
    records: int,
    threads: int = 1,
    streams: int = 1,
    message_bytes: int | None = None,
    is_warm: bool = True,
) -> Figures:
    """Measure the time of a call, the CPU of the whole process, the time until all is delivered.

    ``call_us`` is the time in which all threads have logged all records, divided by the records;
    ``switches`` is how often a thread had to wait meanwhile, for a thousand records.
    """
    subject = make(name, "{logger_name}" if streams > 1 else "benchmark")
    loggers = loggers_with(subject, streams)
    lines = ordinary_lines(message_bytes)
    warm = warm_up(subject, loggers) if is_warm else 0
    work = shares(loggers, lines, range(warm, warm + records), threads)
    switches = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    cpu_s, began_s = time.process_time(), time.perf_counter()
    if threads == 1:
        log_all(*work[0])
    else:
        in_threads(work)
    logged_s = time.perf_counter()
    switches = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - switches
    subject.flush()
    cpu_s = time.process_time() - cpu_s
    subject.close()
    delivery_s = time.perf_counter() - began_s
    records = sum(len(numbers) for _, _, numbers in work)
    return {
        "sent": warm + records,
        "records": records,
        "call_us": 1e6 * (logged_s - began_s) / records,
        "switches": 1e3 * switches / records,
        "cpu_s": cpu_s,
        "delivery_s": delivery_s,
    }


def warm_up(subject: Subject, loggers: Sequence[logging.Logger]) -> int:
    """Pay for what is made only once: client, connection, streams. Returns how many it logged."""
    filters = list(subject.handler.filters)
    for number, logger in enumerate(loggers):
        logger.info(LAYOUT, "the first record", number)
    subject.flush()
    # Each flush of watchtower leaves one more filter, for which all later records would pay.
    subject.handler.filters[:] = filters
    return len(loggers)


def log_all(loggers: Sequence[logging.Logger], lines: Sequence[str], numbers: range) -> None:
    infos = [logger.info for logger in loggers]
    for number, info, line in zip(numbers, cycle(infos), cycle(lines)):
        info(LAYOUT, line, number)


def shares(
    loggers: Sequence[logging.Logger], lines: Sequence[str], numbers: range, threads: int
) -> list[Share]:
    """Return what each thread logs: numbers of its own, and lines that others log much later."""
    length, step = len(numbers) // threads, len(lines) // threads
    return [
        (loggers, [*lines[n * step :], *lines[: n * step]], numbers[n * length : (n + 1) * length])
        for n in range(threads)
    ]


def in_threads(work: Sequence[Share]) -> None:
    threads = [threading.Thread(target=log_all, args=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def pace(
    name: str, *, records: int, per_s: int, message_bytes: int, is_frozen: bool = False
) -> Figures:
    """Measure each call of a thread that logs at a steady rate and sleeps in between.

    A stall may fall between two calls, where no call shows it: so the delay of the end of each
    call behind its schedule is measured too (it includes how late the system ends a sleep).

    ``is_frozen``: what is there after the first record is left out of garbage collections.
    """
    subject = make(name)
    loggers = loggers_with(subject)
    lines = ordinary_lines(message_bytes)
    warm = warm_up(subject, loggers)
    if is_frozen:
        gc.freeze()
    info, now_ns, sleep = loggers[0].info, time.perf_counter_ns, time.sleep
    calls_ns, late_ns = [0] * records, [0] * records
    began_ns, interval_ns = now_ns() + 1_000_000, 1_000_000_000 // per_s
    for index, line in zip(range(records), cycle(lines)):
        due_ns = began_ns + index * interval_ns
        if (wait_ns := due_ns - now_ns()) > 0:
            sleep(wait_ns / 1e9)
        call_ns = now_ns()
        info(LAYOUT, line, warm + index)
        done_ns = now_ns()
        calls_ns[index], late_ns[index] = done_ns - call_ns, done_ns - due_ns
    subject.flush()
    subject.close()
    calls_ns.sort()
    late_ns.sort()
    return {
        "sent": warm + records,
        "records": records,
        "median_us": calls_ns[records // 2] / 1e3,
        "p999_us": calls_ns[records * 999 // 1000] / 1e3,
        "max_ms": calls_ns[-1] / 1e6,
        "slow_calls": sum(call_ns > _SLOW_NS for call_ns in calls_ns),
        "late_p999_ms": late_ns[records * 999 // 1000] / 1e6,
    }


def hold(name: str, *, records: int, message_bytes: int, settle_s: float) -> Figures:
    """Measure the memory that queued records add to the process, while no call is answered.

    The difference of resident memory, a while after the last record: with all that a handler
    keeps beside the records, such as the bodies of calls under way.
    """
    subject = make(name)
    loggers = loggers_with(subject)
    lines = ordinary_lines(message_bytes)
    warm = warm_up(subject, loggers)
    ask(_SINK, "hold")
    gc.collect()
    before = resident_bytes()
    log_all(loggers, lines, range(warm, warm + records))
    time.sleep(settle_s)
    added = resident_bytes() - before
    ask(_SINK, "release")
    subject.close()
    return {"sent": warm + records, "records": records, "record_bytes": added / records}


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def close(name: str, *, records: int, message_bytes: int, text_bytes: int) -> Figures:
    """Measure ``close()`` with the backlog of an outage: calls are answered again from then on.

    For Logspire the bound on memory is raised: by default it would not hold so much text.
    """
    options: dict[str, Any] = {"max_queue_size": 4 * text_bytes} if name == "logspire" else {}
    subject = make(name, **options)
    loggers = loggers_with(subject)
    lines = ordinary_lines(message_bytes)
    warm = warm_up(subject, loggers)
    ask(_SINK, "hold")
    log_all(loggers, lines, range(warm, warm + records))
    ask(_SINK, "release")
    began_s = time.perf_counter()
    subject.close()
    close_s = time.perf_counter() - began_s
    there = ask(_SINK, "report")["distinct"]  # and not what comes after close() has returned
    return {
        "sent": warm + records,
        "records": records,
        "close_s": close_s,
        "waiting_mib": text_bytes / _MIB,
        "missing": warm + records - there,
    }


def idle(name: str, *, records: int, seconds: float) -> Figures:
    """Measure what the other threads do while nothing is logged: how often they run, and their CPU.

    The count begins a while after the flush: what follows an answer may be done in peace.
    """
    subject = make(name)
    loggers = loggers_with(subject)
    warm = warm_up(subject, loggers)
    log_all(loggers, ordinary_lines(), range(warm, warm + records))
    subject.flush()
    time.sleep(seconds / 10)
    before = turns()
    time.sleep(seconds)
    after = turns()
    subject.close()
    ran = [Turn(*after[thread]) for thread in after if thread not in before]
    ran += [turn.until(after.get(thread)) for thread, turn in before.items()]
    return {
        "sent": warm + records,
        "wake_ups": sum(turn.times for turn in ran),
        "cpu_ms": sum(turn.cpu_ns for turn in ran) / 1e6,
    }


class Turn(NamedTuple):
    """How often a thread has run, and for how long."""

    times: int
    cpu_ns: int

    def until(self, later: Turn | None) -> Turn:
        """Return the difference; a thread that is gone ran at least once more."""
        return Turn(1, 0) if later is None else Turn(*map(sub, later, self))


def turns() -> dict[int, Turn]:
    """Return those of each thread but this one; Linux counts a turn by how it ended."""
    found = {}
    for thread in threading.enumerate():
        if thread is threading.current_thread() or thread.ident is None:
            continue
        with contextlib.suppress(OSError):  # it has ended meanwhile
            status = Path(f"/proc/self/task/{thread.native_id}/status").read_text(encoding="utf-8")
            times = sum(int(count) for count in re.findall(r"ctxt_switches:\s*(\d+)", status))
            clock = time.pthread_getcpuclockid(thread.ident)
            found[thread.ident] = Turn(times, time.clock_gettime_ns(clock))
    return found


def main() -> None:
    task, name, parameters = sys.argv[1:]
    tasks: dict[str, Callable[..., Figures]] = {
        "log": log,
        "pace": pace,
        "hold": hold,
        "close": close,
        "idle": idle,
        "format": format_all,
    }
    print(json.dumps(tasks[task](name, **json.loads(parameters))))


if __name__ == "__main__":
    main()
