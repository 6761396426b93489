"""The service refuses every row of the limits table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

    from logspire.testing import LocalCloudWatchLogs

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

Put = Callable[..., Any]
Send = Callable[..., Any]


def refused(message: str) -> Any:
    return pytest.raises(ClientError, match=rf"\(InvalidParameterException\).*{message}")


def batch(*events: object) -> dict[str, object]:
    return {"logGroupName": "group", "logStreamName": "stream", "logEvents": list(events)}


def test_a_batch_of_the_largest_size_is_stored(put: Put, service: LocalCloudWatchLogs) -> None:
    put("é" * 524_260, "x" * (1_048_576 - 2 * 524_260 - 2 * 26))
    assert service.summary.events_stored == 2


def test_a_batch_one_byte_over_the_largest_size_is_refused(put: Put) -> None:
    with refused("Upload too large: 1048577 bytes"):
        put("é" * 524_260, "x" * (1_048_577 - 2 * 524_260 - 2 * 26))


def test_the_size_of_a_batch_is_that_of_the_raw_messages(put: Put) -> None:
    put("\n" * 1_048_550)  # twice as long in JSON


def test_the_largest_event_is_stored(put: Put, service: LocalCloudWatchLogs) -> None:
    put("x" * 1_048_550)
    assert service.summary.events_stored == 1


def test_an_event_one_byte_larger_is_refused(put: Put) -> None:
    with refused("Log event too large: 1048577 bytes"):
        put("x" * 1_048_551)


def test_ten_thousand_events_are_stored(put: Put, service: LocalCloudWatchLogs) -> None:
    put(*["m"] * 10_000)
    assert service.summary.events_stored == 10_000


def test_one_event_more_is_refused(put: Put) -> None:
    with refused("less than or equal to 10000"):
        put(*["m"] * 10_001)


def test_a_batch_without_events_is_refused(send: Send) -> None:
    answer = send("PutLogEvents", batch())
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert "logEvents" in answer.json["message"]


def test_equal_timestamps_are_in_order(put: Put, clock: Callable[[], int]) -> None:
    put(events=[{"timestamp": clock(), "message": m} for m in "ab"])


def test_a_batch_out_of_order_is_refused(put: Put, clock: Callable[[], int]) -> None:
    with refused("chronological order"):
        put(events=[{"timestamp": clock() - i, "message": "m"} for i in range(2)])


def test_a_span_of_24_hours_is_stored(put: Put, clock: Callable[[], int]) -> None:
    put(events=[{"timestamp": clock() - ago, "message": "m"} for ago in (DAY_MS, 0)])


def test_a_span_over_24_hours_is_refused(put: Put, clock: Callable[[], int]) -> None:
    with refused("cannot span more than 24 hours"):
        put(events=[{"timestamp": clock() - ago, "message": "m"} for ago in (DAY_MS + 1, 0)])


def test_events_that_are_rejected_do_not_count_for_the_span(
    put: Put, clock: Callable[[], int]
) -> None:
    put(events=[{"timestamp": clock() - ago, "message": "m"} for ago in (15 * DAY_MS, 0)])


def test_an_empty_message_is_refused(send: Send) -> None:
    answer = send("PutLogEvents", batch({"timestamp": 1, "message": ""}))
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert "logEvents.1.member.message" in answer.json["message"]


def test_a_lone_surrogate_is_refused(put: Put) -> None:
    with refused("valid Unicode"):
        put("good", "bad \ud800")


def test_a_negative_timestamp_is_refused(send: Send) -> None:
    answer = send("PutLogEvents", batch({"timestamp": -1, "message": "m"}))
    assert answer.code == "InvalidParameterException"
    assert "greater than or equal to 0" in answer.json["message"]


@pytest.mark.parametrize("timestamp", [1.5, "1", True, 2**63, None])
def test_a_timestamp_that_is_no_long_is_refused(send: Send, timestamp: object) -> None:
    answer = send("PutLogEvents", batch({"timestamp": timestamp, "message": "m"}))
    assert answer.status == 400
    assert answer.code in {"SerializationException", "InvalidParameterException"}


@pytest.mark.parametrize("event", [{}, {"timestamp": 1}, {"message": "m"}, "text", None])
def test_an_event_without_its_two_members_is_refused(send: Send, event: object) -> None:
    assert send("PutLogEvents", batch(event)).status == 400


@pytest.mark.parametrize(
    "name", ["a b", "ä", "a:b", "a" * 513, "aws/mine"], ids=["space", "ä", "colon", "513", "aws/"]
)
def test_an_illegal_group_name_is_refused(client: CloudWatchLogsClient, name: str) -> None:
    with refused(""):
        client.create_log_group(logGroupName=name)


@pytest.mark.parametrize("name", ["/aws/lambda/f", "a" * 512, "A-z_0.9#/"])
def test_a_legal_group_name_is_taken(client: CloudWatchLogsClient, name: str) -> None:
    client.create_log_group(logGroupName=name)


@pytest.mark.parametrize("name", ["a:b", "a*", "a" * 513], ids=["colon", "star", "513"])
def test_an_illegal_stream_name_is_refused(client: CloudWatchLogsClient, name: str) -> None:
    with refused("logStreamName"):
        client.create_log_stream(logGroupName="group", logStreamName=name)


@pytest.mark.parametrize("name", [" ", "é/[$LATEST]", "a" * 512])
def test_a_legal_stream_name_is_taken(client: CloudWatchLogsClient, name: str) -> None:
    client.create_log_stream(logGroupName="group", logStreamName=name)


@pytest.mark.parametrize("member", ["logGroupName", "logStreamName"])
def test_an_empty_name_is_refused(send: Send, member: str) -> None:
    request = {"logGroupName": "group", "logStreamName": "stream", member: ""}
    assert send("CreateLogStream", request).code == "InvalidParameterException"


@pytest.mark.parametrize("member", ["logGroupName", "logStreamName", "logEvents"])
def test_a_missing_member_is_refused(send: Send, member: str) -> None:
    request = {k: v for k, v in batch({"timestamp": 1, "message": "m"}).items() if k != member}
    answer = send("PutLogEvents", request)
    assert answer.code == "InvalidParameterException"
    assert f"'{member}'" in answer.json["message"]


@pytest.mark.parametrize("days", [0, -1, 2, 366, 3654])
def test_retention_days_that_are_not_listed_are_refused(
    client: CloudWatchLogsClient, days: int
) -> None:
    with refused("must be one of 1, 3, 5"):
        client.put_retention_policy(logGroupName="group", retentionInDays=days)


@pytest.mark.parametrize(
    "days",
    [
        *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
        *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
    ],
)
def test_retention_days_that_are_listed_are_taken(client: CloudWatchLogsClient, days: int) -> None:
    client.put_retention_policy(logGroupName="group", retentionInDays=days)
    assert client.describe_log_groups()["logGroups"][0]["retentionInDays"] == days


@pytest.mark.parametrize(
    "tags",
    [
        {f"key{i}": "" for i in range(51)},
        {"k" * 129: "v"},
        {"key": "v" * 257},
        {"semicolon;": "v"},
        {"aws:mine": "v"},
    ],
    ids=["51 tags", "long key", "long value", "semicolon", "aws:"],
)
def test_illegal_tags_are_refused(client: CloudWatchLogsClient, tags: dict[str, str]) -> None:
    with refused(""):
        client.create_log_group(logGroupName="tagged", tags=tags)


def test_tags_may_hold_letters_of_any_script(client: CloudWatchLogsClient) -> None:
    tags = {"équipe Ж_.:/=+-@": "值 1"}
    client.create_log_group(logGroupName="tagged", tags=tags)
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:tagged"
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == tags


def test_tags_that_are_not_texts_are_refused(send: Send) -> None:
    request = {"logGroupName": "tagged", "tags": {"key": 1}}
    assert send("CreateLogGroup", request).code == "SerializationException"


def test_an_unknown_group_class_is_refused(client: CloudWatchLogsClient) -> None:
    with refused("enum value set"):
        client.create_log_group(logGroupName="new", logGroupClass="CHEAP")  # type: ignore[arg-type]


def test_a_fresh_limit_in_the_model_is_obeyed_by_reading_pages(
    client: CloudWatchLogsClient,
) -> None:
    with refused("less than or equal to 50"):
        client.describe_log_groups(limit=51)


@pytest.mark.parametrize(
    ("entity", "reason"),
    [
        ({"keyAttributes": {"Type": "Service", "Name": "n", "Colour": "red"}}, "KeyAttributes"),
        ({"keyAttributes": {"Type": "Service"}}, "KeyAttributes"),
        ({"keyAttributes": {"Type": "Service", "Name": "n" * 513}}, "KeyAttributes"),
        (
            {
                "keyAttributes": {"Type": "Service", "Name": "n"},
                "attributes": {f"a{i}": "v" for i in range(11)},
            },
            "Attributes",
        ),
    ],
    ids=["unknown key", "too few keys", "long value", "too many attributes"],
)
def test_a_bad_entity_is_rejected_and_the_events_are_stored(
    put: Put, service: LocalCloudWatchLogs, entity: Any, reason: str
) -> None:
    answer = put("kept", entity=entity)
    assert answer["rejectedEntityInfo"] == {"errorType": f"Invalid{reason}"}
    assert service.messages("group", "stream") == ["kept"]


def test_a_good_entity_is_taken(put: Put) -> None:
    entity = {"keyAttributes": {"Type": "Service", "Name": "n", "Environment": "e"}}
    assert "rejectedEntityInfo" not in put("m", entity=entity)


def test_a_sequence_token_is_ignored(put: Put, service: LocalCloudWatchLogs) -> None:
    put("m", sequenceToken="no token of this service")
    assert service.messages("group", "stream") == ["m"]


def test_nothing_of_a_refused_batch_is_stored(put: Put, service: LocalCloudWatchLogs) -> None:
    with refused(""):
        put("good", "bad \udfff")
    assert service.messages("group", "stream") == []
