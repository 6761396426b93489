"""Where the client comes from, what it is set to, and what it does not do."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler
from logspire.aws.client import ClientOptions, ClientSource
from logspire.testing import LocalCloudWatchLogs

pytestmark = pytest.mark.slow  # and the same on every Python

GROUP, STREAM = "group", "stream"
Make = Callable[..., CloudWatchLogHandler]
BIG = "a text that is long enough to be compressed " * 50


@pytest.fixture
def their_client(cloudwatch_logs: LocalCloudWatchLogs) -> Iterator[object]:
    """A client as an application would make it."""
    client = cloudwatch_logs.client(config=Config(retries={"total_max_attempts": 1}))
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    yield client
    client.close()


def run(program: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_a_client_of_ours_has_short_time_outs_and_leaves_retries_to_us() -> None:
    source = ClientSource(ClientOptions(region_name="eu-west-1"))
    config = source.get().meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, 20)
    assert config.retries["total_max_attempts"] == 1
    assert config.region_name == "eu-west-1"
    assert "logspire/" in config.user_agent_extra
    source.close()


ASKS_FOR_A_CODE = """
[profile app]
role_arn = arn:aws:iam::123456789012:role/app
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/me
[profile base]
aws_access_key_id = testing
aws_secret_access_key = testing
"""


def test_a_profile_that_asks_for_a_code_asks_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(ASKS_FOR_A_CODE)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    source = ClientSource(ClientOptions(profile_name="app", region_name="us-east-1"))
    client = source.get()
    with pytest.raises(PermissionError, match="mfa_serial"):
        client.put_log_events(logGroupName="g", logStreamName="s", logEvents=[])
    source.close()


def test_the_region_of_the_keyword_is_also_where_a_role_is_assumed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = ASKS_FOR_A_CODE.replace("mfa_serial", "# mfa_serial")
    (tmp_path / "config").write_text(config)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    source = ClientSource(ClientOptions(profile_name="app", region_name="eu-west-1"))
    client = source.get()
    with pytest.raises(EndpointConnectionError):  # and not NoRegionError
        client.put_log_events(logGroupName="g", logStreamName="s", logEvents=[])
    source.close()


def test_calls_made_at_the_end_give_up_in_time() -> None:
    source = ClientSource(ClientOptions())
    source.limit_wait(1.5)
    config = source.get().meta.config
    assert (config.connect_timeout, config.read_timeout) == (1.0, 1.0)  # the next step below
    source.close()


def test_one_client_serves_all_calls(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler()
    for number in range(3):
        log.info("%d", number)
        assert handler.flush(PATIENCE_S)
    agents = {call.user_agent for call in cloudwatch_logs.calls}
    assert len(agents) == 1
    assert "logspire/" in agents.pop()


def test_a_session_is_enough(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    session = boto3.session.Session("testing", "testing", region_name="us-east-1")
    handler = make_handler(boto3_session=session)
    log.info("first")
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["first"]


def test_a_profile_is_enough(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_handler: Make,
    log: logging.Logger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile logs]\nregion=us-east-1\n"
        "aws_access_key_id=testing\naws_secret_access_key=testing\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    handler = make_handler(boto3_profile_name="logs")
    log.info("first")
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["first"]


def test_a_client_of_the_users_is_used_as_it_is(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_handler: Make,
    log: logging.Logger,
    their_client: "object",
) -> None:
    handler = make_handler(boto3_client=their_client)
    log.info("%s", BIG)
    assert handler.flush(PATIENCE_S)
    call = cloudwatch_logs.calls[-1]
    assert call.compressed
    assert "logspire/" not in call.user_agent
    assert cloudwatch_logs.messages(GROUP, STREAM) == [BIG]


def test_calls_that_the_user_makes_with_that_client_are_left_alone(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    client = cloudwatch_logs.client()
    handler = make_handler(boto3_client=client)
    log.info("%s", BIG)
    assert handler.flush(PATIENCE_S)
    before = client.meta.config
    event = {"timestamp": cloudwatch_logs.events(GROUP, STREAM)[0].timestamp, "message": BIG}
    client.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=[event])  # type: ignore[list-item]
    assert not cloudwatch_logs.calls[-1].compressed
    handler.close()
    assert client.meta.config is before
    assert client.describe_log_groups()["logGroups"], "it is not closed"
    client.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_client_of_the_users_works_on_both_sides_of_a_fork(
    cloudwatch_logs: LocalCloudWatchLogs,
) -> None:
    program = f"""
