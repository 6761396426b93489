"""The script of ``docs/recipes/script``: console and CloudWatch, and every way out."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from recipes.running import PYTHON, RECIPES, SLACK_S, arrived

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from recipes.running import Program, Run

    from logspire.testing import LocalCloudWatchLogs

    Start = Callable[..., Program]

SHUTDOWN_TIMEOUT_S = 10  # the handler's own
PATIENT_S = 60
"""A busy machine needs seconds for the SDK."""


@pytest.fixture
def start(run: Run, reachable: Mapping[str, str], tmp_path: Path) -> Start:
    """Starts the script, which leaves itself more time to deliver than the handler's own."""

    def start(*names: str) -> Program:
        (tmp_path / "script").mkdir()
        script = (RECIPES / "script/script.py").read_text()
        usual = 'CloudWatchLogHandler("invoices")'
        patient = script.replace(usual, f"{usual[:-1]}, shutdown_timeout={PATIENT_S})")
        assert patient != script
        (tmp_path / "script/script.py").write_text(patient)
        command = (PYTHON, "script.py", *names)
        return run("script", *command, cwd=tmp_path / "script", environment=reachable)

    return start


def stream_of(script: Program) -> str:
    return f"{os.uname().nodename}/script.py/{script.process.pid}"


def test_console_and_cloudwatch_get_the_same_records_each_in_its_form(
    start: Start, cloudwatch_logs: LocalCloudWatchLogs, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("1\n2\n")
    script = start(str(tmp_path / "a"))
    assert script.wait() == 0, script.output
    lines = f"{tmp_path}/a has 2 lines"
    assert script.output.splitlines() == [lines, "finished"]
    assert arrived(cloudwatch_logs, "invoices") == {
        stream_of(script): [f"INFO {lines}", "INFO finished"]
    }


def test_an_exception_arrives_with_its_traceback_as_one_event(
    start: Start, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    script = start("missing")
    assert script.wait() == 1
    (text,) = cloudwatch_logs.messages("invoices", stream_of(script))
    assert text.splitlines()[:2] == ["ERROR stopped early", "Traceback (most recent call last):"]
    assert text.endswith("FileNotFoundError: [Errno 2] No such file or directory: 'missing'")
    assert f"ERROR {script.output}" == text + "\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_loses_nothing(
    start: Start, cloudwatch_logs: LocalCloudWatchLogs, tmp_path: Path, number: int
) -> None:
    endless = tmp_path / "endless"
    os.mkfifo(endless)
    script = start("script.py", str(endless))
    # Waits until the script reads. The end of the file wakes it if the signal came just before.
    with endless.open("w"):
        script.process.send_signal(number)
    status = script.wait()
    # CPython forgets why it ends, and says 1, where other threads still run something by then.
    assert status in ({143} if number == signal.SIGTERM else {1, -number}), script.output
    (text,) = cloudwatch_logs.messages("invoices", stream_of(script))
    assert text.startswith("INFO script.py has")
    assert script.complaints == []


@pytest.mark.slow
def test_unreachable_the_script_works_and_says_at_its_end_what_is_lost(
    run: Run, unreachable: Mapping[str, str]
) -> None:
    script = run("script", PYTHON, "script.py", "script.py", environment=unreachable)
    script.wait_until_said("finished")
    since_s = time.monotonic()
    assert script.wait() == 0
    assert time.monotonic() - since_s < SHUTDOWN_TIMEOUT_S + SLACK_S
    (complaint,) = script.complaints
    assert complaint.startswith("logspire: lost 2 records for log group 'invoices': 2 shutdown")
