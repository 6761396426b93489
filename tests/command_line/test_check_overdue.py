"""What ``check`` tells when time is up, by the call that is not answered."""

from __future__ import annotations

import threading
from collections import deque

import pytest
from patience import PATIENCE_S

from logspire.aws.client import ClientOptions
from logspire.aws.logs import GroupOptions
from logspire.cli.examination import Examination
from logspire.cli.keywords import Keywords
from logspire.core.naming import StreamTemplate
from logspire.testing import LocalCloudWatchLogs

ANSWERED = {"connection": "ok", "clock": "ok", "authentication": "ok"}
STORED = {**ANSWERED, "log_group": "ok", "log_stream": "ok", "test_event": "ok"}
LEFT = ["log group app", "log stream web-1", "an event that says that it is a test"]


@pytest.mark.parametrize(
    ("operation", "steps", "left"),
    [
        ("PutLogEvents", {"connection": "failed"}, []),
        ("CreateLogGroup", {**ANSWERED, "test_event": "failed"}, []),
        ("PutRetentionPolicy", {**STORED, "retention": "failed"}, LEFT),
        ("GetLogEvents", {"read_back": "unknown"}, LEFT),
    ],
)
def test_what_was_found_and_what_is_left_is_told_when_time_is_up(
    monkeypatch: pytest.MonkeyPatch, operation: str, steps: dict[str, str], left: list[str]
) -> None:
    keywords = Keywords(
        log_group_name="app",
        stream=StreamTemplate("web-1"),
        client=ClientOptions(),
        group=GroupOptions(retention_days=7),
        entity=None,
    )
    with LocalCloudWatchLogs() as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        service.misbehave("hang", operation=operation)
        examination = Examination(keywords, send=True, timeout_s=60)
        running = threading.Thread(target=deque, args=(examination.run(),), daemon=True)
        running.start()
        assert service.wait_for(lambda: operation in service.summary.calls, timeout=PATIENCE_S)
        overdue = list(examination.overdue())
        assert {step.name: step.status for step in overdue} == steps
        assert overdue[-1].found == "nothing after 60 s"
        assert overdue[-1].advice
        assert examination.left_behind == left
    running.join(PATIENCE_S)
    assert not running.is_alive()
