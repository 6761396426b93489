"""What each exception of botocore means; the exceptions are botocore's own."""

import botocore.exceptions as boto
import pytest
from botocore.config import Config
from botocore.parsers import ResponseParserError
from patience import PATIENCE_S

from logspire.aws.errors import code_of, is_about_credentials, outcome_of, status_of
from logspire.core.retry import Verdict
from logspire.testing import LocalCloudWatchLogs

ENDPOINT = {"endpoint_url": "http://127.0.0.1:1"}


def answer(code: str, status: int = 400) -> boto.ClientError:
    """The exception that botocore raises for an answer of the service."""
    return boto.ClientError(
        {
            "Error": {"Code": code, "Message": "words"},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
        },
        "PutLogEvents",
    )


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("Throttling", 400),
        ("TooManyRequestsException", 429),
        ("LimitExceededException", 400),
        ("RequestLimitExceeded", 503),
        ("ServiceUnavailableException", 503),
        ("ServiceUnavailable", 503),
        ("InternalFailure", 500),
        ("InternalServerError", 500),
        ("502", 502),
        ("504", 504),
        ("UnrecognizedClientException", 400),
        ("ExpiredTokenException", 400),
        ("RequestTimeTooSkewed", 403),
        ("OperationAbortedException", 400),
        ("OptInRequired", 403),
        ("SomethingNobodyHasSeen", 418),
    ],
)
def test_what_may_pass_is_tried_again(code: str, status: int) -> None:
    outcome = outcome_of(answer(code, status))
    assert outcome.verdict is Verdict.RETRY
    assert code in outcome.detail


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (answer("ResourceNotFoundException"), Verdict.MISSING),
        (answer("AccessDeniedException"), Verdict.DENIED),
        (answer("AccessDenied", 403), Verdict.DENIED),
        (answer("DataAlreadyAcceptedException"), Verdict.DELIVERED),
        (answer("InvalidParameterException"), Verdict.REFUSED),
        (answer("ValidationException"), Verdict.REFUSED),
        (answer("SerializationException"), Verdict.REFUSED),
        (answer("RequestEntityTooLargeException", 413), Verdict.REFUSED),
        (answer("413", 413), Verdict.REFUSED),
        (boto.ParamValidationError(report="too short"), Verdict.REFUSED),
    ],
)
def test_an_answer_that_will_not_change_is_told_from_one_that_may(
    error: Exception, verdict: Verdict
) -> None:
    assert outcome_of(error).verdict is verdict


@pytest.mark.parametrize(
    "error",
    [
        boto.ConnectionClosedError(**ENDPOINT),
        boto.HTTPClientError(error=OSError("reset by peer")),
    ],
)
def test_a_connection_that_broke_is_told_from_a_service_that_is_not_there(
    error: Exception,
) -> None:
    assert outcome_of(error).verdict is Verdict.DISCONNECTED


@pytest.mark.parametrize(
    "error",
    [
        boto.ReadTimeoutError(**ENDPOINT),
        boto.ConnectTimeoutError(**ENDPOINT),
        boto.EndpointConnectionError(**ENDPOINT, error="refused"),
        boto.SSLError(**ENDPOINT, error=OSError("certificate verify failed")),
        boto.ProxyConnectionError(proxy_url="http://127.0.0.1:1"),
        boto.NoCredentialsError(),
        boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        boto.CredentialRetrievalError(provider="process", error_msg="exit status 1"),
        boto.NoRegionError(),
        boto.ProfileNotFound(profile="missing"),
        boto.UnauthorizedSSOTokenError(),
        ResponseParserError("not JSON"),
        ImportError("no module named botocore"),
        MemoryError(),
        OSError("too many open files"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_user_or_a_network_can_repair_is_tried_again(error: Exception) -> None:
    outcome = outcome_of(error)
    assert outcome.verdict is Verdict.RETRY
    assert outcome.detail.startswith(type(error).__name__)


@pytest.mark.parametrize(
    "error",
    [
        answer("ExpiredTokenException"),
        answer("ExpiredToken", 403),
        answer("UnrecognizedClientException"),
        answer("InvalidSignatureException"),
        boto.NoCredentialsError(),
        boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        boto.CredentialRetrievalError(provider="process", error_msg="exit status 1"),
        boto.UnauthorizedSSOTokenError(),
        boto.SSOTokenLoadError(error_msg="no token"),
    ],
    ids=lambda error: code_of(error) or type(error).__name__,
)
def test_credentials_that_do_not_work_are_looked_for_again(error: Exception) -> None:
    assert is_about_credentials(error)


@pytest.mark.parametrize("error", [answer("ThrottlingException"), OSError(), boto.NoRegionError()])
def test_other_errors_leave_the_client_as_it_is(error: Exception) -> None:
    assert not is_about_credentials(error)


@pytest.mark.parametrize("response", [None, {}, {"Error": {}}, "text"])
def test_an_exception_with_half_a_response_has_neither_code_nor_status(response: object) -> None:
    error = RuntimeError()
    error.response = response  # type: ignore[attr-defined]
    assert (code_of(error), status_of(error)) == ("", 0)


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("throttle", Verdict.RETRY),
        ("unavailable", Verdict.RETRY),
        ("internal_failure", Verdict.RETRY),
        ("bad_gateway", Verdict.RETRY),
        ("access_denied", Verdict.DENIED),
        ("expired_token", Verdict.RETRY),
        ("too_large", Verdict.REFUSED),
        ("reset", Verdict.DISCONNECTED),
        ("lost_answer", Verdict.DISCONNECTED),
        ("hang", Verdict.RETRY),
        ("poison", Verdict.REFUSED),
    ],
)
def test_what_botocore_raises_over_real_http_has_the_same_meaning(
    cloudwatch_logs: LocalCloudWatchLogs, kind: str, verdict: Verdict
) -> None:
    # Only the call that hangs may run into it: a busy machine takes a while to answer the others.
    patience_s = 0.3 if kind == "hang" else PATIENCE_S
    client = cloudwatch_logs.client(
        config=Config(retries={"total_max_attempts": 1}, read_timeout=patience_s)
    )
    details = {"text": "x"} if kind == "poison" else {}
    cloudwatch_logs.misbehave(kind, **details)  # type: ignore[arg-type]
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is the question
        client.put_log_events(
            logGroupName="g", logStreamName="s", logEvents=[{"timestamp": 1, "message": "x"}]
        )
    assert outcome_of(raised.value).verdict is verdict
    client.close()
