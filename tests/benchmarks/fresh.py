"""Runs a measurement in a fresh process, and adds what the sink counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from math import ceil
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .asking import ROOT, ask
from .subjects import SHIPPING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .tasks import Figures

_LONGEST_S: Final = 900
_BATCH_BYTES: Final = 1_048_576
_BATCH_EVENTS: Final = 10_000
_EVENT_BYTES: Final = 26

# Nothing but logging is imported before: what a program would have to import is part of the time.
_START: Final = """
import json, logging, time
began_s = time.perf_counter()
import {library}
imported_s = time.perf_counter()
handler = {library}.CloudWatchLogHandler("benchmark", "benchmark")
made_s = time.perf_counter()
handler.close()
figures = {{"import_ms": imported_s - began_s, "constructor_ms": made_s - imported_s}}
print(json.dumps({{"sent": 0}} | {{name: 1e3 * time_s for name, time_s in figures.items()}}))
"""


class Measurement(NamedTuple):
    """One task, for all subjects that it makes sense for."""

    row: str
    task: str
    subjects: tuple[str, ...]
    parameters: Mapping[str, Any]
    delay_s: float = 0.0
    setting: int = 0
    """Where a row grows: how far."""


def measure(sink: str, name: str, measurement: Measurement) -> Figures:
    """Measure one subject once."""
    ask(sink, f"reset?delay_s={measurement.delay_s}")
    figures = _run(sink, name, measurement)
    if name in SHIPPING:
        figures |= _arrived(ask(sink, "report"))
        figures["lost"] = figures["sent"] - figures["arrived"]
    if "cpu_s" in figures:
        # Those that arrived bear the price of all.
        delivered = figures["records"] - figures.get("lost", 0)
        figures["cpu_us"] = 1e6 * figures["cpu_s"] / max(1, delivered)
    return figures


def _run(sink: str, name: str, measurement: Measurement) -> Figures:
    if measurement.task == "start":
        # First one that nobody measures: it writes .pyc files, where there were none.
        _python(sink, "-c", f"import {name}")
        command = ["-c", _START.format(library=name)]
    else:
        parameters = json.dumps(dict(measurement.parameters))
        command = ["-m", "tests.benchmarks.tasks", measurement.task, name, parameters]
    done = _python(sink, *command)
    if done.returncode:
        raise RuntimeError(f"{name}, {measurement.row}: status {done.returncode}\n{done.stderr}")
    figures: Figures = json.loads(done.stdout)
    return figures


def _python(sink: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "AWS_ENDPOINT_URL": sink,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    # With it, every import would compile what it loads.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        capture_output=True,
        cwd=ROOT,
        env=environment,
        text=True,
        timeout=_LONGEST_S,
    )


def _arrived(report: dict[str, Any]) -> Figures:
    events, calls = report["events"], report["calls"]
    needed = max(
        ceil(events / _BATCH_EVENTS),
        ceil((report["text_bytes"] + _EVENT_BYTES * events) / _BATCH_BYTES),
    )
    return {
        "arrived": report["distinct"],
        "duplicates": events - report["distinct"] - report["strangers"],
        "strangers": report["strangers"],
        "wire_bytes": report["wire_bytes"] / max(1, events),
        "calls": sum(calls.values()),
        "events_per_batch": events / max(1, len(report["batches"])),
        "puts_for_one": len(report["batches"]) / max(1, needed),
        "describes": sum(count for name, count in calls.items() if name.startswith("Describe")),
    } | {f"calls of {name}": count for name, count in calls.items()}
