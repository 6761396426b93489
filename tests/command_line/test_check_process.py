"""``check`` as a process: what a terminal, a pipe and Ctrl-C make of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S

from logspire.__main__ import main

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs

pytestmark = pytest.mark.slow  # and the same on every Python

# A busy machine takes more than the usual ten seconds for the import of the SDK alone.
TIME = ("--timeout", "100")
CHECK = (sys.executable, "-m", "logspire", "check", "--log-group", "app", *TIME)


@pytest.mark.usefixtures("service")
def test_the_lines_for_people_name_each_step_and_the_verdict() -> None:
    run = subprocess.run(CHECK, check=False, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (run.returncode, run.stderr) == (0, "")
    assert "ok       region          us-east-1, from AWS_DEFAULT_REGION\n" in run.stdout
    assert "ok       test event      stored\n" in run.stdout
    assert "A record would be delivered." in run.stdout
    assert "Left behind: log group app, log stream " in run.stdout


def test_advice_stands_below_what_failed() -> None:
    run = subprocess.run(CHECK, check=False, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (run.returncode, run.stderr) == (1, "")
    assert (
        "failed   region          none found\n" + " " * 25 + "-> Pass --region-name" in run.stdout
    )
    assert "A record would not be delivered." in run.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for another process")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_ctrl_c_ends_it_at_once_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE_S)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        where = ("--endpoint-url", url, "--region", "us-east-1")
        with subprocess.Popen(
            [*CHECK, *where, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            connection, _ = silent.accept()  # now it waits for an answer
            with connection:
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (130, "")
    assert ('"delivers": null' if options else "was not found out") in out


@pytest.mark.usefixtures("service")
def test_a_pipe_that_nobody_reads_is_no_reason_for_a_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)  # before it starts: a quick one could have said all otherwise
    try:
        run = subprocess.run(
            CHECK,
            check=False,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_S,
        )
    finally:
        os.close(writing)
    assert (run.returncode, run.stderr) == (141, "")


@pytest.mark.skipif(sys.platform == "win32", reason="no shell that closes it")
@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("command", [CHECK, (*CHECK[:3], "policy")])
def test_without_a_standard_output_the_status_tells(command: tuple[str, ...]) -> None:
    closed = ("sh", "-c", 'exec "$@" >&-', "sh", *command)
    run = subprocess.run(closed, check=False, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (run.returncode, run.stderr) == (0, "")


def test_what_is_said_in_other_letters_is_shown_where_only_ascii_can_be(
    cloudwatch_logs: LocalCloudWatchLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cloudwatch_logs.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    cloudwatch_logs.misbehave("error", error="SomeException", message="nicht möglich")
    run = subprocess.run(CHECK, check=False, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (run.returncode, run.stderr) == (1, "")
    assert "nicht m\\xf6glich" in run.stdout


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--log-group", "a b"], "log_group_name must have"),
        (["--log-stream", "{what}"], "log_stream_name '{what}' has {what}"),
        (["--log-group-retention-days", "2"], "log_group_retention_days must be one of"),
        (["--log-group-tags", "team"], "must be KEY=VALUE"),
        (["--no-create-log-group", "--log-group-tags", "a=b"], "no effect with create_log_group"),
        (["--entity", "{"], "must be JSON"),
        (["--endpoint-url", "logs"], "endpoint_url must start with http"),
        (["--timeout", "0"], "must be seconds"),
    ],
)
def test_a_wrong_option_ends_it_with_status_2_and_is_named(
    capsys: pytest.CaptureFixture[str], options: list[str], named: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", *options])
    assert ended.value.code == 2
    assert named in capsys.readouterr().err
