"""Logspire and watchtower side by side: what each costs, and what each loses.

Run as a program. Each figure is the median of a few rounds; in a round each library has a fresh
process of its own, one after the other. They log to the strict service (``logspire.testing``), a
process of its own too, which counts what arrived. Both handlers are used with their defaults.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from logspire.testing import RemoteCloudWatchLogs

LIBRARIES: Final = ("stream", "logspire", "watchtower")
GROUP: Final = "compare"
STREAM: Final = "compare"
STEADY_RECORDS: Final = 50_000
BURST_THREADS: Final = 16
BURST_RECORDS: Final = 100_000
SLOW_S: Final = 0.05

ROWS: Final = {
    "import_ms": ("import", "ms"),
    "constructor_ms": ("constructor", "ms"),
    "call_us": ("one logging call, while records are being sent", "µs"),
    "cpu_us": ("CPU for one record, logged and delivered", "µs"),
    "lost": (f"lost of {BURST_RECORDS} records, {BURST_THREADS} threads at once", ""),
    "lost_slow": (f"the same, if each answer takes {SLOW_S * 1e3:.0f} ms", ""),
}


# Nothing but logging is imported before: what a program would have to import is part of the time.
START: Final = """
import logging, time
began_s = time.perf_counter()
import {library}
imported_s = time.perf_counter()
handler = {library}.CloudWatchLogHandler("compare", "compare")
made_s = time.perf_counter()
handler.close()
print('{{"import_ms": %f, "constructor_ms": %f}}'
      % (1e3 * (imported_s - began_s), 1e3 * (made_s - imported_s)))
"""


# -- in a fresh process --------------------------------------------------------------------------


def handler_of(library: str) -> logging.Handler:
    if library == "stream":
        return logging.StreamHandler(Path(os.devnull).open("w", encoding="utf-8"))
    module = importlib.import_module(library)
    made: logging.Handler = module.CloudWatchLogHandler(GROUP, STREAM)
    return made


def logger_with(handler: logging.Handler) -> logging.Logger:
    logger = logging.getLogger("compare")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return logger


def steady(library: str) -> dict[str, float]:
    """Time calls of one thread, and the CPU of the whole process until all is delivered."""
    handler = handler_of(library)
    logger = logger_with(handler)
    logger.info("the first record pays for what is made only once")
    handler.flush()
    cpu_s, began_s = time.process_time(), time.perf_counter()
    for number in range(STEADY_RECORDS):
        logger.info("order %d of %s was paid", number, "somebody")
    logged_s = time.perf_counter()
    handler.flush()
    cpu_s = time.process_time() - cpu_s
    handler.close()
    return {"call_us": 1e6 * (logged_s - began_s) / STEADY_RECORDS, "cpu_s": cpu_s}


def burst(library: str) -> dict[str, float]:
    """Log from many threads, all at once, as the first thing that happens."""
    handler = handler_of(library)
    logger = logger_with(handler)
    barrier = threading.Barrier(BURST_THREADS)

    def work(thread: int) -> None:
        barrier.wait()
        for number in range(BURST_RECORDS // BURST_THREADS):
            logger.info("record %d of thread %d", number, thread)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(BURST_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.flush()
    handler.close()
    return {}


# -- the comparison ------------------------------------------------------------------------------


def measure(service: RemoteCloudWatchLogs, library: str) -> dict[str, float]:
    """Do one round of one library."""
    figures: dict[str, float] = {}
    if library != "stream":
        figures |= in_fresh_process("-c", START.format(library=library))
        service.reset()
    figures |= in_fresh_process(__file__, "--task", "steady", library)
    arrived = len(set(service.messages(GROUP, STREAM))) - 1  # but for the first record
    if library == "stream":
        arrived = STEADY_RECORDS
    figures["cpu_us"] = 1e6 * figures.pop("cpu_s") / max(1, arrived)
    if library != "stream":
        service.reset()
        figures["lost"] = lost_in_burst(service, library)
        service.reset()
        service.misbehave("slow", seconds=SLOW_S)
        figures["lost_slow"] = lost_in_burst(service, library)
    service.reset()
    return figures


def lost_in_burst(service: RemoteCloudWatchLogs, library: str) -> int:
    in_fresh_process(__file__, "--task", "burst", library)
    return BURST_RECORDS - len(set(service.messages(GROUP, STREAM)))


def in_fresh_process(*arguments: str) -> dict[str, float]:
    command = [sys.executable, *arguments]
    # watchtower tells of lost records by warnings; the service counts what came.
    child = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=600
    )
    figures: dict[str, float] = json.loads(child.stdout)
    return figures


def table(rounds: dict[str, list[dict[str, float]]]) -> str:
    lines = [
        "| | `StreamHandler` on /dev/null | logspire | watchtower | watchtower : logspire |",
        "|---|---|---|---|---|",
    ]
    for key, (name, unit) in ROWS.items():
        medians: dict[str, float] = {}
        for library, figures in rounds.items():
            if key in figures[0]:
                medians[library] = statistics.median(one[key] for one in figures)
        cells = [shown(medians[lib], unit) if lib in medians else "" for lib in LIBRARIES]
        ours, theirs = medians["logspire"], medians["watchtower"]
        cells.append(f"{theirs / ours:.3g}" if ours else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def shown(value: float, unit: str) -> str:
    return f"{value:.0f}" if not unit else f"{value:.3g} {unit}"


def compare(rounds: int) -> None:
    # Here and not above: importing Logspire is one of the things to be timed.
    from logspire.demo import local_service  # noqa: PLC0415
    from logspire.testing import RemoteCloudWatchLogs  # noqa: PLC0415

    results: dict[str, list[dict[str, Any]]] = {library: [] for library in LIBRARIES}
    with local_service() as url:
        service = RemoteCloudWatchLogs(url)
        for number in range(rounds):
            for library in LIBRARIES:
                results[library].append(measure(service, library))
                print(f"round {number + 1}: {library} {results[library][-1]}", file=sys.stderr)
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs, medians of {rounds} rounds\n")
    print(table(results))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--task", choices=["steady", "burst"], help=argparse.SUPPRESS)
    parser.add_argument("library", nargs="?", choices=LIBRARIES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task = {"steady": steady, "burst": burst}[options.task]
        print(json.dumps(task(options.library)))
    else:
        compare(options.rounds)


if __name__ == "__main__":
    main()
