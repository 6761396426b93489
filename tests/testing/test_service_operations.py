"""Groups, streams, tags, retention: what is created is there, once, and what is deleted is not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

    from logspire.testing import LocalCloudWatchLogs

ARN = "arn:aws:logs:us-east-1:123456789012:log-group:group"


def test_a_group_is_created_once(client: CloudWatchLogsClient) -> None:
    with pytest.raises(client.exceptions.ResourceAlreadyExistsException):
        client.create_log_group(logGroupName="group")


def test_a_stream_is_created_once(client: CloudWatchLogsClient) -> None:
    with pytest.raises(client.exceptions.ResourceAlreadyExistsException):
        client.create_log_stream(logGroupName="group", logStreamName="stream")


def test_of_many_threads_that_create_one_group_one_succeeds(service: LocalCloudWatchLogs) -> None:
    client = service.client()
    ready = threading.Barrier(8)
    outcomes: list[str] = []

    def create() -> None:
        ready.wait()
        try:
            client.create_log_group(logGroupName="raced")
        except client.exceptions.ResourceAlreadyExistsException:
            outcomes.append("refused")
        else:
            outcomes.append("created")

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert sorted(outcomes) == ["created"] + ["refused"] * 7


def test_a_stream_needs_its_group(client: CloudWatchLogsClient) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="log group"):
        client.create_log_stream(logGroupName="absent", logStreamName="stream")


@pytest.mark.parametrize(
    ("group", "stream", "what"), [("absent", "stream", "group"), ("group", "absent", "stream")]
)
def test_events_need_their_group_and_stream(
    client: CloudWatchLogsClient, group: str, stream: str, what: str
) -> None:
    event: Any = {"timestamp": 1, "message": "m"}
    with pytest.raises(client.exceptions.ResourceNotFoundException, match=f"log {what}"):
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])


def test_a_deleted_stream_is_gone(client: CloudWatchLogsClient) -> None:
    client.delete_log_stream(logGroupName="group", logStreamName="stream")
    assert client.describe_log_streams(logGroupName="group")["logStreams"] == []
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.delete_log_stream(logGroupName="group", logStreamName="stream")


def test_a_deleted_group_is_gone_with_its_streams(client: CloudWatchLogsClient) -> None:
    client.delete_log_group(logGroupName="group")
    assert client.describe_log_groups()["logGroups"] == []
    client.create_log_group(logGroupName="group")
    assert client.describe_log_streams(logGroupName="group")["logStreams"] == []


def test_a_group_keeps_what_it_was_created_with(client: CloudWatchLogsClient) -> None:
    client.create_log_group(
        logGroupName="new", kmsKeyId="key", logGroupClass="INFREQUENT_ACCESS", tags={"a": "b"}
    )
    group = client.describe_log_groups(logGroupNamePrefix="new")["logGroups"][0]
    assert group["kmsKeyId"] == "key"
    assert group["logGroupClass"] == "INFREQUENT_ACCESS"
    assert client.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"a": "b"}


def test_retention_can_be_set_and_taken_away(client: CloudWatchLogsClient) -> None:
    client.put_retention_policy(logGroupName="group", retentionInDays=30)
    assert client.describe_log_groups()["logGroups"][0]["retentionInDays"] == 30
    client.delete_retention_policy(logGroupName="group")
    assert "retentionInDays" not in client.describe_log_groups()["logGroups"][0]


def test_tags_are_added_replaced_and_removed(client: CloudWatchLogsClient) -> None:
    client.tag_resource(resourceArn=ARN, tags={"a": "1", "b": "2"})
    client.tag_resource(resourceArn=ARN, tags={"b": "3"})
    client.untag_resource(resourceArn=ARN, tagKeys=["a", "absent"])
    assert client.list_tags_for_resource(resourceArn=ARN)["tags"] == {"b": "3"}


def test_a_resource_takes_fifty_tags(client: CloudWatchLogsClient) -> None:
    client.tag_resource(resourceArn=ARN, tags={f"k{i}": "" for i in range(50)})
    with pytest.raises(client.exceptions.TooManyTagsException):
        client.tag_resource(resourceArn=ARN, tags={"one more": ""})


@pytest.mark.parametrize("arn", [f"{ARN}:*", "arn:aws:s3:::bucket", "group"])
def test_only_the_arn_of_a_group_can_be_tagged(client: CloudWatchLogsClient, arn: str) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.tag_resource(resourceArn=arn, tags={"a": "1"})


@pytest.mark.parametrize(
    "arn", [f"{ARN}-absent", ARN.replace("us-east-1", "eu-west-1"), ARN.replace("123", "321")]
)
def test_the_arn_must_be_of_a_group_that_is_here(client: CloudWatchLogsClient, arn: str) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.tag_resource(resourceArn=arn, tags={"a": "1"})


def test_an_operation_that_is_not_built_is_unknown(client: CloudWatchLogsClient) -> None:
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client.describe_queries()
