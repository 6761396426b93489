"""The handler works with what ``policy`` allows, and not with less.

The strict service denies by operation; on which log group, ``test_policy`` tells. Neither it nor
any emulator asks for ``logs:TagResource`` where a log group is created with tags, as AWS does.
"""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler
from logspire.__main__ import main
from logspire.testing.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logspire.testing import LocalCloudWatchLogs

pytestmark = pytest.mark.slow  # and the same on every Python

KEYWORDS: dict[str, dict[str, Any]] = {
    "nothing is there": {},
    "with a retention": {"log_group_retention_days": 30},
    "the group is there": {"create_log_group": False},
    "the stream is there": {"create_log_group": False, "create_log_stream": False},
}


def allowed(capsys: pytest.CaptureFixture[str], keywords: dict[str, Any]) -> list[str]:
    """The operations that the policy for these keywords allows."""
    arguments: list[str] = []
    for name, value in keywords.items():
        option = name.replace("_", "-")
        arguments += [f"--no-{option}"] if value is False else [f"--{option}", str(value)]
    main(["policy", *arguments])
    statements = json.loads(capsys.readouterr().out)["Statement"]
    return [a.removeprefix("logs:") for statement in statements for a in statement["Action"]]


@contextmanager
def handler(
    service: LocalCloudWatchLogs, keywords: dict[str, Any], operations: set[str]
) -> Iterator[CloudWatchLogHandler]:
    """A handler that may do these operations only, and has a record to send."""
    client = service.client()
    if not keywords.get("create_log_group", True):
        client.create_log_group(logGroupName="app")
    if not keywords.get("create_log_stream", True):
        client.create_log_stream(logGroupName="app", logStreamName="web-1")
    client.close()
    service.misbehave("access_denied", operation=OPERATIONS.keys() - operations)
    made = CloudWatchLogHandler(
        *("app", "web-1"), **keywords, send_interval=0, shutdown_timeout=100, on_loss=lambda _: None
    )
    made.handle(logging.makeLogRecord({"msg": "paid"}))
    try:
        yield made
    finally:
        service.behave()
        made.close()


@pytest.mark.parametrize("name", KEYWORDS)
def test_what_is_allowed_is_enough(
    service: LocalCloudWatchLogs, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    keywords = KEYWORDS[name]
    operations = set(allowed(capsys, keywords))
    with handler(service, keywords, operations) as running:
        assert running.flush(PATIENCE_S), running.stats()
        assert service.messages("app", "web-1") == ["paid"]
        assert "AccessDeniedException" not in service.summary.refused
        if "PutRetentionPolicy" in operations:
            assert service.wait_for(
                lambda: "PutRetentionPolicy" in service.summary.calls, PATIENCE_S
            )


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("nothing is there", "PutLogEvents"),
        ("nothing is there", "CreateLogStream"),
        ("nothing is there", "CreateLogGroup"),
        ("with a retention", "PutRetentionPolicy"),
        ("the group is there", "PutLogEvents"),
        ("the group is there", "CreateLogStream"),
        ("the stream is there", "PutLogEvents"),
    ],
)
def test_nothing_that_is_allowed_can_be_done_without(
    service: LocalCloudWatchLogs, capsys: pytest.CaptureFixture[str], name: str, operation: str
) -> None:
    keywords = KEYWORDS[name]
    operations = allowed(capsys, keywords)
    assert operation in operations

    def is_denied() -> bool:
        return any(call.operation == operation and call.refused for call in service.calls)

    with handler(service, keywords, {*operations} - {operation}):
        assert service.wait_for(is_denied, timeout=PATIENCE_S)
        # Without its retention a group is kept too long, but what is for it arrives.
        expected = ["paid"] if operation == "PutRetentionPolicy" else []
        assert service.wait_for(
            lambda: service.messages("app", "web-1") == expected, timeout=PATIENCE_S
        )
