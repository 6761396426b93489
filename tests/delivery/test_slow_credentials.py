"""Credentials that take for ever hold up what needs them, and nothing else."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S

from .conftest import GROUP, PATIENT_FORKS, STREAM

if TYPE_CHECKING:
    from pathlib import Path

    from logspire.testing import LocalCloudWatchLogs

    from .conftest import Programs


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Profiles whose credentials come from a program: one never ends, one takes 20 s."""
    config = tmp_path / "config"
    lines = ["region = us-east-1", "credential_process = sleep"]
    profiles = [("slow", 60), ("twenty", 20)]
    config.write_text(
        "".join("\n".join([f"[profile {name}]", *lines]) + f" {s}\n" for name, s in profiles)
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", os.fspath(config))


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize(
    "source", ["boto3_profile_name='slow'", "boto3_session=boto3.Session(profile_name='slow')"]
)
def test_other_handlers_and_forks_do_not_wait(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, source: str
) -> None:
    program = programs.start(
        f"""
        import boto3
        slow = make({source}, shutdown_timeout=1)
        slow.handle(logging.makeLogRecord(dict(msg="x")))
        slow.flush(0.5)
        log.info("in time")
        assert handler.flush(40)
        began = time.monotonic()
        if os.fork() == 0:
            os._exit(0)
        assert time.monotonic() - began < 30  # nor for the rest of the minute
        os.wait()
        print("leaving")
        """,
        preface=PATIENT_FORKS,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "leaving\n"
    left = time.monotonic()
    _, errors = program.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - left < 30
    assert "lost 1 record" in errors
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["in time"]


@pytest.mark.usefixtures("profile")
def test_an_exit_does_not_wait_though_no_thread_can_start(programs: Programs) -> None:
    program = programs.start(
        """
        handler = make(boto3_profile_name="slow", shutdown_timeout=1)
        log.handlers[:] = [handler]
        log.info("a")
        handler.flush(0.5)
        handler.close()  # gives up; the thread that waits for credentials goes on waiting
        print("leaving")
        """,
        preface="import atexit\natexit.register(lambda: log.info('late'))\n",
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "leaving\n"
    left = time.monotonic()
    _, errors = program.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - left < 30
    assert errors.count("lost 1 record") == 2


@pytest.mark.usefixtures("profile")
def test_a_first_record_at_exit_waits_for_the_sdk_only_where_no_thread_can_start(
    programs: Programs,
) -> None:
    """The limit that docs/guarantees.md names, on CPython 3.12: it ends when the credentials do."""
    began = time.monotonic()
    program = programs.start(
        """
        handler = make(boto3_profile_name="twenty", shutdown_timeout=1)
        log.handlers[:] = [handler]
        print("leaving")
        """,
        preface="import atexit\natexit.register(lambda: log.info('late'))\n",
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "leaving\n"
    left = time.monotonic()
    _, errors = program.communicate(timeout=PATIENCE_S)
    now = time.monotonic()
    if sys.version_info[:2] == (3, 12):
        assert now - began > 20  # we may hear late that it is leaving
    else:
        assert now - left < 20
    assert errors.count("lost 1 record") == 1
