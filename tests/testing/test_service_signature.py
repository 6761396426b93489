"""The service takes no call that is not signed for it, and says why as the real one does."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from logspire.testing import LocalCloudWatchLogs
from logspire.testing.errors import ServiceError
from logspire.testing.signature import SignedRequest, verify

Send = Callable[..., Any]


def test_a_call_that_is_not_signed_is_refused(send: Send) -> None:
    answer = send("DescribeLogGroups", credentials=None)
    assert (answer.status, answer.code) == (400, "MissingAuthenticationTokenException")


def test_an_unknown_access_key_is_refused(send: Send) -> None:
    answer = send("DescribeLogGroups", credentials=("nobody", "testing"))
    assert answer.code == "UnrecognizedClientException"


def test_a_wrong_secret_is_refused(send: Send) -> None:
    answer = send("DescribeLogGroups", credentials=("testing", "guess"))
    assert answer.code == "InvalidSignatureException"


@pytest.mark.parametrize("scope", [("events", "us-east-1"), ("logs", "eu-west-1")])
def test_a_signature_for_another_service_or_region_is_refused(
    send: Send, scope: tuple[str, str]
) -> None:
    assert send("DescribeLogGroups", scope=scope).code == "InvalidSignatureException"


def test_a_header_changed_after_signing_is_refused(send: Send) -> None:
    answer = send(
        "DescribeLogGroups", late_headers={"X-Amz-Target": "Logs_20140328.DeleteLogGroup"}
    )
    assert answer.code == "InvalidSignatureException"


def test_an_amz_header_added_after_signing_is_refused(send: Send) -> None:
    answer = send("DescribeLogGroups", late_headers={"X-Amz-Security-Token": "session"})
    assert answer.code == "InvalidSignatureException"
    assert "not signed: x-amz-security-token" in answer.json["message"]


def test_a_hash_of_another_body_is_refused(send: Send) -> None:
    claimed = {"X-Amz-Content-SHA256": hashlib.sha256(b"other").hexdigest()}
    assert send("DescribeLogGroups", headers=claimed).code == "InvalidSignatureException"


@pytest.mark.parametrize(
    "header",
    ["Bearer abc", "AWS4-HMAC-SHA256 Credential=testing/x", "AWS4-HMAC-SHA256 nonsense"],
)
def test_half_an_authorization_is_incomplete(send: Send, header: str) -> None:
    answer = send("DescribeLogGroups", late_headers={"Authorization": header})
    assert answer.code == "IncompleteSignatureException"


@pytest.mark.parametrize(
    ("age", "message"),
    [(timedelta(minutes=6), "Signature expired"), (timedelta(minutes=-6), "not yet current")],
)
def test_a_signature_over_five_minutes_off_is_refused(age: timedelta, message: str) -> None:
    signed_at = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
    headers = {
        "host": "localhost",
        "x-amz-date": "20261122T120000Z",
        "authorization": "AWS4-HMAC-SHA256 "
        "Credential=testing/20261122/us-east-1/logs/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=00",
    }
    request = SignedRequest("POST", "/", headers, b"{}")
    with pytest.raises(ServiceError, match=message):
        verify(request, secrets={"testing": "testing"}, region="us-east-1", now=signed_at + age)


def test_the_service_takes_the_credentials_it_is_given() -> None:
    with LocalCloudWatchLogs(credentials={"AKIA": "secret"}, region="eu-west-1") as service:
        client = service.client()
        client.create_log_group(logGroupName="group")
        client.close()
        assert service.calls[0].access_key == "AKIA"


def test_session_tokens_are_taken(service: LocalCloudWatchLogs) -> None:
    client = service.client(aws_session_token="session")
    client.create_log_group(logGroupName="group")
    client.close()
    assert service.refused == 0


def test_without_verification_any_signature_will_do() -> None:
    with LocalCloudWatchLogs(verify_signatures=False) as service:
        client = service.client(aws_access_key_id="any", aws_secret_access_key="any")
        client.create_log_group(logGroupName="group")
        client.close()
        assert service.refused == 0


def test_a_call_that_is_refused_for_its_signature_changes_nothing(
    service: LocalCloudWatchLogs,
) -> None:
    client = service.client(aws_secret_access_key="wrong")
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        client.create_log_group(logGroupName="group")
    client.close()
    assert service.summary.refused == {"InvalidSignatureException": 1}
