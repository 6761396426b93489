"""gevent puts greenlets in the place of threads: before Logspire is imported, or after."""

from __future__ import annotations

import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from delivery.conftest import GROUP
from patience import PATIENCE_S

if TYPE_CHECKING:
    from delivery.conftest import Programs

    from logspire.testing import LocalCloudWatchLogs

pytest.importorskip("gevent", reason="comes with the recipes extra")

PATCH = "from gevent import monkey; monkey.patch_all()\n"
# Not the tests' own preamble, which imports botocore: patched after that, no TLS works any more.
SET_UP = """
import logging, os
from logspire import CloudWatchLogHandler
handler = CloudWatchLogHandler(
    "tests", "{logger_name}", send_interval=60, flush_level="ERROR", shutdown_timeout=100
)
log = logging.getLogger("app")
log.setLevel(logging.INFO)
log.addHandler(handler)
"""
# A greenlet that waits for a lock of threads stops the program in `sleep`, for the minute that its
# records may wait, or for ever.
LOG = """
import gevent
log.info("begin")
gevent.sleep(0.2)
def visit(number):
    for n in range(100):
        log.getChild(f"s{number}").info("%d", n)
        gevent.sleep(0)
    log.getChild(f"s{number}").error("end")
def wait():
    while handler.stats().held:
        gevent.sleep(0.05)
gevent.joinall([gevent.spawn(visit, number) for number in range(6)])
wait()
handler.close()
log.error("again")
wait()
log.info("at the end")
"""


def assert_all_arrived_once(service: LocalCloudWatchLogs) -> None:
    for number in range(6):
        messages = service.messages(GROUP, f"app.s{number}")
        assert Counter(messages) == Counter([*map(str, range(100)), "end"])
    assert service.messages(GROUP, "app")[-3:] == ["begin", "again", "at the end"]


def test_patched_first_all_arrives(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    assert programs.run(LOG, preface=PATCH, preamble=SET_UP) == ""
    assert_all_arrived_once(cloudwatch_logs)


def test_patched_first_a_program_that_logs_once_and_leaves_delivers(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    """CPython 3.12 starts no thread at exit, and gevent looks up host names in one."""
    assert programs.run('log.info("once")', preface=PATCH, preamble=SET_UP) == ""
    assert cloudwatch_logs.messages(GROUP, "app") == ["once"]


def test_patched_late_no_greenlet_is_held_up_and_all_arrives(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    assert programs.run(PATCH + LOG, preamble=SET_UP) == ""
    assert_all_arrived_once(cloudwatch_logs)


def test_patched_while_threads_of_ours_run_all_arrives(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run('log.info("before")\n' + PATCH + LOG, preamble=SET_UP)
    assert_all_arrived_once(cloudwatch_logs)
    assert cloudwatch_logs.messages(GROUP, "app")[0] == "before"


def test_patched_while_threads_of_ours_run_a_program_that_leaves_at_once_delivers(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    """As in gunicorn's workers. gevent imports at the first look-up what no exit can import."""
    assert programs.run('log.info("once")\n' + PATCH, preamble=SET_UP) == ""
    assert cloudwatch_logs.messages(GROUP, "app") == ["once"]


def test_forked_children_do_not_send_what_their_parent_is_about_to(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    """Greenlets, unlike threads, live on in a child: here forked at every step of a delivery."""
    fork = """
    import gevent
    def wait():
        while handler.stats().held:
            gevent.sleep(0.05)
    def say(what):
        for name in "abc":
            log.getChild(name).error(what)
    log.error("before")  # one stream: one sender
    wait()
    say("parent")
    for _ in range(6):
        if not os.fork():
            say("child")
            wait()
            os._exit(0)
        gevent.sleep(0)
    """
    assert programs.run(fork, preface=PATCH, preamble=SET_UP) == ""
    for name in "abc":
        arrived = Counter(cloudwatch_logs.messages(GROUP, f"app.{name}"))
        assert arrived == {"parent": 1, "child": 6}


def test_forked_children_do_not_take_the_answer_that_their_parent_waits_for(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    """Their copies of the greenlet wait on the same connection; without answer it is sent again."""
    client = cloudwatch_logs.client()
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName="app")
    cloudwatch_logs.misbehave("slow", seconds=1, operation="PutLogEvents")
    program = programs.start(
        """
        import gevent, signal
        under_way = []
        signal.signal(signal.SIGUSR1, lambda *_: under_way.append(True))
        log.error("parent")
        while not under_way:
            gevent.sleep(0.01)
        for _ in range(5):
            if not os.fork():
                gevent.sleep(2)  # until after the answer
                os._exit(0)
        """,
        preface=PATCH,
        preamble=SET_UP,
    )
    assert cloudwatch_logs.wait_for(lambda: cloudwatch_logs.summary.batches > 0, PATIENCE_S)
    program.send_signal(signal.SIGUSR1)
    _, errors = program.communicate(timeout=PATIENCE_S)
    assert (program.returncode, errors) == (0, "")
    assert cloudwatch_logs.messages(GROUP, "app") == ["parent"]
