"""``python -m logspire check`` where the service answers: what it tells, and what it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from logspire.cli.step import NAMES
from logspire.testing.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_line.conftest import Checked

    from logspire.testing import LocalCloudWatchLogs

    Check = Callable[..., Checked]

STREAM = ("--log-stream", "web-1")
ENTITY = '{"keyAttributes": {"Type": "Service", "Name": "shop"}}'


def make_stream(service: LocalCloudWatchLogs, *, group_only: bool = False) -> None:
    client = service.client()
    client.create_log_group(logGroupName="app")
    if not group_only:
        client.create_log_stream(logGroupName="app", logStreamName="web-1")
    client.close()


def called(service: LocalCloudWatchLogs) -> set[str]:
    return set(service.summary.calls)


def test_where_all_is_well_the_status_is_0_and_every_step_is_ok(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    checked = check(
        *("--log-group-retention-days", "30", "--log-group-tags", "team=web", "--entity", ENTITY)
    )
    assert checked.status == 0
    assert checked.report["delivers"] is True
    assert checked.statuses == dict.fromkeys(NAMES, "ok")
    assert service.summary.events_stored == 1


def test_what_is_left_behind_is_told(service: LocalCloudWatchLogs, check: Check) -> None:
    checked = check(*STREAM)
    left = ["log group app", "log stream web-1", "an event that says that it is a test"]
    assert checked.report["left_behind"] == left
    assert "a test, written by `python -m logspire check`" in service.messages("app", "web-1")[0]


def test_what_is_there_is_not_created(service: LocalCloudWatchLogs, check: Check) -> None:
    make_stream(service)
    checked = check(*STREAM)
    assert checked.status == 0
    assert [checked.step(f"log_{what}")["found"] for what in ("group", "stream")] == ["there"] * 2
    assert checked.report["left_behind"] == ["an event that says that it is a test"]


@pytest.mark.usefixtures("service")
def test_the_keys_of_the_json_stay_as_they_are(check: Check) -> None:
    checked = check()
    assert list(checked.report) == [
        *("format", "logspire", "delivers", "log_group_name", "log_stream_name"),
        *("left_behind", "seconds", "steps"),
    ]
    assert {tuple(step) for step in checked.report["steps"]} == {
        ("name", "status", "found", "advice", "facts")
    }
    assert checked.report["format"] == 1


def test_the_event_goes_where_the_template_of_the_handler_says(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    template = "{program_name}/{logger_name}/{level_name}/{strftime:%Y:}"
    name = check("--log-stream-name", template).report["log_stream_name"]
    assert name.startswith("logspire-check/logspire.check/INFO/2")
    assert name.endswith("-")  # which the colon became
    assert len(service.messages("app", name)) == 1


def test_with_no_send_nothing_is_written_and_nothing_is_proved(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    checked = check("--no-send")
    assert (checked.status, checked.report["delivers"]) == (3, None)
    assert checked.report["left_behind"] == []
    assert called(service) == {"GetLogEvents"}


@pytest.mark.parametrize(
    ("group_only", "found"),
    [(False, ["ok", "ok"]), (True, ["ok", "unknown"])],
)
def test_no_send_sees_the_group_and_the_stream(
    service: LocalCloudWatchLogs, check: Check, *, group_only: bool, found: list[str]
) -> None:
    make_stream(service, group_only=group_only)
    checked = check("--no-send", *STREAM)
    assert [checked.statuses["log_group"], checked.statuses["log_stream"]] == found


def test_with_no_send_a_permission_to_read_that_is_missing_is_named(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    service.misbehave("access_denied", operation="GetLogEvents")
    checked = check("--no-send")
    assert (checked.status, checked.statuses["log_group"]) == (3, "unknown")
    assert "AccessDeniedException" in checked.step("log_group")["found"]
    assert "policy --read-back" in checked.step("log_group")["advice"]


def test_the_permission_to_put_is_enough(service: LocalCloudWatchLogs, check: Check) -> None:
    make_stream(service)
    service.misbehave("access_denied", operation=OPERATIONS.keys() - {"PutLogEvents"})
    checked = check(*STREAM)
    assert (checked.status, checked.failed) == (0, [])
    assert checked.statuses["read_back"] == "unknown"
    assert "Delivery does not need this permission" in checked.step("read_back")["advice"]


@pytest.mark.parametrize(
    ("operation", "failed"),
    [
        ("PutLogEvents", ["test_event"]),
        ("CreateLogStream", ["log_stream", "test_event"]),
        ("CreateLogGroup", ["log_group", "test_event"]),
        ("PutRetentionPolicy", ["retention"]),
    ],
)
def test_a_permission_that_is_missing_is_named(
    service: LocalCloudWatchLogs, check: Check, operation: str, failed: list[str]
) -> None:
    if operation == "CreateLogStream":
        make_stream(service, group_only=True)
    service.misbehave("access_denied", operation=operation)
    checked = check("--log-group-retention-days", "7", *STREAM)
    assert (checked.status, checked.failed) == (1, failed)
    assert f"Allow logs:{operation} " in checked.step(failed[0])["advice"]


def test_a_record_that_would_be_delivered_without_its_retention_is_still_delivered(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    service.misbehave("access_denied", operation="PutRetentionPolicy")
    checked = check("--log-group-retention-days", "7")
    assert (checked.status, checked.report["delivers"]) == (1, True)


@pytest.mark.parametrize("kind", ["throttle", "unavailable", "reset"])
def test_a_retention_that_the_handler_would_try_to_set_again_is_not_known(
    service: LocalCloudWatchLogs, check: Check, kind: str
) -> None:
    service.misbehave(kind, operation="PutRetentionPolicy")
    checked = check("--log-group-retention-days", "7")
    assert (checked.status, checked.statuses["retention"]) == (0, "unknown")
    assert checked.step("retention")["advice"]


def test_the_permission_to_tag_is_told_from_that_to_create(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    said = 'User is not authorized to perform CreateLogGroup with Tags. An additional permission "'
    service.misbehave("access_denied", operation="CreateLogGroup", message=f"{said}logs:...")
    checked = check("--log-group-tags", "team=web")
    assert "Allow logs:TagResource " in checked.step("log_group")["advice"]


@pytest.mark.parametrize(
    ("options", "failed"),
    [
        (["--no-create-log-group"], ["log_group", "test_event"]),
        (["--no-create-log-stream", "--log-group", "there"], ["log_stream", "test_event"]),
    ],
)
def test_what_is_missing_and_may_not_be_created_has_failed(
    service: LocalCloudWatchLogs, check: Check, options: list[str], failed: list[str]
) -> None:
    client = service.client()
    client.create_log_group(logGroupName="there")
    client.close()
    checked = check(*options)
    assert (checked.status, checked.failed) == (1, failed)
    assert checked.step(failed[0])["advice"]


def test_a_key_that_cannot_be_used_is_told_as_such(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    service.misbehave(
        "error",
        error="InvalidParameterException",
        message="The specified KMS key does not exist or is not allowed to be used with Arn 'arn'",
        operation="CreateLogGroup",
    )
    checked = check("--log-group-kms-key-id", "arn:aws:kms:us-east-1:123456789012:key/1")
    assert checked.failed == ["log_group", "test_event"]
    assert "The key must exist" in checked.step("log_group")["advice"]


def test_throttling_that_passes_is_waited_for(service: LocalCloudWatchLogs, check: Check) -> None:
    make_stream(service)
    service.misbehave("throttle", times=2)
    checked = check(*STREAM)
    assert checked.status == 0
    assert checked.step("test_event")["found"] == "stored by call number 3"


def test_a_creation_that_is_throttled_is_tried_again(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    service.misbehave("throttle", operation=["CreateLogGroup", "CreateLogStream"], times=2)
    assert check().status == 0


def test_throttling_that_does_not_pass_fails_in_time(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    service.misbehave("throttle")
    checked = check("--timeout", "12")  # of which a busy machine may take some between two calls
    assert (checked.status, checked.failed) == (1, ["test_event"])
    assert "limit of calls" in checked.step("test_event")["advice"]
    assert len(service.calls) > 1


def test_an_event_that_cannot_be_read_in_time_is_no_failure(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    make_stream(service)
    service.misbehave("lost_answer", operation="GetLogEvents")
    checked = check(*STREAM)
    assert (checked.status, checked.statuses["read_back"]) == (0, "unknown")


@pytest.mark.usefixtures("service")
def test_an_entity_that_is_rejected_has_failed_with_the_reason_of_the_service(check: Check) -> None:
    bad = '{"keyAttributes": {"Type": "Service", "Nmae": "shop"}}'
    checked = check("--entity", bad)
    assert (checked.status, checked.failed) == (1, ["entity"])
    assert "InvalidKeyAttributes" in checked.step("entity")["found"]
    assert checked.report["delivers"] is True
