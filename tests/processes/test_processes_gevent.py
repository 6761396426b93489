"""gevent puts greenlets in the place of threads: before Logspire is imported, or after."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from delivery.conftest import GROUP

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
    "tests", "{logger_name}", send_interval=60, flush_level="ERROR", shutdown_timeout=30
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


def test_a_forked_child_does_not_send_what_its_parent_is_about_to(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    """Greenlets, unlike threads, live on in a child."""
    fork = """
    import gevent
    log.handlers[:] = [handler := CloudWatchLogHandler("tests", "{logger_name}", send_interval=0.5)]
    log.info("parent")
    gevent.sleep(0)
    child = os.fork()
    if not child:
        log.info("child")
        while handler.stats().held:
            gevent.sleep(0.05)
        os._exit(0)
    os.waitpid(child, 0)
    """
    assert programs.run(fork, preface=PATCH, preamble=SET_UP) == ""
    assert sorted(cloudwatch_logs.messages(GROUP, "app")) == ["child", "parent"]
