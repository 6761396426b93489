"""Starts the program under test. Apart from it for the sake of one line that has to come first."""

from __future__ import annotations

import atexit
import json
import sys
from pathlib import Path

from .books import write_at_exit


def main() -> None:
    """Run the program, with what ``python -m tests.soak`` says about it."""
    # Exit functions run last in, first out. Registered before logging and Logspire are imported,
    # this one sees what became of every record.
    if "logging" in sys.modules:
        raise RuntimeError("logging is imported already")
    atexit.register(write_at_exit)

    from .program import Plan, run  # noqa: PLC0415 - see above

    plan = json.loads(sys.argv[1])
    run(Plan(Path(plan["directory"]), plan["threads"], plan["seed"]))


if __name__ == "__main__":
    main()
