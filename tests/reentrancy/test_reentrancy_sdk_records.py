"""The SDK's own records, with everything that makes them many: no loop, no deadlock, no loss."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from delivery.conftest import GROUP, Programs

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs

# The root logger at DEBUG, warnings captured, and the application's own calls of boto3 from its
# own threads, each with a text of its own.
PROGRAM = """
import boto3, warnings
logging.captureWarnings(True)
root = logging.getLogger()
root.setLevel(logging.DEBUG)
handlers = [
    CloudWatchLogHandler("tests", name, send_interval=0.05, use_queues={use_queues})
    for name in ("one", "two")
]
for made in handlers:
    root.addHandler(made)
def call(name):
    client = boto3.session.Session().client("logs")
    for n in range(5):
        client.describe_log_groups(logGroupNamePrefix="mine-%d-%d" % (name, n))
    client.close()
    logging.getLogger("shop.%d" % name).info("called %d", name)
threads = [threading.Thread(target=call, args=(t,)) for t in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with warnings.catch_warnings():
    warnings.simplefilter("always")
    logging.captureWarnings(True)
    warnings.warn("captured")
for made in handlers:
    assert made.flush(100), made.stats()
accepted = [made.stats().accepted for made in handlers]
# Sending has gone on meanwhile; what it logs must not have made more of itself.
for made in handlers:
    assert made.flush(100), made.stats()
assert [made.stats().accepted for made in handlers] == accepted
assert all(made.stats().lost == made.stats().held == 0 for made in handlers)
assert all(made.stats().ignored > 10 for made in handlers)
"""


@pytest.mark.parametrize("use_queues", [True, False])
def test_at_debug_with_warnings_as_errors_only_the_applications_own_sdk_records_arrive(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, *, use_queues: bool
) -> None:
    errors = programs.run(PROGRAM.format(use_queues=use_queues), "-W", "error")
    assert errors == ""
    for stream in ("one", "two"):
        text = "\n".join(cloudwatch_logs.messages(GROUP, stream))
        calls = {f"mine-{t}-{n}" for t in range(3) for n in range(5)}
        assert set(re.findall(r"mine-\d-\d", text)) == calls
        assert all(f"called {t}" in text for t in range(3))
        assert "UserWarning: captured" in text
        assert "PutLogEvents" not in text
        assert "CreateLogStream" not in text


def test_at_debug_an_outage_that_makes_the_sdk_talk_does_not_feed_itself(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        service = RemoteCloudWatchLogs(os.environ["AWS_ENDPOINT_URL"])
        handler = make(send_interval=0)
        root = logging.getLogger()
        root.setLevel(logging.DEBUG)
        root.addHandler(handler)
        root.info("before")
        assert handler.flush(100)
        for fault in ("unavailable", "reset", "garbage", "html", "throttle"):
            service.misbehave(fault, operation="PutLogEvents", times=4)
            root.info("during %s", fault)
            assert handler.flush(100), handler.stats()
        root.setLevel(logging.INFO)
        root.info("accepted %d", handler.stats().accepted)
        """,
        "-W",
        "error",
    )
    own = [m for m in cloudwatch_logs.messages(GROUP, "stream") if "logs" not in m]
    faults = ("unavailable", "reset", "garbage", "html", "throttle")
    assert own[:-1] == ["before", *(f"during {fault}" for fault in faults)]
    assert own[-1] == f"accepted {1 + len(faults)}"
