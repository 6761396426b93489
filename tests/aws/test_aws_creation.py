"""How a missing log group and log stream come to be, in which calls and with what."""

import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from botocore.config import Config
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler
from logspire.aws.logs import CloudWatchLogs
from logspire.core.retry import Verdict
from logspire.core.stream import Creation
from logspire.testing import LocalCloudWatchLogs

pytestmark = pytest.mark.slow  # and the same on every Python

GROUP, STREAM = "group", "stream"
Make = Callable[..., CloudWatchLogHandler]

PUT, STREAM_CALL, GROUP_CALL = "PutLogEvents", "CreateLogStream", "CreateLogGroup"


def operations(service: LocalCloudWatchLogs) -> list[str]:
    return [call.operation for call in service.calls]


def create(service: LocalCloudWatchLogs) -> None:
    """Create the group and the stream, as somebody else."""
    client = service.client()
    # The handler that waits may be faster, where it is allowed to.
    with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_log_group(logGroupName=GROUP)
    with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    client.close()


def test_the_put_comes_first_and_tells_that_all_is_missing(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler()
    log.info("first")
    assert handler.flush(PATIENCE_S)
    log.info("second")
    assert handler.flush(PATIENCE_S)
    assert operations(cloudwatch_logs) == [PUT, STREAM_CALL, GROUP_CALL, STREAM_CALL, PUT, PUT]
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["first", "second"]


def test_where_the_group_is_there_only_the_stream_is_created(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    cloudwatch_logs.client().create_log_group(logGroupName=GROUP)
    handler = make_handler()
    log.info("first")
    assert handler.flush(PATIENCE_S)
    assert operations(cloudwatch_logs)[1:] == [PUT, STREAM_CALL, PUT]


def test_where_both_are_there_one_permission_is_enough(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    create(cloudwatch_logs)
    handler = make_handler(log_group_retention_days=7, log_group_tags={"a": "b"})
    log.info("first")
    assert handler.flush(PATIENCE_S)
    assert operations(cloudwatch_logs)[2:] == [PUT]


@pytest.mark.parametrize("missing", ["group", "stream"])
def test_what_is_deleted_in_the_middle_is_created_again(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger, missing: str
) -> None:
    handler = make_handler()
    log.info("before")
    assert handler.flush(PATIENCE_S)
    client = cloudwatch_logs.client()
    if missing == "group":
        client.delete_log_group(logGroupName=GROUP)
    else:
        client.delete_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    log.info("after")
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["after"]
    assert handler.stats().delivered == 2


def test_a_group_that_is_created_gets_all_that_was_asked_for(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    handler = make_handler(
        log_group_retention_days=7,
        log_group_tags={"team": "web"},
        log_group_kms_key_id=key,
        log_group_class="INFREQUENT_ACCESS",
    )
    log.info("first")
    handler.close()
    made = [PUT, STREAM_CALL, GROUP_CALL, STREAM_CALL]
    assert operations(cloudwatch_logs)[:4] == made
    assert sorted(operations(cloudwatch_logs)[4:]) == [PUT, "PutRetentionPolicy"]
    (described,) = cloudwatch_logs.client().describe_log_groups()["logGroups"]
    assert described["retentionInDays"] == 7
    assert described["kmsKeyId"] == key
    assert described["logGroupClass"] == "INFREQUENT_ACCESS"
    request = cloudwatch_logs.calls[2].request
    assert request["tags"] == {"team": "web"}


def test_a_group_that_was_created_though_the_answer_was_lost_gets_its_retention(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    cloudwatch_logs.misbehave("lost_answer", operation=GROUP_CALL, times=1)
    handler = make_handler(log_group_retention_days=7)
    log.info("first")
    handler.close()
    assert operations(cloudwatch_logs).count(GROUP_CALL) == 1
    (described,) = cloudwatch_logs.client().describe_log_groups()["logGroups"]
    assert described["retentionInDays"] == 7


def test_a_group_created_by_another_in_between_keeps_its_settings(
    cloudwatch_logs: LocalCloudWatchLogs, make_destination: Callable[..., CloudWatchLogs]
) -> None:
    cloudwatch_logs.misbehave(
        "error", operation=GROUP_CALL, error="ResourceAlreadyExistsException", times=1
    )
    destination = make_destination(retention_days=7)
    assert destination.perform(Creation(STREAM)).verdict is Verdict.MISSING
    create(cloudwatch_logs)
    assert destination.perform(Creation(STREAM)).verdict is Verdict.DELIVERED
    assert "PutRetentionPolicy" not in operations(cloudwatch_logs)


def test_a_retention_that_fails_is_set_after_later_jobs(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    cloudwatch_logs.misbehave("throttle", operation="PutRetentionPolicy", times=2)
    handler = make_handler(log_group_retention_days=7)
    while operations(cloudwatch_logs).count("PutRetentionPolicy") < 3:  # beside a job, not with it
        log.info("a job, after which it may be tried")
        assert handler.flush(PATIENCE_S)
    handler.close()
    (described,) = cloudwatch_logs.client().describe_log_groups()["logGroups"]
    assert described["retentionInDays"] == 7
    assert operations(cloudwatch_logs).count("PutRetentionPolicy") == 3


def test_a_retention_that_hangs_holds_up_no_event(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    cloudwatch_logs.misbehave("hang", operation="PutRetentionPolicy")
    # Its own would give up the call that hangs after 20 s.
    patient = Config(read_timeout=2 * PATIENCE_S, retries={"total_max_attempts": 1})
    client = cloudwatch_logs.client(config=patient)
    handler = make_handler(log_group_retention_days=7, shutdown_timeout=1, boto3_client=client)
    for number in range(3):
        log.info("%d", number)
        assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["0", "1", "2"]


def test_a_close_waits_for_the_retention_of_a_group_that_was_just_created(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    cloudwatch_logs.misbehave("slow", operation="PutRetentionPolicy", seconds=0.5)
    handler = make_handler(log_group_retention_days=7)
    log.info("x")
    handler.close()
    (described,) = cloudwatch_logs.client().describe_log_groups()["logGroups"]
    assert described["retentionInDays"] == 7


def test_a_retention_that_is_not_allowed_does_not_keep_the_events(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    cloudwatch_logs.misbehave("access_denied", operation="PutRetentionPolicy")
    handler = make_handler(log_group_retention_days=7)
    logged: list[str] = []
    while operations(cloudwatch_logs).count("PutRetentionPolicy") < 2:  # not after each batch
        logged.append(str(len(logged)))
        log.info(logged[-1])
        assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == logged
    assert operations(cloudwatch_logs).count("PutLogEvents") > 2


@pytest.mark.parametrize("denied", [GROUP_CALL, STREAM_CALL, [GROUP_CALL, STREAM_CALL]])
def test_not_allowed_to_create_the_put_works_once_somebody_else_has_created(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_handler: Make,
    log: logging.Logger,
    denied: str | list[str],
) -> None:
    cloudwatch_logs.misbehave("access_denied", operation=denied)
    handler = make_handler(send_interval=0)
    log.info("patient")
    assert cloudwatch_logs.wait_for(lambda: operations(cloudwatch_logs).count(PUT) > 1, PATIENCE_S)
    assert handler.stats().held == 1
    assert "AccessDeniedException" in cloudwatch_logs.summary.refused
    cloudwatch_logs.behave()
    create(cloudwatch_logs)
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["patient"]


@pytest.mark.parametrize("keyword", ["create_log_group", "create_log_stream"])
def test_told_not_to_create_it_waits_until_somebody_else_does(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger, keyword: str
) -> None:
    handler = make_handler(send_interval=0, **{keyword: False})
    log.info("patient")
    assert cloudwatch_logs.wait_for(lambda: operations(cloudwatch_logs).count(PUT) > 1, PATIENCE_S)
    forbidden = {"create_log_group": GROUP_CALL, "create_log_stream": STREAM_CALL}[keyword]
    assert forbidden not in operations(cloudwatch_logs)
    create(cloudwatch_logs)
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["patient"]


def test_a_creation_that_somebody_else_is_making_is_waited_for(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    cloudwatch_logs.misbehave("aborted", operation=[GROUP_CALL, STREAM_CALL], times=1)
    handler = make_handler()
    log.info("first")
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["first"]


def test_two_adapters_that_create_at_once_both_succeed(
    make_destination: Callable[..., CloudWatchLogs], cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    first, second = make_destination(), make_destination()
    assert first.perform(Creation(STREAM)).verdict is Verdict.DELIVERED
    assert second.perform(Creation(STREAM)).verdict is Verdict.DELIVERED
    assert cloudwatch_logs.summary.refused == {
        "ResourceNotFoundException": 1,
        "ResourceAlreadyExistsException": 1,
    }


PROGRAM = """
import logging, sys, logspire
handler = logspire.CloudWatchLogHandler("group", "{logger_name}", send_interval=0)
log = logging.getLogger(sys.argv[1])
log.addHandler(handler)
sys.stdin.readline()
for number in range(50):
    log.warning("%d", number)
sys.exit(0 if handler.flush(100) else 1)
"""


def test_processes_that_start_together_all_deliver_and_none_describes(
    cloudwatch_logs: LocalCloudWatchLogs,
) -> None:
    def start(name: str) -> "subprocess.Popen[bytes]":
        environment = {**child_environment(), **cloudwatch_logs.environment}
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, name], env=environment, stdin=subprocess.PIPE
        )

    children = [start(name) for name in ("same", "same", "other")]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.close()
    assert [child.wait(PATIENCE_S) for child in children] == [0, 0, 0]
    numbers = [str(number) for number in range(50)]
    assert sorted(cloudwatch_logs.messages(GROUP, "same")) == sorted(numbers * 2)
    assert cloudwatch_logs.messages(GROUP, "other") == numbers
    assert set(operations(cloudwatch_logs)) == {PUT, STREAM_CALL, GROUP_CALL}


def child_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