import logging, os, sys, boto3, logspire
client = boto3.client("logs")
handler = logspire.CloudWatchLogHandler({GROUP!r}, "{{process_id}}", boto3_client=client)
log = logging.getLogger("x")
log.addHandler(handler)
log.warning("before")
assert handler.flush(100)
child = os.fork()
for number in range(20):
    log.warning("%s %d", "parent" if child else "child", number)
    assert handler.flush(100), handler.stats()
if not child:
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""
    done = run(program, **cloudwatch_logs.environment)
    assert done.returncode == 0, done.stderr
    texts = [
        e["message"]
        for e in cloudwatch_logs.client().filter_log_events(logGroupName=GROUP)["events"]
    ]
    expected = [f"{who} {number}" for who in ("child", "parent") for number in range(20)]
    assert sorted(texts) == sorted(["before", *expected])


def test_construction_and_import_do_no_io_start_no_thread_and_import_no_boto3() -> None:
    done = run("""
import sys, threading
def refuse(event, args):
    if event.startswith("socket.") and event != "socket.gethostname" or event == "subprocess.Popen":
        raise SystemExit(f"{event} {args}")
sys.addaudithook(refuse)
import logspire
handler = logspire.CloudWatchLogHandler("group", log_group_retention_days=7,
    boto3_profile_name="missing", region_name="nowhere-1")
assert threading.active_count() == 1, threading.enumerate()
assert not {"boto3", "botocore", "urllib3"} & set(sys.modules)
""")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_logging_call_does_no_io_in_the_thread_that_makes_it(
    cloudwatch_logs: LocalCloudWatchLogs,
) -> None:
    done = run(
        """
import logging, sys, threading, logspire
connected = set()
sys.addaudithook(lambda event, args: event == "socket.connect"
    and connected.add(threading.current_thread().name))
handler = logspire.CloudWatchLogHandler("group", "stream")
log = logging.getLogger("x")
log.addHandler(handler)
log.warning("first")
assert handler.flush(100)
assert connected and "MainThread" not in connected, connected
""",
        **cloudwatch_logs.environment,
    )
    assert (done.returncode, done.stderr) == (0, "")


def first_error(handler: CloudWatchLogHandler) -> str:
    """Have it try, until the first try has failed: the SDK may take seconds to import."""
    while (error := handler.stats().last_error) is None:
        assert not handler.flush(0.1)
    return error


def test_without_region_the_application_goes_on_and_records_wait_for_one(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_handler: Make,
    log: logging.Logger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    handler = make_handler()
    log.info("patient")
    assert "NoRegionError" in first_error(handler)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["patient"]


def test_without_profile_records_wait_for_one(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_handler: Make,
    log: logging.Logger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    handler = make_handler(boto3_profile_name="late")
    log.info("patient")
    assert "ProfileNotFound" in first_error(handler)
    config.write_text(
        "[profile late]\naws_access_key_id=testing\naws_secret_access_key=testing\n"
        "region=us-east-1\n"
    )
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["patient"]


def test_without_credentials_records_wait_until_they_appear(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_handler: Make,
    log: logging.Logger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    handler = make_handler()
    log.info("patient")
    assert "NoCredentialsError" in first_error(handler)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, STREAM) == ["patient"]


def test_expired_credentials_are_renewed_from_the_environment(
    make_handler: Make, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalCloudWatchLogs(credentials={"renewed": "secret"}) as service:
        service.misbehave("expired_token", times=1)
        handler = make_handler(endpoint_url=service.endpoint_url, send_interval=0)
        log.info("patient")
        assert service.wait_for(lambda: len(service.calls) > 1, PATIENCE_S)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "renewed")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        assert handler.flush(PATIENCE_S)
        assert service.messages(GROUP, STREAM) == ["patient"]
        assert service.calls[0].access_key == "testing"
        assert service.calls[-1].access_key == "renewed"
