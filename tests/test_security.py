"""What docs/security.md says, as far as no other test does."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler, JSONFormatter
from logspire.delivery.wakeup import TimeLeft
from logspire.testing import LocalCloudWatchLogs

if TYPE_CHECKING:
    from logspire import Loss

pytestmark = pytest.mark.slow  # and the same on every Python

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN"


def record(message: object) -> logging.LogRecord:
    return logging.LogRecord("app", logging.INFO, "", 1, message, (), None)


def close(handler: CloudWatchLogHandler) -> None:
    """Close, and wait until all is said: on a busy machine that may be after `close` returns."""
    worker = handler._pipeline._crew.thread
    handler.close()
    assert worker is not None
    worker.join(PATIENCE_S)
    handler._pipeline._reporter.wait(TimeLeft(PATIENCE_S))


@pytest.mark.parametrize("kind", ["access_denied", "expired_token", "throttle", "html"])
def test_no_secret_is_in_anything_that_tells_of_a_failure(
    kind: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    losses: list[Loss] = []
    with LocalCloudWatchLogs(credentials={"AKID": SECRET}) as service:
        service.misbehave(kind)
        for name, value in {**service.environment, "AWS_SESSION_TOKEN": TOKEN}.items():
            monkeypatch.setenv(name, value)
        told = CloudWatchLogHandler("group", "stream", on_loss=losses.append, shutdown_timeout=1)
        printed = CloudWatchLogHandler("group", "stream", shutdown_timeout=1)
        for handler in (told, printed):
            handler.handle(record("lost"))
            close(handler)
    errors = capfd.readouterr().err
    assert len(losses) == errors.count("logspire: lost") == 1
    said = [errors, *(f"{x!r} {x.stats()!r}" for x in (told, printed)), repr(losses)]
    assert [text for text in said if SECRET in text or TOKEN in text] == []


def wait_for_trouble(handler: CloudWatchLogHandler) -> None:
    """Wait for the first error; before that there is nothing that could be told."""
    while handler.stats().last_error is None:
        handler.flush(0.1)


def test_a_token_that_is_no_header_is_not_told_by_who_refuses_it(
    cloudwatch_logs: LocalCloudWatchLogs,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in {**cloudwatch_logs.environment, "AWS_SESSION_TOKEN": f"{TOKEN}\n"}.items():
        monkeypatch.setenv(name, value)
    handler = CloudWatchLogHandler("group", "stream", shutdown_timeout=1)
    handler.handle(record("lost"))
    wait_for_trouble(handler)
    close(handler)
    errors = capfd.readouterr().err
    assert "Invalid header value: a line end in the credentials?" in errors
    assert TOKEN not in errors + repr(handler.stats())


def test_whoever_answers_cannot_put_lines_of_their_own_on_standard_error(
    cloudwatch_logs: LocalCloudWatchLogs,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in cloudwatch_logs.environment.items():
        monkeypatch.setenv(name, value)
    cloudwatch_logs.misbehave(
        "error", error="Odd", status=400, message="a\r\nlogspire: lost 7 records\x1b[2J\u2028\x9b"
    )
    handler = CloudWatchLogHandler("group", "stream", shutdown_timeout=1)
    handler.handle(record("lost"))
    wait_for_trouble(handler)
    close(handler)
    line, end = capfd.readouterr().err.split("\n")
    assert end == ""
    assert line.isprintable()
    assert r"a\r\nlogspire: lost 7 records\x1b[2J\u2028\x9b" in line


@pytest.mark.parametrize("text", ["a\n2026-11-23 ERROR forged", "a\r\x1b[31mb", "\u2028\x00\x7f"])
def test_a_message_with_breaks_and_control_characters_stays_one_event_as_it_was(
    text: str, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = CloudWatchLogHandler(
        "group", "stream", boto3_client=cloudwatch_logs.client(), shutdown_timeout=100
    )
    handler.handle(record(text))
    handler.close()
    assert cloudwatch_logs.messages("group", "stream") == [text]


@pytest.mark.parametrize("text", ["a\n2026-11-23 ERROR forged", "a\r\x1b[31mb", "\x00"])
def test_the_json_formatter_escapes_them(text: str) -> None:
    line = JSONFormatter().format(record(text))
    assert line.isprintable()
    assert json.loads(line)["message"] == text


def test_what_a_mapping_says_cannot_take_the_place_of_what_the_record_says() -> None:
    line = JSONFormatter().format(record({"level": "CRITICAL", "logger": "other"}))
    assert json.loads(line)["level"] == "INFO"
    assert json.loads(line)["logger"] == "app"


def test_only_four_operations_are_ever_called(cloudwatch_logs: LocalCloudWatchLogs) -> None:
    handler = CloudWatchLogHandler(
        "group",
        "stream",
        boto3_client=cloudwatch_logs.client(),
        log_group_retention_days=7,
        log_group_tags={"team": "shop"},
        shutdown_timeout=100,
    )
    handler.handle(record("first of its group"))
    handler.close()
    assert {call.operation for call in cloudwatch_logs.calls} == {
        "PutLogEvents",
        "CreateLogStream",
        "CreateLogGroup",
        "PutRetentionPolicy",
    }
