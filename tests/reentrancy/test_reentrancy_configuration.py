"""``dictConfig`` again, while records are queued, threads log and the service is slow or silent."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from delivery.conftest import GROUP, Programs

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs

# `configure` is timed from outside of it; the root logger is at DEBUG, so that botocore asks
# `isEnabledFor`, which takes the lock that dictConfig holds.
CONFIGURATION = """
import logging.config
service = RemoteCloudWatchLogs(os.environ["AWS_ENDPOINT_URL"])
longest_s, shutdown_timeout = 0.0, 100
def configure(*names, disable=False):
    global longest_s
    handlers = {name: {
        "class": "logspire.CloudWatchLogHandler", "log_group_name": "tests",
        "log_stream_name": name, "send_interval": 0.05, "shutdown_timeout": shutdown_timeout,
    } for name in names}
    began = time.monotonic()
    logging.config.dictConfig({
        "version": 1,
        "disable_existing_loggers": disable,
        "handlers": handlers,
        "root": {"level": "DEBUG", "handlers": []},
        "loggers": {"configured": {"level": "INFO", "handlers": list(names)}},
    })
    longest_s = max(longest_s, time.monotonic() - began)
configured = logging.getLogger("configured")
configured.propagate = False
log.handlers.clear()
"""
NAMES = {"one": ["one"], "two": ["one", "two"]}


@pytest.mark.parametrize("disable", [False, True])
@pytest.mark.parametrize("handlers", NAMES)
def test_configured_again_with_records_queued_and_the_service_slow_all_arrive(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, handlers: str, *, disable: bool
) -> None:
    names = NAMES[handlers]
    programs.run(
        CONFIGURATION
        + f"""
service.misbehave("slow", seconds=5)
for n in range(4):
    configure(*{names}, disable={disable})
    for m in range(100):
        configured.info("%d %d", n, m)
configure(disable={disable})
assert longest_s < 15, longest_s  # to deliver takes four calls at least, one by one
service.behave()
service.misbehave("slow", seconds=1)  # long enough for what is to arrive
"""
    )
    expected = Counter(f"{n} {m}" for n in range(4) for m in range(100))
    for name in names:
        assert Counter(cloudwatch_logs.messages(GROUP, name)) == expected


def test_configured_again_while_four_threads_log_everything_arrives(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        CONFIGURATION
        + """
service.misbehave("slow", seconds=0.1)
configure("one", "two")
def work(name):
    for n in range(3000):
        configured.info("%d %d", name, n)
        if n % 100 == 0:
            signal.sigtimedwait([], 0.01)
threads = [threading.Thread(target=work, args=(t,)) for t in range(4)]
for thread in threads:
    thread.start()
both = configured.handlers[:]  # dictConfig takes them away for a moment, records then have nowhere
while any(thread.is_alive() for thread in threads):
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})  # closes them
    for each in both:  # as uvicorn and others keep them
        assert each in configured.handlers
for thread in threads:
    thread.join()
"""
    )
    expected = Counter(f"{t} {n}" for t in range(4) for n in range(3000))
    for name in ("one", "two"):
        assert Counter(cloudwatch_logs.messages(GROUP, name)) == expected


@pytest.mark.parametrize("disable", [False, True])
def test_configured_again_while_the_service_hangs_is_back_at_once_and_so_is_exit(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, *, disable: bool
) -> None:
    began = time.monotonic()
    errors = programs.run(
        CONFIGURATION
        + f"""
service.misbehave("hang")
shutdown_timeout = 10
for n in range(3):
    configure("one", "two", disable={disable})
    configured.info("to nowhere %d", n)
assert longest_s < 9, longest_s
"""
    )
    # shutdown_timeout, a second, and a machine that is busy; not 6 times 10
    assert time.monotonic() - began < 10 + 1 + 30
    assert sum(int(line.split()[2]) for line in errors.splitlines() if "lost" in line) == 3 * 2
    assert cloudwatch_logs.summary.events_stored == 0
