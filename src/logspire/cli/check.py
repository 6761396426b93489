"""``python -m logspire check``: whether a record would be delivered from here, and if not, why."""

from __future__ import annotations

import argparse
import json
import logging
import math
import queue
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from logspire import __version__
from logspire.cli import keywords
from logspire.cli.examination import Examination
from logspire.cli.step import FAILED, NAMES, OK, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

_DELIVERS, _FAILS, _NOT_PROVED, _INTERRUPTED = 0, 1, 3, 130
_TIMEOUT_S: Final = 10.0
_LONGEST_TIMEOUT_S: Final = 86_400
_FORMAT: Final = 1
_NAME_CHARS: Final = max(map(len, NAMES)) + 2
_STATUS_CHARS: Final = len("unknown") + 2
_WIDTH_CHARS: Final = 100


def add_command(commands: Any) -> None:
    """Add ``check`` to the subcommands of a parser."""
    about = "send a test event as the handler would, and say what does not work"
    parser: argparse.ArgumentParser = commands.add_parser(
        "check",
        help=about,
        usage="python -m logspire check [--log-group-name NAME] [OPTION ...]",
        description=f"{about.capitalize()}. The event goes to the log stream that the template "
        "yields, with program_name logspire-check; what is missing is created, as the handler "
        "does. Nothing is deleted.",
        epilog="Exit status: 0 if the event was stored and nothing failed, 1 if something failed, "
        "2 for a wrong option, 3 if nothing failed but nothing was sent, 130 after Ctrl-C.",
        allow_abbrev=False,
    )
    keywords.add_keywords(parser)
    keywords.add_client_keywords(parser)
    how = parser.add_argument_group("the check")
    how.add_argument(
        "--no-send",
        action="store_true",
        help="send no event and create nothing: only look, by reading from the log stream",
    )
    how.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=_TIMEOUT_S,
        help=f"for all of it (default: {_TIMEOUT_S:.0f})",
    )
    how.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Run the check; return the exit status."""
    # The SDK logs warnings, some with tracebacks; what they say is in the steps.
    logging.getLogger("botocore").addHandler(logging.NullHandler())
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    wanted = keywords.read(options.parser, options)
    started_s = time.monotonic()
    examination = Examination(wanted, send=not options.no_send, timeout_s=options.timeout)
    steps: list[Step] = []
    is_interrupted = False
    show = (lambda _: None) if options.json else _print_step
    if not options.json:
        print(f"log group {wanted.log_group_name}, log stream {examination.stream_name}\n")
    try:
        for step in _bounded(examination, options.timeout):
            steps.append(step)
            show(step)
    except KeyboardInterrupt:
        is_interrupted = True
    report = {
        "format": _FORMAT,
        "logspire": __version__,
        "delivers": _verdict(steps),
        "log_group_name": wanted.log_group_name,
        "log_stream_name": examination.stream_name,
        "left_behind": examination.left_behind,
        "seconds": round(time.monotonic() - started_s, 1),
        "steps": [vars(step) for step in steps],
    }
    print(json.dumps(report, indent=2)) if options.json else _print_end(report)
    return _INTERRUPTED if is_interrupted else _status(steps)


def _bounded(examination: Examination, timeout_s: float) -> Iterator[Step]:
    """Yield the steps as they come; a step that hangs is left to its thread, and has failed."""
    ends_s = time.monotonic() + timeout_s
    steps: queue.SimpleQueue[Step | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            for step in examination.run():
                steps.put(step)
        finally:
            steps.put(None)

    # A thread, as look-ups of names and programs that give credentials know no time-out; a daemon,
    # so that the process can end without it.
    threading.Thread(target=work, daemon=True).start()
    while True:
        try:
            step = steps.get(timeout=max(0.0, ends_s - time.monotonic()))
        except queue.Empty:
            yield from examination.overdue()
            return
        if step is None:
            return
        yield step


def _verdict(steps: list[Step]) -> bool | None:
    """Return whether a record would be delivered, ``None`` if that is not known."""
    if any(step.name == "test_event" and step.status == OK for step in steps):
        return True
    return False if any(step.status == FAILED for step in steps) else None


def _status(steps: list[Step]) -> int:
    if any(step.status == FAILED for step in steps):
        return _FAILS
    return _DELIVERS if _verdict(steps) else _NOT_PROVED


def _print_step(step: Step) -> None:
    start = f"{step.status:{_STATUS_CHARS}}{step.name.replace('_', ' '):{_NAME_CHARS}}"
    _print_indented(start, step.found)
    _print_indented(f"{' ' * len(start)}-> ", step.advice)
    print(end="", flush=True)  # also where there is no standard output


def _print_indented(start: str, text: str) -> None:
    wrapper = textwrap.TextWrapper(
        _WIDTH_CHARS, start, " " * len(start), break_long_words=False, break_on_hyphens=False
    )
    for line in wrapper.wrap(text):
        print(line)


def _print_end(report: dict[str, Any]) -> None:
    sentences = {
        True: "A record would be delivered.",
        False: "A record would not be delivered.",
        None: "Whether a record would be delivered was not found out.",
    }
    print(f"\n{sentences[report['delivers']]} ({report['seconds']} s)")
    if report["left_behind"]:
        print(f"Left behind: {', '.join(report['left_behind'])}.")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_TIMEOUT_S:
        raise argparse.ArgumentTypeError(f"must be seconds, over 0 and up to a day, not {text!r}")
    return seconds
