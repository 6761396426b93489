"""What a run found, kept as JSON: tables and the picture are made of that, not measured again."""

from __future__ import annotations

import json
import os
import platform
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from .table import Results


class Run(NamedTuple):
    """A run of the benchmark."""

    about: dict[str, Any]
    """When and where, and of what."""
    results: Results


def run_of_today(results: Results, rounds: int) -> Run:
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
        "rounds": rounds,
        "watchtower": version("watchtower"),
    }
    return Run(about, results)


def save(run: Run, file: Path) -> None:
    """Write a run, a line for each subject of each row."""
    found = [
        {"row": row, "setting": setting, "subject": name, "rounds": rounds}
        for (row, setting, name), rounds in run.results.items()
    ]
    lines = ",\n".join(f"  {json.dumps(one)}" for one in found)
    file.write_text(
        f'{{\n"about": {json.dumps(run.about)},\n"results": [\n{lines}\n]\n}}\n', encoding="utf-8"
    )


def load(file: Path) -> Run:
    """Return what `save` wrote."""
    document = json.loads(file.read_text(encoding="utf-8"))
    results = {
        (one["row"], one["setting"], one["subject"]): one["rounds"] for one in document["results"]
    }
    return Run(document["about"], results)
