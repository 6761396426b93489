"""Reading back: pages, tokens, filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

Put = Callable[..., Any]
STREAM: Any = {"logGroupName": "group", "logStreamName": "stream"}


def texts(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_events_are_read_in_time_order_ties_as_they_arrived(
    put: Put, client: CloudWatchLogsClient, clock: Callable[[], int]
) -> None:
    now = clock()
    put(events=[{"timestamp": now, "message": "b"}, {"timestamp": now, "message": "c"}])
    put(events=[{"timestamp": now - 1, "message": "a"}, {"timestamp": now, "message": "d"}])
    assert texts(client.get_log_events(**STREAM)) == ["a", "b", "c", "d"]


def test_without_a_direction_the_latest_events_come_first(
    put: Put, client: CloudWatchLogsClient
) -> None:
    put("1", "2", "3")
    assert texts(client.get_log_events(**STREAM, limit=2)) == ["2", "3"]


def test_the_backward_token_leads_to_the_start(put: Put, client: CloudWatchLogsClient) -> None:
    put("1", "2", "3")
    latest = client.get_log_events(**STREAM, limit=2)
    earlier = client.get_log_events(**STREAM, nextToken=latest["nextBackwardToken"])
    assert texts(earlier) == ["1"]


def test_the_forward_token_leads_through_all_events_and_comes_back_at_the_end(
    put: Put, client: CloudWatchLogsClient
) -> None:
    put(*map(str, range(5)))
    page = client.get_log_events(**STREAM, startFromHead=True, limit=2)
    read = texts(page)
    while True:
        token = page["nextForwardToken"]
        page = client.get_log_events(**STREAM, startFromHead=True, limit=2, nextToken=token)
        read += texts(page)
        if page["nextForwardToken"] == token:
            break
    assert read == list("01234")


@pytest.mark.parametrize("from_head", [True, False])
def test_the_token_of_an_empty_stream_finds_what_comes_later(
    put: Put, client: CloudWatchLogsClient, *, from_head: bool
) -> None:
    empty = client.get_log_events(**STREAM, startFromHead=from_head)
    put("late")
    token = empty["nextForwardToken"]
    assert texts(client.get_log_events(**STREAM, startFromHead=True, nextToken=token)) == ["late"]


def test_the_end_of_the_time_range_is_left_out(
    put: Put, client: CloudWatchLogsClient, clock: Callable[[], int]
) -> None:
    put("0", "1", "2")
    answer = client.get_log_events(**STREAM, startTime=clock() + 1, endTime=clock() + 2)
    assert texts(answer) == ["1"]


def test_a_page_holds_a_megabyte(put: Put, client: CloudWatchLogsClient) -> None:
    put("a" * 600_000)
    put("b" * 600_000)
    assert len(client.get_log_events(**STREAM)["events"]) == 1


def test_a_made_up_token_is_refused(client: CloudWatchLogsClient) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException, match="nextToken"):
        client.get_log_events(**STREAM, nextToken="made up")


@pytest.mark.parametrize(
    "which", [{}, {"logGroupName": "group", "logGroupIdentifier": "group"}], ids=["none", "both"]
)
def test_a_group_is_named_in_one_way(client: CloudWatchLogsClient, which: Any) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException, match="Exactly one"):
        client.get_log_events(logStreamName="stream", **which)


def test_a_group_can_be_named_by_its_arn(put: Put, client: CloudWatchLogsClient) -> None:
    put("m")
    arn = client.describe_log_groups()["logGroups"][0]["logGroupArn"]
    answer = client.get_log_events(logGroupIdentifier=arn, logStreamName="stream")
    assert texts(answer) == ["m"]


def test_filtering_interleaves_streams_in_time_order(
    put: Put, client: CloudWatchLogsClient, clock: Callable[[], int]
) -> None:
    put("0", "1", "2")
    client.create_log_stream(logGroupName="group", logStreamName="other")
    between: Any = {"timestamp": clock() + 1, "message": "between"}
    client.put_log_events(logGroupName="group", logStreamName="other", logEvents=[between])
    assert texts(client.filter_log_events(logGroupName="group")) == ["0", "1", "between", "2"]
    for choice in ({"logStreamNames": ["other"]}, {"logStreamNamePrefix": "oth"}):
        answer = client.filter_log_events(logGroupName="group", **choice)
        assert texts(answer) == ["between"]


def test_filtering_includes_the_end_of_the_time_range(
    put: Put, client: CloudWatchLogsClient, clock: Callable[[], int]
) -> None:
    put("0", "1", "2")
    answer = client.filter_log_events(
        logGroupName="group", startTime=clock() + 1, endTime=clock() + 2
    )
    assert texts(answer) == ["1", "2"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", ["ERROR disk full", "ERROR disk", "WARN disk full"]),
        ("ERROR", ["ERROR disk full", "ERROR disk"]),
        ("ERROR full", ["ERROR disk full"]),
        ('"disk full"', ["ERROR disk full", "WARN disk full"]),
        ('disk -"disk full"', ["ERROR disk"]),
        ("?WARN ?full", ["ERROR disk full", "WARN disk full"]),
        ("error", []),
    ],
)
def test_a_pattern_of_terms_filters_messages(
    put: Put, client: CloudWatchLogsClient, pattern: str, found: list[str]
) -> None:
    put("ERROR disk full", "ERROR disk", "WARN disk full")
    answer = client.filter_log_events(logGroupName="group", filterPattern=pattern)
    assert texts(answer) == found


def test_a_pattern_that_is_not_built_is_refused(client: CloudWatchLogsClient) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException, match="terms"):
        client.filter_log_events(logGroupName="group", filterPattern="{ $.level = 1 }")


@pytest.mark.parametrize("from_head", [True, False])
def test_the_paginator_reads_everything_once(
    put: Put, client: CloudWatchLogsClient, *, from_head: bool
) -> None:
    put(*map(str, range(7)))
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName="group", startFromHead=from_head, PaginationConfig={"PageSize": 3}
    )
    read = [text for page in pages for text in texts(page)]
    assert read == (list("0123456") if from_head else list("6543210"))


def test_groups_are_listed_by_name_fifty_at_a_time(client: CloudWatchLogsClient) -> None:
    for number in range(60):
        client.create_log_group(logGroupName=f"many-{number:02}")
    first = client.describe_log_groups(logGroupNamePrefix="many")
    rest = client.describe_log_groups(logGroupNamePrefix="many", nextToken=first["nextToken"])
    assert (len(first["logGroups"]), len(rest["logGroups"])) == (50, 10)
    assert "nextToken" not in rest


def test_groups_are_found_by_a_part_of_their_name(client: CloudWatchLogsClient) -> None:
    client.create_log_group(logGroupName="/aws/lambda/mine")
    found = client.describe_log_groups(logGroupNamePattern="lambda")["logGroups"]
    assert [group["logGroupName"] for group in found] == ["/aws/lambda/mine"]


def test_streams_are_listed_by_the_time_of_their_last_event(
    put: Put, client: CloudWatchLogsClient
) -> None:
    client.create_log_stream(logGroupName="group", logStreamName="zero")
    put("m")
    streams = client.describe_log_streams(
        logGroupName="group", orderBy="LastEventTime", descending=True
    )["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["stream", "zero"]


def test_streams_are_not_listed_by_time_with_a_prefix(client: CloudWatchLogsClient) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException, match="LastEventTime"):
        client.describe_log_streams(
            logGroupName="group", orderBy="LastEventTime", logStreamNamePrefix="s"
        )
