"""The parent keeps what it held, a child starts clean, and both deliver: each record once."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from .conftest import GROUP, PATIENT_FORKS, STREAM, Programs

if TYPE_CHECKING:
    from pathlib import Path

    from logspire.testing import LocalCloudWatchLogs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")


def arrived(service: LocalCloudWatchLogs) -> Counter[str]:
    return Counter(service.messages(GROUP, STREAM))


def once(*messages: str) -> Counter[str]:
    return Counter(messages)


def test_parent_and_child_deliver_each_their_own(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        log.info("before")
        if os.fork() == 0:
            log.info("child")
            if os.fork() == 0:
                log.info("grandchild")
                sys.exit()
            os.wait()
            sys.exit()
        os.wait()
        log.info("after")
        """
    )
    assert arrived(cloudwatch_logs) == once("before", "child", "grandchild", "after")


def test_forking_while_four_threads_log_loses_nothing(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        forked, logged = threading.Event(), {}
        def work(name):
            n = 0
            while n < 2000 or not forked.wait(0.0002):
                log.info("%s %d", name, n)
                n += 1
            logged[name] = n
        threads = [threading.Thread(target=work, args=(f"thread {t}",)) for t in range(4)]
        for thread in threads:
            thread.start()
        children = []
        for c in range(8):
            pid = os.fork()
            if not pid:
                log.info("child %d", c)
                logging.shutdown()
                os._exit(0)
            children.append(pid)
        forked.set()
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        for thread in threads:
            thread.join()
        for name, n in logged.items():
            log.info("logged %s %d", name, n)
        """,
        "-Wignore::DeprecationWarning",  # 3.12 warns of every fork with threads
        preface=PATIENT_FORKS,
    )
    messages = arrived(cloudwatch_logs)
    said = [m for m in messages if m.startswith("logged")]
    logged = {int(thread): int(number) for _, _, thread, number in map(str.split, said)}
    expected = [f"thread {t} {n}" for t in range(4) for n in range(logged[t])]
    assert messages == once(*expected, *said, *(f"child {c}" for c in range(8)))


JOBS = """
import logging
from logspire import CloudWatchLogHandler

log = logging.getLogger("app")

def configure():
    log.setLevel(logging.INFO)
    if not log.handlers:  # a forked child has the parent's
        options = dict(send_interval=60, shutdown_timeout=100)
        log.addHandler(CloudWatchLogHandler("tests", "stream", **options))

def process(n):
    configure()
    log.info("process %d", n)

def job(n):
    log.info("job %d", n)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_deliver(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, method: str, tmp_path: Path
) -> None:
    (tmp_path / "jobs.py").write_text(JOBS)
    programs.run(
        f"""
        sys.path.insert(0, {str(tmp_path)!r})
        import jobs, multiprocessing
        context = multiprocessing.get_context({method!r})
        log.info("parent")
        children = [context.Process(target=jobs.process, args=(n,)) for n in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join()
            assert child.exitcode == 0
        with context.Pool(2, initializer=jobs.configure) as pool:
            pool.map(jobs.job, range(10), chunksize=1)
            pool.close()
            pool.join()
        """,
        "-Wignore::DeprecationWarning",
    )
    processes = [f"process {n}" for n in range(3)]
    assert arrived(cloudwatch_logs) == once("parent", *processes, *(f"job {n}" for n in range(10)))


def test_a_users_client_is_not_shared_with_the_parents_connections(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        import boto3
        client = boto3.client("logs")
        log.handlers[:] = [CloudWatchLogHandler("tests", "stream", boto3_client=client)]
        log.info("warm-up")
        assert log.handlers[0].flush(100)
        children = []
        for c in range(4):
            pid = os.fork()
            if not pid:
                for n in range(20):
                    log.info("child %d %d", c, n)
                    assert log.handlers[0].flush(100)
                os._exit(0)
            children.append(pid)
        for n in range(20):
            log.info("parent %d", n)
            assert log.handlers[0].flush(100)
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        """,
        "-Wignore::DeprecationWarning",
    )
    children = [f"child {c} {n}" for c in range(4) for n in range(20)]
    assert arrived(cloudwatch_logs) == once(
        "warm-up", *children, *(f"parent {n}" for n in range(20))
    )


def test_a_child_forked_while_the_parent_imports_the_sdk_delivers(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        log.info("parent")
        threading.Thread(target=handler.flush, daemon=True).start()  # imports, far from here
        children = []
        for c in range(10):
            signal.sigtimedwait([], 0.03)
            pid = os.fork()
            if not pid:
                log.info("child %d", c)
                os._exit(not handler.flush(100))  # ten at once set up their SDK
            children.append(pid)
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        """,
        "-Wignore::DeprecationWarning",
        preface=PATIENT_FORKS,
    )
    assert arrived(cloudwatch_logs) == once("parent", *(f"child {c}" for c in range(10)))
