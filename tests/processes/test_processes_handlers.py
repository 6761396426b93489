"""Handlers made and dropped by the thousand: what they took comes back, what they held arrives."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest
from delivery.conftest import GROUP, STREAM, Programs
from patience import PATIENCE_S

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.slow,
]

# What a process has taken of what the system gives; `settled` waits until it is back. A client for
# all handlers: making one takes a tenth of a second.
MEASURES = """
import gc, boto3
from botocore.config import Config
CLIENT = boto3.client("logs", config=Config(max_pool_connections=50))
def resident_kib():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024
def taken():
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))
def settled(before):
    until = time.monotonic() + 60
    while True:
        gc.collect()
        CLIENT.close()
        now = taken()
        if all(n <= m for n, m in zip(now, before)):
            return True
        if time.monotonic() > until:
            return f"{before} became {now}"
        signal.sigtimedwait([], 0.05)
def use(n, end):
    made = make(boto3_client=CLIENT)
    made.handle(logging.makeLogRecord({"msg": str(n)}))
    if end == "close":
        made.close()
for end in ("close", "drop"):  # what is taken once, is taken
    use(end, end)
assert handler.flush(60)
settled((1, 5))
before = taken()
"""


def arrived(service: LocalCloudWatchLogs) -> list[str]:
    return sorted(m for m in service.messages(GROUP, STREAM) if m.isdecimal())


@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_thousand_handlers_that_logged_give_everything_back(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, end: str
) -> None:
    programs.run(
        MEASURES
        + f"""
for n in range(100):
    use(n, {end!r})
assert settled(before) is True, settled(before)
memory = resident_kib()
for n in range(100, 1000):
    use(n, {end!r})
    if n % 50 == 0:
        settled(before)
assert settled(before) is True, settled(before)
assert resident_kib() < memory + 10_000, resident_kib() - memory
""",
    )
    assert arrived(cloudwatch_logs) == sorted(str(n) for n in range(1000))


def test_handlers_dropped_during_an_outage_deliver_when_it_ends_and_then_give_everything_back(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        MEASURES
        + """
service = RemoteCloudWatchLogs(os.environ["AWS_ENDPOINT_URL"])
service.misbehave("unavailable")
for n in range(300):
    use(n, "drop")
gc.collect()
service.behave()
assert settled(before) is True, settled(before)
""",
    )
    assert arrived(cloudwatch_logs) == sorted(str(n) for n in range(300))


def test_handlers_closed_during_an_outage_give_everything_back_though_it_lasts(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    errors = programs.run(
        MEASURES
        + """
RemoteCloudWatchLogs(os.environ["AWS_ENDPOINT_URL"]).misbehave("unavailable")
for n in range(200):
    made = make(boto3_client=CLIENT, shutdown_timeout=0.02)
    made.handle(logging.makeLogRecord({"msg": str(n)}))
    made.close()
    while made.stats().held:  # the worker may be late on a busy machine
        signal.sigtimedwait([], 0.01)
    assert made.stats().lost == 1
del made
assert settled(before) is True, settled(before)
""",
    )
    assert errors.count("lost 1 record") == 200
    assert arrived(cloudwatch_logs) == []


def test_a_process_that_dropped_handlers_during_an_outage_still_ends_in_time(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    program = programs.start(
        MEASURES
        + """
RemoteCloudWatchLogs(os.environ["AWS_ENDPOINT_URL"]).misbehave("hang", seconds=30)
options["shutdown_timeout"] = 1
for n in range(50):
    use(n, "drop")
gc.collect()
print("leaving")
""",
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "leaving\n"
    left = time.monotonic()
    _, errors = program.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - left < 25  # 1 + 1, and a machine that is busy; not 50 times 1
    assert program.returncode == 0
    assert errors.count("lost 1 record") == 50
    assert arrived(cloudwatch_logs) == []
