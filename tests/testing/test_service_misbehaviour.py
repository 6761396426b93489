"""Each misbehaviour, as an ordinary boto client meets it."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
)
from patience import PATIENCE_S

from logspire.testing import LocalCloudWatchLogs
from logspire.testing.faults import KINDS

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

Put = Callable[..., Any]


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttle", "ThrottlingException", 400),
        ("unavailable", "ServiceUnavailableException", 503),
        ("internal_failure", "InternalFailure", 500),
        ("access_denied", "AccessDeniedException", 400),
        ("expired_token", "ExpiredTokenException", 400),
        ("aborted", "OperationAbortedException", 400),
        ("too_large", "RequestEntityTooLargeException", 413),
    ],
)
def test_an_error_on_demand_has_its_name_and_status(
    put: Put, service: LocalCloudWatchLogs, kind: str, code: str, status: int
) -> None:
    service.misbehave(kind)
    with pytest.raises(ClientError) as caught:
        put("m")
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert service.summary.refused == {code: 1}


def test_any_error_can_be_demanded_by_name(put: Put, service: LocalCloudWatchLogs) -> None:
    service.misbehave("error", error="LimitExceededException", status=429, message="slower")
    with pytest.raises(ClientError, match=r"\(LimitExceededException\).*slower") as caught:
        put("m")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_access_denied_names_the_operation(put: Put, service: LocalCloudWatchLogs) -> None:
    service.misbehave("access_denied")
    with pytest.raises(ClientError, match="logs:PutLogEvents"):
        put("m")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("bad_gateway", ClientError),
        ("garbage", UnicodeDecodeError),
        ("reset", ConnectionClosedError),
    ],
)
def test_a_broken_answer_is_an_error_and_nothing_is_stored(
    put: Put, service: LocalCloudWatchLogs, kind: str, error: type[Exception]
) -> None:
    service.misbehave(kind)
    with pytest.raises(error):
        put("m")
    assert service.messages("group", "stream") == []
    assert service.summary.refused == {kind: 1}


def test_an_answer_can_be_lost_after_the_events_are_stored(
    put: Put, service: LocalCloudWatchLogs
) -> None:
    service.misbehave("lost_answer")
    with pytest.raises(ConnectionClosedError):
        put("m")
    assert service.messages("group", "stream") == ["m"]
    call = service.calls[-1]
    assert (call.status, call.error, call.misbehaviour) == (None, None, "lost_answer")


def test_an_answer_can_end_in_the_middle(
    client: CloudWatchLogsClient, service: LocalCloudWatchLogs, send: Callable[..., Any]
) -> None:
    client.delete_log_group(logGroupName="group")
    service.misbehave("truncated", operation="CreateLogGroup")
    with pytest.raises(http.client.IncompleteRead) as caught:
        send("CreateLogGroup", {"logGroupName": "cut"})
    assert caught.value.partial == b"{"
    groups = client.describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["cut"]


def test_a_page_of_a_gateway_can_come_with_status_200(
    put: Put, service: LocalCloudWatchLogs
) -> None:
    # No exception: botocore takes a body that is not JSON for an answer without members.
    service.misbehave("html")
    answer = put("m")
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "text/html"
    assert service.messages("group", "stream") == []
    assert service.summary.refused == {"html": 1}


def test_a_hanging_call_is_recorded_while_it_hangs(service: LocalCloudWatchLogs) -> None:
    service.misbehave("hang", operation="DescribeLogGroups")
    once = Config(read_timeout=0.2, retries={"total_max_attempts": 1})
    impatient = service.client(config=once)
    with pytest.raises(ReadTimeoutError):
        impatient.describe_log_groups()
    impatient.close()
    # On a busy machine the caller may have left before it was heard.
    assert service.wait_for(lambda: any(call.misbehaviour for call in service.calls), PATIENCE_S)
    assert service.calls[-1].misbehaviour == "hang"


def test_a_hanging_call_ends_without_an_answer_after_its_seconds(
    put: Put, service: LocalCloudWatchLogs
) -> None:
    service.misbehave("hang", seconds=0.1)
    with pytest.raises(ConnectionClosedError):
        put("m")


def test_hanging_calls_end_when_the_service_stops() -> None:
    with LocalCloudWatchLogs() as service:
        service.misbehave("hang")
        client = service.client(config=Config(retries={"total_max_attempts": 1}))
        ended = threading.Event()

        def call() -> None:
            with pytest.raises(ConnectionClosedError):
                client.describe_log_groups()
            ended.set()

        thread = threading.Thread(target=call)
        thread.start()
        assert service.wait_for(lambda: len(service.calls) == 1, timeout=PATIENCE_S)
        started = time.monotonic()
    assert ended.wait(PATIENCE_S)
    thread.join()
    client.close()
    assert time.monotonic() - started < 30  # the caller would have waited for a minute


def test_a_slow_answer_comes_after_its_seconds(put: Put, service: LocalCloudWatchLogs) -> None:
    service.misbehave("slow", seconds=0.2)
    started = time.monotonic()
    put("m")
    assert time.monotonic() - started >= 0.2


def test_a_poisoned_event_has_its_batch_refused_and_no_other(
    put: Put, service: LocalCloudWatchLogs
) -> None:
    service.misbehave("poison", text="poison")
    put("healthy")
    with pytest.raises(ClientError, match="InvalidParameterException"):
        put("healthy", "a poisoned one")
    assert service.messages("group", "stream") == ["healthy"]


def test_only_the_named_operations_meet_it(
    client: CloudWatchLogsClient, put: Put, service: LocalCloudWatchLogs
) -> None:
    service.misbehave("throttle", operation=["PutLogEvents", "CreateLogGroup"])
    client.describe_log_groups()
    with pytest.raises(ClientError):
        put("m")
    with pytest.raises(ClientError):
        client.create_log_group(logGroupName="new")


def test_it_ends_after_the_given_number_of_calls(put: Put, service: LocalCloudWatchLogs) -> None:
    service.misbehave("throttle", times=2)
    for _ in range(2):
        with pytest.raises(ClientError):
            put("refused")
    put("stored")
    assert service.messages("group", "stream") == ["stored"]


def test_one_misbehaviour_follows_the_other(put: Put, service: LocalCloudWatchLogs) -> None:
    service.misbehave("throttle", times=1)
    service.misbehave("unavailable", times=1)
    for code in ("ThrottlingException", "ServiceUnavailableException"):
        with pytest.raises(ClientError, match=code):
            put("m")


def test_behave_ends_it(put: Put, service: LocalCloudWatchLogs) -> None:
    service.misbehave("reset")
    service.behave()
    put("stored")


def test_probability_is_drawn_from_the_given_random() -> None:
    def refused_calls(seed: int) -> list[bool]:
        with LocalCloudWatchLogs(random=Random(seed)) as service:
            service.misbehave("throttle", probability=0.5)
            client = service.client(config=Config(retries={"total_max_attempts": 1}))
            for _ in range(20):
                with suppress(ClientError):
                    client.describe_log_groups()
            client.close()
            return [call.refused for call in service.calls]

    assert refused_calls(1) == refused_calls(1)
    assert {True, False} == set(refused_calls(1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "sulk"}, "kind must be one of aborted, access_denied"),
        ({"kind": "slow"}, "'slow' needs seconds"),
        ({"kind": "error"}, "'error' needs error"),
        ({"kind": "poison"}, "'poison' needs text"),
        ({"kind": "throttle", "seconds": 1}, "'throttle' takes no seconds; allowed: message"),
        ({"kind": "hang", "seconds": -1}, "seconds must be a number of at least 0"),
        ({"kind": "hang", "seconds": float("nan")}, "seconds must be a number of at least 0"),
        ({"kind": "throttle", "times": 0}, "times must be a whole number of at least 1"),
        ({"kind": "throttle", "times": True}, "times must be a whole number of at least 1"),
        ({"kind": "throttle", "probability": 0}, "probability must be over 0 and at most 1"),
        ({"kind": "throttle", "probability": 1.1}, "probability must be over 0 and at most 1"),
        ({"kind": "throttle", "operation": "PutLogEvent"}, "operation must be of CreateLogGroup"),
        ({"kind": "throttle", "operation": []}, "operation must be of CreateLogGroup"),
        ({"kind": "poison", "text": "p", "operation": "GetLogEvents"}, "must be of PutLogEvents"),
        ({"kind": "error", "error": "E", "status": 200}, "status must be from 400 to 599"),
        ({"kind": "error", "error": ""}, "error must be a text that is not empty"),
    ],
)
def test_arguments_that_make_no_sense_name_what_is_allowed(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        LocalCloudWatchLogs().misbehave(**arguments)


def test_every_kind_is_in_the_documentation(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "testing.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []
