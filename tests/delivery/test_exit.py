"""However a process ends, what it logged is delivered within the one deadline."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S

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


def test_sys_exit_in_a_thread_delivers_what_the_thread_logged(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        def work():
            log.info("thread")
            sys.exit(3)
        log.info("main")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        log.info("still here")
        """
    )
    assert arrived(cloudwatch_logs) == ["main", "thread", "still here"]


def test_sigterm_turned_into_sys_exit_delivers(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    program = programs.start(
        """
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        log.info("before")
        print("ready")
        while True:  # not signal.pause(), which never sees a signal that comes just before it
            signal.sigtimedwait([], 0.05)
        """
    )
    assert program.stdout
    assert program.stdout.readline() == "ready\n"
    program.send_signal(signal.SIGTERM)
    assert program.wait(PATIENCE_S) == 7
    assert arrived(cloudwatch_logs) == ["before"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals there end a process at once")
@pytest.mark.parametrize(
    ("number", "delivered"), [(signal.SIGINT, ["before"]), (signal.SIGTERM, [])]
)
def test_a_signal_delivers_if_python_makes_an_exception_of_it(
    programs: Programs,
    cloudwatch_logs: LocalCloudWatchLogs,
    number: signal.Signals,
    delivered: list[str],
) -> None:
    program = programs.start(
        """
        log.info("before")
        print("ready")
        while True:  # as above
            signal.sigtimedwait([], 0.05)
        """
    )
    assert program.stdout
    assert program.stdout.readline() == "ready\n"
    program.send_signal(number)
    assert program.wait(PATIENCE_S) != 0
    assert arrived(cloudwatch_logs) == delivered


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
        import botocore.session  # which takes longer than the deadline on a busy machine
        handlers = [make(shutdown_timeout=2) for _ in range(12)]
        log.handlers[:] = handlers
        log.info("to nowhere")
        print("leaving")
        """
    )
    assert program.stdout
    assert program.stdout.readline() == "leaving\n"
    left = time.monotonic()
    _, errors = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 0
    assert time.monotonic() - left < 20  # 2 + 1, and a machine that is busy; not 12 times 2
    assert errors.count("lost 1 record") == 12
    assert "shutdown" in errors


def test_where_no_thread_can_start_the_calling_thread_delivers(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        threading.stack_size(1 << 46)  # more than there is: each start of a thread fails
        log.info("no thread")
        assert handler.flush(30)
        log.info("none yet")  # what is due is tried, once: there is a client and a stream by now
        assert handler.stats().delivered == 2
        threading.stack_size(0)
        log.info("a thread again")
        assert "logspire-worker" in {thread.name for thread in threading.enumerate()}
        """,
    )
    assert arrived(cloudwatch_logs) == ["no thread", "none yet", "a thread again"]


def test_many_streams_and_a_slow_service_do_not_stretch_the_deadline(programs: Programs) -> None:
    errors = programs.run(
        """
        service = RemoteCloudWatchLogs(os.environ["AWS_ENDPOINT_URL"])
        service.misbehave("slow", seconds=0.3)
        many = CloudWatchLogHandler("tests", "{logger_name}", shutdown_timeout=1)
        for n in range(200):
            many.handle(logging.makeLogRecord({"name": f"stream {n}", "msg": "x"}))
        began = time.monotonic()
        many.close()
        assert time.monotonic() - began < 20  # not 2 times 200 times 0.3 s, 4 at a time
        while many.stats().held:
            signal.sigtimedwait([], 0.01)  # the worker may be late, it has the deadline as well
        stats = many.stats()
        assert stats.held == 0 and stats.lost == stats.losses["shutdown"] > 0, stats
        service.behave()
        """
    )
    assert "shutdown (not delivered in time" in errors


def test_late_records_share_the_deadline_where_no_thread_can_start(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    cloudwatch_logs.misbehave("hang")
    began = time.monotonic()
    errors = programs.run(
        """
        log.handlers[:] = [make(shutdown_timeout=1)]
        atexit.register(lambda: [log.info("late %d", n) for n in range(60)])
        """
    )
    assert time.monotonic() - began < 40  # not 60 times 1 s
    assert sum(int(line.split()[2]) for line in errors.splitlines() if "lost" in line) == 60


def test_a_flush_of_another_thread_at_exit_gives_up_nobodys_records(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    cloudwatch_logs.misbehave("slow", seconds=0.5, operation="PutLogEvents", times=3)
    programs.run(
        """
        def impatient():
            while True:
                handler.flush(0.01)
        threading.Thread(target=impatient, daemon=True).start()
        for n in range(50):
            log.info(n)
        """
    )
    assert arrived(cloudwatch_logs) == [str(n) for n in range(50)]


def test_a_flush_of_another_thread_cuts_no_call_short_that_the_exit_makes(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        def impatient():
            while True:
                handler.flush(0.01)
        log.info("before")
        handler.close()  # so that the exit has to call by itself, where no thread starts any more
        service = RemoteCloudWatchLogs(os.environ["AWS_ENDPOINT_URL"])
        service.misbehave("slow", seconds=0.5, operation="PutLogEvents")
        threading.Thread(target=impatient, daemon=True).start()
        """,
        preface=textwrap.dedent(
            """
            import atexit
            atexit.register(lambda: [log.info(n) for n in range(5)])  # after our exit
            """
        ),
    )
    assert arrived(cloudwatch_logs) == ["before", *(str(n) for n in range(5))]


def test_flush_and_close_of_logging_shutdown_share_one_deadline(programs: Programs) -> None:
    programs.run(
        """
        RemoteCloudWatchLogs(os.environ["AWS_ENDPOINT_URL"]).misbehave("hang")
        log.handlers[:] = [make(shutdown_timeout=8)]
        log.info("to nowhere")
        began = time.monotonic()
        logging.shutdown()
        assert time.monotonic() - began < 15.5  # not two times 8 s
        """
    )


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param("log.info('to nowhere')", id="of handlers as they are"),
        pytest.param("log.info('to nowhere'); logging.shutdown()", id="of closed ones"),
        pytest.param("late.append(log.info)", id="of the last moment"),
    ],
)
def test_an_exit_waits_until_the_machine_gives_it_the_time_to_say_what_is_lost(
    programs: Programs, ending: str
) -> None:
    errors = programs.run(
        f"""
        options = dict(shutdown_timeout=0.5, endpoint_url="http://127.0.0.1:1")
        log.handlers[:] = [make() for _ in range(3)]
        {ending}
        """,
        preface=textwrap.dedent(
            """
            import atexit, threading
            late = []
            atexit.register(lambda: [info("to nowhere") for info in late])  # after our exit
            from logspire.delivery.report import Reporter
            run, wait_until_begun = threading.Thread.run, Reporter.wait_until_begun
            awaited = threading.Event()
            def run_late(thread):
                if thread.name == "logspire-reporter":
                    awaited.wait()  # for so long it gets no processor
                run(thread)
            def wait_for_late(reporter, timeout_s):
                awaited.set()
                return wait_until_begun(reporter, timeout_s)
            threading.Thread.run, Reporter.wait_until_begun = run_late, wait_for_late
            """
        ),
    )
    assert errors.count("lost 1 record") == 3


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="nothing stops a process there")
def test_what_is_lost_is_said_although_the_process_was_stopped_for_longer_than_an_exit_takes(
    programs: Programs,
) -> None:
    program = programs.start(
        """
        def on_loss(loss):
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(0.1)  # then there is time for a listener that takes a little
            print("lost", loss.count)
        options = dict(shutdown_timeout=0.5, endpoint_url="http://127.0.0.1:1", on_loss=on_loss)
        log.handlers[:] = [make()]
        log.info("to nowhere")
        """
    )
    _, status = os.waitpid(program.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    time.sleep(2)  # for so long it is stopped
    program.send_signal(signal.SIGCONT)
    said, errors = program.communicate(timeout=PATIENCE_S)
    assert (said, errors) == ("lost 1\n", "")


def test_what_a_worker_holds_that_had_no_turn_until_the_end_is_said_once(
    programs: Programs,
) -> None:
    errors = programs.run(
        """
        log.handlers[:] = [handler := make(shutdown_timeout=1, on_loss=on_loss)]
        atexit.register(ending.set)
        for n in range(100):
            log.info(n)
        """,
        preface=textwrap.dedent(
            """
            import atexit, sys, threading, time
            said = []
            on_loss = lambda loss: said.append(loss.count)
            def after_all():
                over.set()
                while handler.stats().held or sum(said) < 110:
                    time.sleep(0.01)
                time.sleep(1)  # in case that it is said again
                stats = handler.stats()
                print(sum(said), stats.lost + stats.delivered, file=sys.stderr)
            atexit.register(after_all)
            atexit.register(lambda: [log.info("late") for _ in range(10)])  # after our exit
            from logspire.delivery.worker import Worker
            ending, over, turn = threading.Event(), threading.Event(), Worker._turn
            def late_turn(worker, senders):
                if ending.is_set():
                    over.wait()  # for so long it gets no processor
                return turn(worker, senders)
            Worker._turn = late_turn
            """
        ),
    )
    assert errors == "110 110\n"


def test_who_listens_for_ever_does_not_hold_up_an_exit_that_another_handler_logs_in(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    errors = programs.run(
        """
        import socket
        listens_for_ever = lambda loss: threading.Event().wait()
        options["shutdown_timeout"] = 1
        other = make(on_loss=listens_for_ever)
        other.handle(logging.makeLogRecord({"msg": "before"}))
        assert other.flush(100)
        silent = socket.create_server(("127.0.0.1", 0))
        options["endpoint_url"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        log.handlers[:] = [make(on_loss=listens_for_ever)]
        log.info("to nowhere")
        """,
        preface=textwrap.dedent(
            """
            import atexit
            late = lambda: other.handle(logging.makeLogRecord({"msg": "late"}))
            atexit.register(late)  # after our exit, which has used up the time
            """
        ),
    )
    assert errors == ""
    assert arrived(cloudwatch_logs)[0] == "before"


def test_the_time_that_an_exit_gives_to_say_what_is_lost_is_one_for_all_handlers(
    programs: Programs,
) -> None:
    program = programs.start(
        """
        options = dict(shutdown_timeout=0.5, endpoint_url="http://127.0.0.1:1")
        log.handlers[:] = [make() for _ in range(8)]
        log.info("to nowhere")
        print("leaving")
        """,
        preface=textwrap.dedent(
            """
            import threading
            run = threading.Thread.run
            def run_never(thread):
                if thread.name == "logspire-reporter":
                    threading.Event().wait()
                run(thread)
            threading.Thread.run = run_never
            """
        ),
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "leaving\n"
    left = time.monotonic()
    program.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - left < 30  # 0.5 + 0.8 + 5, and a machine that is busy; not 8 * 5


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no such signals there")
def test_signals_that_come_again_and_again_do_not_begin_the_waits_anew(
    programs: Programs,
) -> None:
    program = programs.start(
        """
        options = dict(shutdown_timeout=0.5, endpoint_url="http://127.0.0.1:1")
        log.handlers[:] = [make(on_loss=lambda loss: threading.Event().wait())]
        log.info("to nowhere")
        signal.signal(signal.SIGALRM, lambda *_: sys.exit(3))
        atexit.register(lambda: signal.setitimer(signal.ITIMER_REAL, 0.5, 0.2))
        print("leaving")
        """
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "leaving\n"
    left = time.monotonic()
    program.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - left < 30  # not for ever


def test_what_a_late_worker_loses_is_said_once(programs: Programs) -> None:
    errors = programs.run(
        """
        def on_loss(loss):
            said.append(loss.count)
            if loss.reason == "empty":
                time.sleep(3)  # here the worker is, while the process ends
        handler = make(on_loss=on_loss, shutdown_timeout=1, endpoint_url="http://127.0.0.1:1")
        log.handlers[:] = [handler]
        log.info("")
        while not said:  # else both losses may be said as one
            signal.sigtimedwait([], 0.01)
        for n in range(100):
            log.info(n)
        """,
        preface=textwrap.dedent(
            """
            import atexit, sys, time
            said = []
            @atexit.register
            def after_our_exit():
                until = time.monotonic() + 20
                while sum(said) < 101 and time.monotonic() < until:
                    time.sleep(0.05)
                time.sleep(1)  # in case that it is said again
                print("said", said, "lost", handler.stats().lost, file=sys.stderr)
            """
        ),
    )
    assert errors == "said [1, 100] lost 101\n"


def test_records_of_the_last_moment_share_one_grace(programs: Programs) -> None:
    program = programs.start(
        """
        def on_loss(loss):
            time.sleep(20)
        handler = make(on_loss=on_loss, shutdown_timeout=1, endpoint_url="http://127.0.0.1:1")
        log.handlers[:] = [handler]
        log.info("")
        handler.flush(0)
        print("leaving")
        """,
        preface=textwrap.dedent(
            """
            import atexit
            @atexit.register
            def after_our_exit():
                for n in range(50):
                    log.info(n)
            """
        ),
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "leaving\n"
    left = time.monotonic()
    program.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - left < 18  # 1 + 0.8, and a machine that is busy; not 50 times 0.8
