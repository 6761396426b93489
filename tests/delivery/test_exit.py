"""However a process ends, what it logged is delivered within the one deadline."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from .conftest import GROUP, STREAM, Programs

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs


def arrived(service: LocalCloudWatchLogs) -> list[str]:
    return service.messages(GROUP, STREAM)


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("", 0),
        ("raise RuntimeError", 1),
        ("sys.exit(3)", 3),
        ("threading.Thread(target=sys.exit).start()", 0),
        ("logging.shutdown(); logging.shutdown()", 0),
        ("handler.close()", 0),
        ("del handler; log.handlers.clear()", 0),
    ],
)
def test_an_exit_delivers_what_is_held(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, ending: str, status: int
) -> None:
    programs.run(f"for n in range(500): log.info(n)\n{ending}", status=status)
    assert arrived(cloudwatch_logs) == [str(n) for n in range(500)]


def test_sigterm_turned_into_sys_exit_delivers(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    program = programs.start(
        """
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        log.info("before")
        print("ready")
        signal.pause()
        """
    )
    assert program.stdout
    assert program.stdout.readline() == "ready\n"
    program.send_signal(signal.SIGTERM)
    assert program.wait(30) == 7
    assert arrived(cloudwatch_logs) == ["before"]


def test_records_in_atexit_callbacks_before_and_after_loggings_own_arrive(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        atexit.register(lambda: log.info("first callback"))
        log.info("running")
        """,
        # Registered before logging is imported: runs after logging.shutdown closed the handler.
        preface="import atexit; atexit.register(lambda: log.info('last callback'))\n",
    )
    assert arrived(cloudwatch_logs) == ["running", "first callback", "last callback"]


def test_the_first_record_of_all_in_an_atexit_callback_arrives(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run("atexit.register(lambda: log.info('only'))")
    assert arrived(cloudwatch_logs) == ["only"]


@pytest.mark.parametrize("fault", ["hang", "access_denied", "unavailable"])
def test_exit_takes_no_longer_than_the_deadline_and_says_what_was_lost(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, fault: str
) -> None:
    cloudwatch_logs.misbehave(fault)
    program = programs.start(
        """
        handlers = [make(shutdown_timeout=2) for _ in range(5)]
        log.handlers[:] = handlers
        log.info("to nowhere")
        sys.stdin.readline()
        """
    )
    began = time.monotonic()
    _, errors = program.communicate("\n", timeout=30)
    assert program.returncode == 0
    assert time.monotonic() - began < 6  # 2 + 1, and the start of the interpreter
    assert errors.count("lost 1 record") == 5
    assert "shutdown" in errors


def test_where_no_thread_can_start_the_calling_thread_delivers(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        threading.stack_size(1 << 46)  # more than there is: each start of a thread fails
        log.info("no thread")
        assert handler.stats().delivered == 1
        log.info("none yet")
        assert handler.flush(10)
        threading.stack_size(0)
        log.info("a thread again")
        assert "logspire-worker" in {thread.name for thread in threading.enumerate()}
        """,
    )
    assert arrived(cloudwatch_logs) == ["no thread", "none yet", "a thread again"]
