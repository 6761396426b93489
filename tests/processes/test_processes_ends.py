"""Ends of a process beyond those of ``tests/delivery/test_exit.py``: abrupt, late, crowded."""

from __future__ import annotations

import signal
import textwrap
import time
from typing import TYPE_CHECKING

import pytest
from delivery.conftest import GROUP, STREAM, Programs
from patience import PATIENCE_S

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs


def arrived(service: LocalCloudWatchLogs) -> list[str]:
    return service.messages(GROUP, STREAM)


def test_sigterm_in_the_middle_of_logging_loses_nothing_that_was_logged(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    errors = programs.run(
        """
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        done = 0
        atexit.register(lambda: log.info("done %d", done))
        def stop():
            while done <= 100:
                time.sleep(0.001)
            os.kill(os.getpid(), signal.SIGTERM)
        threading.Thread(target=stop).start()
        while True:
            if done < 100_000:  # the queue holds more, and the signal may be late
                log.info("%d", done)
                done += 1
        """
    )
    *messages, last = arrived(cloudwatch_logs)
    done = int(last.split()[1])
    # The call that the signal came into may have handed its record over, or not.
    assert [m for m in messages if m != str(done)] == [str(n) for n in range(done)], errors
    assert done > 100


def test_sys_exit_once_more_while_the_process_ends_does_not_cut_its_delivery_short(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    """A worker of gunicorn gets two signals at Ctrl-C: the terminal's, and the master's."""
    cloudwatch_logs.misbehave("unavailable")  # until it has been asked once more
    program = programs.start(
        """
        def stop(*_):
            print("asked", flush=True)
            sys.exit()
        signal.signal(signal.SIGTERM, stop)
        log.info("held")
        """
    )
    assert cloudwatch_logs.wait_for(lambda: cloudwatch_logs.refused > 0, PATIENCE_S)
    program.send_signal(signal.SIGTERM)
    assert program.stdout
    assert program.stdout.readline() == "asked\n"
    cloudwatch_logs.behave()
    output, errors = program.communicate(timeout=PATIENCE_S)
    assert (program.returncode, output, errors) == (0, "", "")
    assert arrived(cloudwatch_logs) == ["held"]


def test_an_exception_while_other_threads_log_delivers_what_they_logged_before_the_end(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        def work(name):
            for n in range(1000):
                log.info("%s %d", name, n)
            raise LookupError
        threading.excepthook = lambda _: None
        for t in range(4):
            threading.Thread(target=work, args=(t,)).start()
        raise KeyError
        """,
        status=1,
    )
    expected = sorted(f"{t} {n}" for t in range(4) for n in range(1000))
    assert sorted(arrived(cloudwatch_logs)) == expected


def test_daemon_threads_that_log_until_the_end_do_not_hold_it_up(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    began = time.monotonic()
    errors = programs.run(
        """
        log.handlers[:] = [handler := make(shutdown_timeout=40)]
        def chatter():
            while not threading.Event().wait(0.001):
                log.info("chatter")
        for _ in range(3):
            threading.Thread(target=chatter, daemon=True).start()
        log.info("last of the main thread")
        """
    )
    assert time.monotonic() - began < 40 + 1 + 30  # shutdown_timeout, a second, and the start
    assert "last of the main thread" in arrived(cloudwatch_logs), errors


@pytest.mark.parametrize("thread", ["logspire-sender", "logspire-worker"])
def test_a_process_that_ends_while_another_thread_is_starting_ours_delivers(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, thread: str
) -> None:
    """On CPython 3.12 that start fails, after the main thread has found it under way."""
    errors = programs.run(
        """
        threading.Thread(target=log.info, args=("first, by a daemon",), daemon=True).start()
        assert starting.wait(100)
        log.info("last, by the main thread")
        """,
        preface=textwrap.dedent(
            f"""
            import threading
            starting, start = threading.Event(), threading.Thread.start
            def start_late(thread):
                if thread.name == {thread!r} and not starting.is_set():
                    starting.set()
                    threading.main_thread().join()
                start(thread)
            threading.Thread.start = start_late
            """
        ),
    )
    assert arrived(cloudwatch_logs) == ["first, by a daemon", "last, by the main thread"], errors


def test_threads_that_outlive_the_main_thread_deliver(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    """On CPython 3.12 no thread can start once the main thread has ended.

    So what is due is tried in the logging call, once: there must be a client and a stream by then.
    """
    program = programs.start(
        """
        import boto3
        client = boto3.client("logs")
        client.create_log_group(logGroupName="tests")
        client.create_log_stream(logGroupName="tests", logStreamName="stream")
        log.handlers[:] = [make(send_interval=0.1, boto3_client=client)]
        def serve():
            threading.main_thread().join()
            log.info("served")
            sys.stdin.readline()
            log.info("goodbye")
        threading.Thread(target=serve).start()
        """
    )
    assert cloudwatch_logs.wait_for(lambda: arrived(cloudwatch_logs) == ["served"], PATIENCE_S)
    _, errors = program.communicate("\n", timeout=PATIENCE_S)
    assert program.returncode == 0, errors
    assert arrived(cloudwatch_logs) == ["served", "goodbye"]


def test_an_exit_without_any_clean_up_loses_only_what_was_held(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        for n in range(100):
            log.info("sent %d", n)
        assert handler.flush(100)
        log.info("held")
        os._exit(4)
        """,
        status=4,
    )
    assert arrived(cloudwatch_logs) == [f"sent {n}" for n in range(100)]


def test_a_child_that_leaves_without_any_clean_up_costs_the_parent_nothing(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        for n in range(50):
            log.info("parent %d", n)
        for c in range(5):
            pid = os.fork()
            if not pid:
                log.info("child %d", c)
                os._exit(0)
            os.waitpid(pid, 0)
            log.info("parent %d", 50 + c)
        """,
        "-Wignore::DeprecationWarning",
    )
    messages = arrived(cloudwatch_logs)
    assert [m for m in messages if "parent" in m] == [f"parent {n}" for n in range(55)]
    assert len(messages) == len(set(messages))


@pytest.mark.parametrize("first", ["handler.close()", "logging.shutdown()", "os.fork() or exit(0)"])
def test_records_between_and_after_two_shutdowns_arrive(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, first: str
) -> None:
    programs.run(
        f"""
        log.info("before")
        {first}
        log.info("between")
        logging.shutdown()
        logging.shutdown()
        log.info("after")
        """,
        "-Wignore::DeprecationWarning",
    )
    assert arrived(cloudwatch_logs) == ["before", "between", "after"]
