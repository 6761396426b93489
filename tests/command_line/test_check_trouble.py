"""``python -m logspire check`` on machines, and in front of services, that are not well."""

from __future__ import annotations

import json
import socket
import sys
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest
from command_line.conftest import Reply

from logspire.testing import LocalCloudWatchLogs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from command_line.conftest import Checked

    Check = Callable[..., Checked]
    WebServer = Callable[[Reply], str]

pytestmark = pytest.mark.slow  # and the same on every Python

REGION = ("--region", "us-east-1")
PAGE = b"<html><title>Sign in to the network</title></html>"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sesame/open/sesame")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-token-of-somebody")


def configure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: str) -> None:
    (tmp_path / "config").write_text(config, encoding="utf-8")
    monkeypatch.setenv("AWS_PROFILE", "me")


# -- region ---------------------------------------------------------------------------------------


def test_without_region_and_credentials_both_are_told_and_no_call_is_made(check: Check) -> None:
    checked = check()
    assert (checked.status, checked.failed) == (1, ["region", "credentials"])
    assert list(checked.statuses) == ["configuration", "region", "credentials"]
    assert all(checked.step(name)["advice"] for name in checked.failed)


@pytest.mark.usefixtures("keys")
def test_the_variable_for_the_region_that_boto3_does_not_read_is_told(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    checked = check()
    assert checked.failed == ["region"]
    assert checked.step("region")["advice"].startswith("AWS_REGION is set, but boto3")


@pytest.mark.usefixtures("keys")
def test_a_variable_that_is_empty_and_hides_the_region_of_the_profile_is_told(
    check: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configure(monkeypatch, tmp_path, "[profile me]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    checked = check()
    assert checked.failed == ["region"]
    assert "unset it" in checked.step("region")["advice"]


@pytest.mark.parametrize(
    ("variable", "options", "source"),
    [
        ("eu-central-1", ["--region", "eu-west-1"], "--region-name"),
        ("eu-west-1", [], "AWS_DEFAULT_REGION"),
        (None, [], "profile 'me'"),
    ],
)
def test_where_the_region_comes_from_is_told(
    check: Check,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str | None,
    options: list[str],
    source: str,
) -> None:
    configure(monkeypatch, tmp_path, "[profile me]\nregion = eu-west-1\n")
    if variable:
        monkeypatch.setenv("AWS_DEFAULT_REGION", variable)
    facts = check(*options).step("region")["facts"]
    assert facts == {"region_name": "eu-west-1", "source": source}


# -- credentials ----------------------------------------------------------------------------------


def test_a_profile_that_is_not_there_is_told(check: Check) -> None:
    checked = check("--boto3-profile-name", "nobody", *REGION)
    assert (checked.status, checked.failed) == (1, ["configuration"])
    assert "nobody" in checked.step("configuration")["found"]


@pytest.mark.parametrize(
    ("config", "failed", "found"),
    [
        ("region = eu-west-1\n", "configuration", "Unable to parse config file"),
        ("[profile me]\naws_access_key_id = a\n", "credentials", "Partial credentials"),
        ("[profile me]\nrole_arn = arn:aws:iam::1:role/a\n", "credentials", "source_profile"),
        (
            "[profile me]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = you\n",
            "credentials",
            'source_profile "you"',
        ),
        (
            "[profile me]\nsso_session = work\nsso_account_id = 1\nsso_role_name = a\n",
            "credentials",
            "work",
        ),
    ],
)
def test_a_profile_that_cannot_be_used_is_told(
    check: Check,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    config: str,
    failed: str,
    found: str,
) -> None:
    configure(monkeypatch, tmp_path, config)
    checked = check(*REGION)
    assert (checked.status, checked.failed) == (1, [failed])
    assert found in checked.step(failed)["found"]
    assert checked.step(failed)["advice"]


def test_a_role_that_asks_for_a_code_is_refused_rather_than_asked_for_on_the_terminal(
    check: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    role = "role_arn = arn:aws:iam::1:role/a\nsource_profile = base\nmfa_serial = arn:mfa\n"
    base = "aws_access_key_id = a\naws_secret_access_key = b\n"
    configure(monkeypatch, tmp_path, f"[profile me]\n{role}[profile base]\n{base}")
    checked = check(*REGION)
    assert checked.failed == ["credentials"]
    assert "A handler cannot ask for a code" in checked.step("credentials")["advice"]


KEYS = {"AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": "open", "Token": "sesame"}


@pytest.mark.parametrize(
    ("variable", "source"),
    [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "credentials service of the container"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "role of the EC2 instance"),
    ],
)
def test_the_credentials_of_a_container_and_of_an_instance_are_told_from_others(
    check: Check,
    web_server: WebServer,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    source: str,
) -> None:
    answer = {**KEYS, "Expiration": "2099-01-01T00:00:00Z"}
    url = web_server(Reply(json.dumps(answer, separators=(",", ":")).encode()))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "10")  # not 1, on a busy machine
    monkeypatch.setenv(variable, url)
    facts = check(*REGION, "--endpoint-url", "http://127.0.0.1:9").step("credentials")["facts"]
    assert facts["access_key"] == "ASIA...MPLE"
    assert source in facts["source"]


def test_credentials_in_a_file_are_told_with_profile_and_file(check: Check, tmp_path: Path) -> None:
    lines = "[you]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = open\n"
    (tmp_path / "credentials").write_text(lines, encoding="utf-8")
    where = ("--profile", "you", "--endpoint-url", "http://127.0.0.1:9")
    facts = check(*REGION, *where).step("credentials")["facts"]
    assert facts["source"] == f"profile 'you' in {tmp_path / 'credentials'}"


@pytest.mark.parametrize(
    ("program", "status", "found"),
    [
        (f"print('''{json.dumps({'Version': 1, **KEYS})}''')", "ok", "credential_process"),
        ("import sys; sys.exit('no ticket')", "failed", "no ticket"),
    ],
)
def test_a_program_that_gives_credentials_is_run(
    check: Check,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    program: str,
    status: str,
    found: str,
) -> None:
    (tmp_path / "give.py").write_text(program, encoding="utf-8")
    command = f"credential_process = {sys.executable} {tmp_path / 'give.py'}"
    configure(monkeypatch, tmp_path, f"[profile me]\n{command}\n")
    step = check(*REGION, "--endpoint-url", "http://127.0.0.1:9").step("credentials")
    assert step["status"] == status
    assert found in step["found"]


def test_a_program_that_never_gives_credentials_is_not_waited_for(
    check: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the program ends with it
        wait = f"import socket; socket.create_connection({silent.getsockname()!r}).recv(1)"
        (tmp_path / "hang.py").write_text(wait, encoding="utf-8")
        command = f"credential_process = {sys.executable} {tmp_path / 'hang.py'}"
        configure(monkeypatch, tmp_path, f"[profile me]\n{command}\n")
        checked = check(*REGION, "--timeout", "12")  # of which a busy machine may take some
    assert (checked.status, checked.failed) == (1, ["credentials"])
    assert "credential_process" in checked.step("credentials")["advice"]


@pytest.mark.parametrize(
    ("code", "todo"),
    [("AccessDenied", "sts:AssumeRole"), ("RegionDisabledException", "Run by hand")],
)
def test_a_role_that_may_not_be_assumed_is_told_with_what_to_do(
    check: Check,
    web_server: WebServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    code: str,
    todo: str,
) -> None:
    role = "role_arn = arn:aws:iam::123456789012:role/a\nsource_profile = base\n"
    base = "aws_access_key_id = a\naws_secret_access_key = b\n"
    configure(monkeypatch, tmp_path, f"[profile me]\n{role}[profile base]\n{base}")
    answer = (
        f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    )
    url = web_server(Reply(answer.encode(), 403, "text/xml"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
    step = check(*REGION).step("credentials")
    assert step["status"] == "failed"
    assert todo in step["advice"]


@pytest.mark.parametrize("command", ["no-such-program", f"{sys.executable} --version"])
def test_a_program_that_gives_nothing_of_use_is_to_be_run_by_hand(
    check: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    configure(monkeypatch, tmp_path, f"[profile me]\ncredential_process = {command}\n")
    checked = check(*REGION)
    assert checked.failed == ["credentials"]
    assert "Run by hand" in checked.step("credentials")["advice"]


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ({"kind": "expired_token"}, "ExpiredTokenException"),
        (
            {"kind": "error", "error": "UnrecognizedClientException"},
            "UnrecognizedClientException",
        ),
    ],
)
def test_credentials_that_are_not_taken_are_told(
    service: LocalCloudWatchLogs, check: Check, fault: dict[str, str], found: str
) -> None:
    service.misbehave(**fault)  # type: ignore[arg-type]
    checked = check()
    assert (checked.status, checked.failed) == (1, ["authentication"])
    assert found in checked.step("authentication")["found"]
    assert checked.step("authentication")["advice"]


@pytest.mark.usefixtures("service")
def test_a_secret_key_that_does_not_fit_is_told(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mistyped")
    checked = check()
    assert checked.failed == ["authentication"]
    assert "does not fit the access key" in checked.step("authentication")["advice"]


@pytest.mark.usefixtures("keys")
def test_no_secret_is_shown_whoever_repeats_it(check: Check, web_server: WebServer) -> None:
    reply = Reply(b"denied: ", 403, "text/plain", echo_header="X-Amz-Security-Token")
    checked = check("--endpoint-url", web_server(reply).replace("//", "//me:pass@"), *REGION)
    assert "denied: ***" in checked.step("connection")["found"]
    assert "AKIA...MPLE" in checked.text
    for secret in ("sesame", "session-token", "me:pass", "IOSFODNN7"):
        assert secret not in checked.text


@pytest.mark.usefixtures("keys")
def test_a_token_with_a_line_end_is_not_shown_by_who_complains_of_it(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-token-of-somebody\n")
    checked = check("--endpoint-url", "http://127.0.0.1:9", *REGION, "--timeout", "12")
    assert checked.failed == ["connection"]
    assert "a line end in the credentials" in checked.step("connection")["advice"]
    assert "session-token" not in checked.text


# -- the way to the service -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "failed", "found"),
    [
        ("http://127.0.0.1:9", "connection", "refused"),
        ("http://nowhere.invalid", "connection", "nowhere.invalid"),
        ("http://", "endpoint", "http://"),
        ("https://127.0.0.1:9", "connection", "refused"),
    ],
)
@pytest.mark.usefixtures("keys")
def test_an_endpoint_where_nobody_is_has_failed(
    check: Check, url: str, failed: str, found: str
) -> None:
    checked = check("--endpoint-url", url, *REGION)
    assert (checked.status, checked.failed) == (1, [failed])
    assert found in checked.step(failed)["found"]
    assert checked.step(failed)["advice"]


@pytest.mark.parametrize(
    ("reply", "failed"),
    [
        (Reply(b"[]"), "connection"),
        (Reply(b"\x80"), "connection"),
        (Reply(b'{"message": "Forbidden"}', 403), "test_event"),
        (Reply(b'{"__type": "UnknownOperationException"}', 400), "test_event"),
        (Reply(b'{"__type": "MissingAuthenticationTokenException"}', 403), "authentication"),
        (Reply(b'{"__type": "SomethingNobodyHasSeen"}', 418), "test_event"),
    ],
)
@pytest.mark.usefixtures("keys")
def test_what_fails_comes_with_what_to_do_whatever_answers(
    check: Check, web_server: WebServer, reply: Reply, failed: str
) -> None:
    checked = check("--endpoint-url", web_server(reply), *REGION)
    assert (checked.status, checked.failed) == (1, [failed])
    assert checked.step(failed)["advice"]


@pytest.mark.usefixtures("keys")
def test_an_endpoint_that_takes_the_call_and_is_silent_is_not_waited_for(check: Check) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        checked = check("--endpoint-url", url, *REGION, "--timeout", "12")
    assert (checked.status, checked.failed) == (1, ["connection"])
    assert "does not answer" in checked.step("connection")["advice"]


@pytest.mark.parametrize("status", [200, 302, 403, 502])
@pytest.mark.parametrize("options", [[], ["--no-send"]])
@pytest.mark.usefixtures("keys")
def test_a_page_of_a_proxy_is_not_taken_for_the_service(
    check: Check, web_server: WebServer, status: int, options: list[str]
) -> None:
    url = web_server(Reply(PAGE, status, "text/html"))
    checked = check("--endpoint-url", url, *REGION, *options, "--timeout", "12")
    assert (checked.status, checked.failed) == (1, ["connection"])
    assert f"HTTP {status}, and not by CloudWatch Logs" in checked.step("connection")["found"]
    assert "Something else answers" in checked.step("connection")["advice"]


@pytest.mark.parametrize("user", ["http://me:pass", "me:pass", "//me:pass", "http://me:my@pass"])
@pytest.mark.usefixtures("keys")
def test_a_proxy_on_the_way_is_named_without_its_password(
    check: Check, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"{user}@127.0.0.1:9")
    checked = check("--endpoint-url", "http://logs.invalid", *REGION)
    assert checked.step("endpoint")["facts"]["proxy"] == "http://***@127.0.0.1:9"
    assert checked.failed == ["connection"]
    assert "that proxy is used" in checked.step("connection")["advice"]
    assert "pass" not in checked.text


@pytest.mark.parametrize(
    ("variable", "source"),
    [("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL"), ("AWS_IGNORED", "the region")],
)
@pytest.mark.usefixtures("keys")
def test_where_the_endpoint_comes_from_is_told(
    check: Check, monkeypatch: pytest.MonkeyPatch, variable: str, source: str
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody calls AWS from here
    checked = check(*REGION)
    assert checked.step("endpoint")["facts"]["source"] == source


@pytest.mark.parametrize(
    ("service", "source"), [("cloudwatch_logs", "profile 'me'"), ("s3", "the region")]
)
@pytest.mark.usefixtures("keys")
def test_an_endpoint_that_a_profile_has_for_another_service_is_not_taken_for_ours(
    check: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: str, source: str
) -> None:
    section = f"[services here]\n{service} =\n  endpoint_url = http://127.0.0.1:9\n"
    configure(monkeypatch, tmp_path, f"[profile me]\nservices = here\n{section}")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody calls AWS from here
    checked = check(*REGION)
    assert checked.step("endpoint")["facts"]["source"] == source


def test_a_service_that_is_broken_for_a_while_is_waited_for(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    service.misbehave("unavailable", times=1)
    service.misbehave("reset", times=1)
    assert check().status == 0


# -- the clock ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead_s", "status"), [(0, "ok"), (200, "ok"), (-200, "ok"), (400, "failed"), (-400, "failed")]
)
@pytest.mark.usefixtures("keys")
def test_a_clock_that_is_five_minutes_off_has_failed(
    check: Check, web_server: WebServer, ahead_s: int, status: str
) -> None:
    url = web_server(Reply(date=formatdate(time.time() - ahead_s, usegmt=True)))
    step = check("--endpoint-url", url, *REGION, "--no-send").step("clock")
    assert step["status"] == status
    assert abs(step["facts"]["ahead_seconds"] - ahead_s) < 30


def test_an_answer_that_was_cut_is_not_taken_for_stored(
    service: LocalCloudWatchLogs, check: Check
) -> None:
    service.misbehave("truncated", operation="PutLogEvents")
    checked = check()
    assert (checked.status, checked.failed) == (1, ["test_event"])
    assert "Something else answers" in checked.step("test_event")["advice"]


def test_an_event_from_the_future_of_the_service_is_not_stored(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalCloudWatchLogs(clock=lambda: 1_000_000_000_000) as service:  # in 2001
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        checked = check()
    assert (checked.status, checked.failed) == (1, ["test_event"])
    assert "tooNewLogEventStartIndex" in checked.step("test_event")["found"]
