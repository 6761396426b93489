"""Forks at bad moments, and descendants of every kind: each delivers its own, once."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from delivery.conftest import GROUP, PATIENT_FORKS, STREAM, Programs

if TYPE_CHECKING:
    from pathlib import Path

    from logspire.testing import LocalCloudWatchLogs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")

QUIET = "-Wignore::DeprecationWarning"  # 3.12 warns of every fork with threads


def arrived(service: LocalCloudWatchLogs) -> Counter[str]:
    return Counter(service.messages(GROUP, STREAM))


@pytest.mark.parametrize("method", ["close", "flush", "stats"])
def test_forking_while_another_thread_is_inside_the_handler_loses_nothing(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, method: str
) -> None:
    cloudwatch_logs.misbehave("slow", seconds=0.02)
    programs.run(
        f"""
        ended = False
        def busy():
            n = 0
            while not ended:
                log.info("busy %d", n)
                handler.{method}()
                n += 1
            log.info("rounds %d", n)
        thread = threading.Thread(target=busy)
        thread.start()
        children = []
        for c in range(12):
            signal.sigtimedwait([], 0.013)
            pid = os.fork()
            if not pid:
                log.info("child %d", c)
                handler.flush(100)  # a dozen at once set up their SDK
                handler.close()
                os._exit(handler.stats().delivered != 1)
            children.append(pid)
        statuses = [os.waitpid(pid, 0)[1] for pid in children]
        ended = True
        thread.join()
        assert not any(statuses), statuses
        """,
        QUIET,
        preface=PATIENT_FORKS,
    )
    messages = arrived(cloudwatch_logs)
    (rounds,) = (int(m.split()[1]) for m in messages if m.startswith("rounds"))
    expected = [f"busy {n}" for n in range(rounds)] + [f"child {c}" for c in range(12)]
    assert messages == Counter([*expected, f"rounds {rounds}"])


def test_a_handler_made_and_dropped_before_the_fork_is_still_the_parents(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    cloudwatch_logs.misbehave("slow", seconds=0.2, times=2)
    programs.run(
        """
        log.info("dropped with this in it")
        log.handlers.clear()
        del handler
        if os.fork():
            os.wait()
        """,
        QUIET,
    )
    assert arrived(cloudwatch_logs) == Counter(["dropped with this in it"])


def test_five_generations_deliver_each_their_own(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        for generation in range(5):
            log.info("generation %d", generation)
            if generation == 2:
                assert handler.flush(100)
            pid = os.fork()
            if pid:
                status = os.waitpid(pid, 0)[1]
                log.info("back in %d", generation)
                sys.exit(status != 0)
        log.info("the last")
        """,
        QUIET,
    )
    expected = [f"{which} {n}" for which in ("generation", "back in") for n in range(5)]
    assert arrived(cloudwatch_logs) == Counter([*expected, "the last"])


JOBS = """
import logging, multiprocessing, os, sys
from logspire import CloudWatchLogHandler

log = logging.getLogger("app")

def configure():
    log.setLevel(logging.INFO)
    if not log.handlers:  # a forked child has the parent's
        options = dict(send_interval=60, shutdown_timeout=100)
        log.addHandler(CloudWatchLogHandler("tests", "stream", **options))

def job(n):
    log.info("job %d", n)
    return n

def job_that_fails(n):
    log.info("job %d", n)
    raise LookupError(n)

def nested(method):
    configure()
    log.info("child")
    inner = multiprocessing.get_context(method).Process(target=innermost)
    inner.start()
    inner.join()
    assert inner.exitcode == 0

def innermost():
    configure()
    log.info("child of a child")

def ends_badly(how):
    configure()
    log.info("ends by %s", how)
    sys.exit(5) if how == "exit" else log.no_such_method()
"""


@pytest.fixture
def jobs(tmp_path: Path) -> str:
    """Lines of a program that import a module of jobs, which spawned children import as well."""
    (tmp_path / "jobs.py").write_text(JOBS)
    return f"import multiprocessing\nsys.path.insert(0, {str(tmp_path)!r})\nimport jobs\n"


METHODS = ["fork", "spawn", "forkserver"]


@pytest.mark.parametrize("method", METHODS)
def test_the_children_of_a_process_pool_executor_deliver(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, method: str, jobs: str
) -> None:
    programs.run(
        jobs
        + f"""
from concurrent.futures import ProcessPoolExecutor
context = multiprocessing.get_context({method!r})
log.info("parent")
with ProcessPoolExecutor(2, mp_context=context, initializer=jobs.configure) as pool:
    assert list(pool.map(jobs.job, range(20))) == list(range(20))
    assert isinstance(pool.submit(jobs.job_that_fails, 20).exception(), LookupError)
""",
        QUIET,
    )
    assert arrived(cloudwatch_logs) == Counter(["parent", *(f"job {n}" for n in range(21))])


@pytest.mark.parametrize("method", METHODS)
def test_a_child_of_a_child_of_multiprocessing_delivers(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, method: str, jobs: str
) -> None:
    programs.run(
        jobs
        + f"""
child = multiprocessing.get_context({method!r}).Process(target=jobs.nested, args=({method!r},))
log.info("parent")
child.start()
child.join()
assert child.exitcode == 0
""",
        QUIET,
    )
    assert arrived(cloudwatch_logs) == Counter(["parent", "child", "child of a child"])


def test_children_of_multiprocessing_that_end_badly_deliver(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, jobs: str
) -> None:
    programs.run(
        jobs
        + """
for method in ("fork", "spawn"):
    for how, status in (("exit", 5), ("error", 1)):
        context = multiprocessing.get_context(method)
        child = context.Process(target=jobs.ends_badly, args=(f"{how}",))
        child.start()
        child.join()
        assert child.exitcode == status
""",
        QUIET,
    )
    assert arrived(cloudwatch_logs) == Counter(["ends by exit", "ends by error"] * 2)


def test_many_forked_children_in_a_row_cost_the_parent_nothing(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        log.info("first")
        assert handler.flush(100)
        threads, files = threading.active_count(), len(os.listdir("/dev/fd"))
        for c in range(200):
            pid = os.fork()
            if not pid:
                os._exit(handler.stats().accepted)
            assert os.waitpid(pid, 0)[1] == 0
            log.info("%d", c)
        assert handler.flush(100)
        assert threading.active_count() == threads
        assert len(os.listdir("/dev/fd")) <= files
        """,
        QUIET,
    )
    assert arrived(cloudwatch_logs) == Counter(["first", *(str(c) for c in range(200))])
