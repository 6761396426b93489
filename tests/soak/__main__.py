"""``python -m tests.soak``: a program logs, everything fails at random, and nothing may be amiss.

The service runs here; the program under test, with its children, in processes of its own. It is
judged from outside: by what the service stored and by what the program's threads wrote down.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from operator import itemgetter
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, Final

from logspire.testing import LocalCloudWatchLogs

from .arrivals import Arrivals, Stored
from .books import read_accounts
from .journal import read_journals
from .summary import print_summary
from .verdict import Evidence, complaints
from .weather import Weather

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from logspire.testing.records import Call

_ROOT: Final = Path(__file__).parents[2]
_LONGEST_START_S: Final = 100.0
_LONGEST_END_S: Final = 240.0
_SHOWN_COMPLAINTS: Final = 25


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one soak; return the exit status: 0 if nothing was amiss, else 1."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leaving nothing behind
    print(
        f"soak: {options.minutes} min, faults {options.faults}, {options.threads} threads,"
        f" seed {options.seed}, Python {sys.version.split()[0]}",
        flush=True,
    )
    service = LocalCloudWatchLogs(random=Random(options.seed))
    weather = Weather(service, options.faults, options.seed)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        directory = Path(name)
        with service:
            exit_status = _run_program(service, weather, directory, options)
        calls = service.calls
        evidence = _gather(directory, service, weather, calls, exit_status)
        print_summary(evidence, calls, weather)
    found = list(complaints(evidence))
    for complaint in found[:_SHOWN_COMPLAINTS]:
        print(f"FAILED: {complaint}")
    if found:
        print(f"{len(found)} complaints. To repeat it: {_command(options)}")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long faults last")
    parser.add_argument("--faults", type=float, default=0.2, help="probability of one, for a call")
    parser.add_argument("--threads", type=int, default=4, help="that log, beside the main thread")
    parser.add_argument("--seed", type=int, default=SystemRandom().getrandbits(32))
    return parser


def _command(options: argparse.Namespace) -> str:
    given = " ".join(f"--{name} {value}" for name, value in vars(options).items())
    return f"python -m tests.soak {given}"


# -- the run -------------------------------------------------------------------------------------


def _run_program(
    service: LocalCloudWatchLogs, weather: Weather, directory: Path, options: argparse.Namespace
) -> int:
    with _program(service, directory, options) as program:
        try:
            _wait_for(directory / "ready", program)
            weather.start()
            with contextlib.suppress(subprocess.TimeoutExpired):  # if it ends now, it has failed
                program.wait(options.minutes * 60)
            weather.stop()
            (directory / "stop").touch()
            return program.wait(_LONGEST_END_S)
        except subprocess.TimeoutExpired as error:
            print(f"FAILED: the program was neither ready nor gone after {error.timeout:.0f} s")
            program.kill()
            return program.wait()


@contextlib.contextmanager
def _program(
    service: LocalCloudWatchLogs, directory: Path, options: argparse.Namespace
) -> Iterator[subprocess.Popen[bytes]]:
    plan = {"directory": str(directory), "threads": options.threads, "seed": options.seed}
    # Since 3.12 Python warns of each fork of a process that has threads.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-m", f"{__package__}.launch"]
    environment = {
        **os.environ,
        **service.environment,
        "AWS_CONFIG_FILE": os.devnull,
        # glibc has an arena for each of many threads, and what they leave unused would hide a leak.
        "MALLOC_ARENA_MAX": "1",
    }
    with (
        open(directory / "stderr", "wb") as errors,  # noqa: PTH123 - as short
        subprocess.Popen(
            [*command, json.dumps(plan)], cwd=_ROOT, env=environment, stderr=errors
        ) as program,
    ):
        try:
            yield program
        finally:
            program.kill()  # unless it has ended, as it should


def _wait_for(path: Path, program: subprocess.Popen[bytes]) -> None:
    give_up_s = time.monotonic() + _LONGEST_START_S
    while not path.exists() and program.poll() is None:
        if time.monotonic() > give_up_s:
            raise subprocess.TimeoutExpired(program.args, _LONGEST_START_S)
        time.sleep(0.05)


# -- the evidence --------------------------------------------------------------------------------


def _gather(
    directory: Path,
    service: LocalCloudWatchLogs,
    weather: Weather,
    calls: Sequence[Call],
    exit_status: int,
) -> Evidence:
    journals = read_journals(directory)
    arrivals = Arrivals(journals)
    for stored in _stored(service, weather, calls):
        arrivals.add(stored)
    arrivals.finish()
    report: dict[str, Any] = {}
    with contextlib.suppress(FileNotFoundError):
        report = json.loads((directory / "report.json").read_text())
    return Evidence(
        journals=journals,
        accounts=read_accounts(directory),
        arrivals=arrivals,
        refusals=Counter(call.error for call in calls if call.error and not call.misbehaviour),
        report=report,
        exit_status=exit_status,
        errors=(directory / "stderr").read_text(errors="replace"),
    )


def _stored(
    service: LocalCloudWatchLogs, weather: Weather, calls: Sequence[Call]
) -> Iterator[Stored]:
    """Yield what is in the store, with what the calls say about each batch.

    In the order in which the service shows it: that of time, ties as they arrived. Batches that are
    under way together may arrive in any order.
    """
    # The store keeps the very object that is in the record of the call.
    in_doubt = {
        id(call.request["logEvents"])
        for call in calls
        if call.operation == "PutLogEvents" and weather.leaves_in_doubt(call)
    }
    for group in service._service.store.groups.values():
        for stream in group.streams.values():
            stored = [
                (time_ms, message, id(batch) in in_doubt)
                for _, _, batch in stream.batches
                for time_ms, message in zip(batch.timestamps, batch.messages, strict=True)
            ]
            for _, message, doubt in sorted(stored, key=itemgetter(0)):
                yield Stored(group.name, stream.name, message, doubt)


if __name__ == "__main__":
    sys.exit(main())
