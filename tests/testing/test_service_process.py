"""The service as a process of its own, and the control interface that it is asked through."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from patience import PATIENCE_S

from logspire.testing import LocalCloudWatchLogs, RemoteCloudWatchLogs

pytestmark = pytest.mark.slow  # and the same on every Python


@dataclass
class Running:
    process: "subprocess.Popen[str]"
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return self.environment["AWS_ENDPOINT_URL"]

    def client(self) -> Any:
        return botocore.session.Session().create_client(
            "logs",
            endpoint_url=self.url,
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}),
        )


@pytest.fixture
def running() -> Iterator[Running]:
    command = [sys.executable, "-m", "logspire.testing", "--region", "eu-west-1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        lines = [process.stdout.readline() for _ in range(5)]
        pairs = [line.removeprefix("export ").strip().split("=", 1) for line in lines]
        environment = dict(pairs)
        assert environment["AWS_ENDPOINT_URL"] == url
        yield Running(process, environment)
        process.kill()


@pytest.fixture
def remote(service: LocalCloudWatchLogs) -> RemoteCloudWatchLogs:
    return RemoteCloudWatchLogs(service.endpoint_url)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_status_0(running: Running, number: int) -> None:
    running.process.send_signal(number)
    assert running.process.wait(PATIENCE_S) == 0


def test_it_ends_while_a_call_hangs(running: Running) -> None:
    remote = RemoteCloudWatchLogs(running.url)
    remote.misbehave("hang")
    client = running.client()

    def call() -> None:
        with pytest.raises(Exception, match="Connection"):
            client.describe_log_groups()

    thread = threading.Thread(target=call)
    thread.start()
    assert remote.wait_for(lambda: len(remote.calls) == 1, timeout=PATIENCE_S)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(PATIENCE_S) == 0
    thread.join()
    client.close()


def test_a_program_in_another_process_is_served_and_watched(running: Running) -> None:
    client = running.client()
    client.create_log_group(logGroupName="group")
    client.close()
    remote = RemoteCloudWatchLogs(running.url)
    assert remote.summary.calls == {"CreateLogGroup": 1}
    assert remote.calls[0].request == {"logGroupName": "group"}


def test_a_port_that_is_taken_is_said_and_ends_with_status_1(service: LocalCloudWatchLogs) -> None:
    port = service.endpoint_url.rpartition(":")[2]
    run = subprocess.run(
        [sys.executable, "-m", "logspire.testing", "--port", port],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.returncode == 1
    assert "cannot listen" in run.stderr


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--port", "99999", "port must be from 0 to 65535; was 99999"),
        ("--access-key", "", "credentials must hold at least one access key with its secret"),
        ("--region", "", "region must not be empty"),
    ],
)
def test_an_option_that_makes_no_sense_is_said_and_ends_with_status_2(
    option: str, value: str, said: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "logspire.testing", option, value],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr.endswith(f"error: {said}\n")


@pytest.mark.parametrize("config", [None, Config(retries={"total_max_attempts": 1})])
def test_its_client_and_its_remote_need_no_proxy(
    service: LocalCloudWatchLogs, monkeypatch: pytest.MonkeyPatch, config: Config | None
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    client = service.client(config=config)
    client.create_log_group(logGroupName="group")
    client.close()
    assert RemoteCloudWatchLogs(service.endpoint_url).summary.calls == {"CreateLogGroup": 1}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("aws") is None, reason="no AWS CLI on PATH")
def test_the_aws_cli_writes_and_reads(running: Running) -> None:
    def aws(*arguments: str) -> str:
        run = subprocess.run(
            ["aws", "--output", "text", "logs", *arguments],
            env={**os.environ, **running.environment},
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        return run.stdout.strip()

    names = ("--log-group-name", "cli", "--log-stream-name", "stream")
    aws("create-log-group", "--log-group-name", "cli", "--tags", "team=core")
    aws("create-log-stream", *names)
    now_ms = RemoteCloudWatchLogs(running.url).calls[0].time_ms
    aws("put-log-events", *names, "--log-events", f"timestamp={now_ms},message=hello")
    assert aws("get-log-events", *names, "--query", "events[].message") == "hello"


def test_misbehaviour_is_switched_over_http(client: Any, remote: RemoteCloudWatchLogs) -> None:
    remote.misbehave("throttle", operation=["DescribeLogGroups"], times=5)
    with pytest.raises(ClientError, match="ThrottlingException"):
        client.describe_log_groups()
    remote.behave()
    client.describe_log_groups()
    assert remote.refused == 1


def test_wrong_arguments_are_told_over_http(remote: RemoteCloudWatchLogs) -> None:
    with pytest.raises(ValueError, match="kind must be one of"):
        remote.misbehave("sulk")


def test_what_arrived_is_the_same_over_http(
    put: Any, remote: RemoteCloudWatchLogs, service: LocalCloudWatchLogs
) -> None:
    put("é", "2")
    assert remote.events("group", "stream") == service.events("group", "stream")
    assert remote.messages("group", "absent") == []
    assert remote.summary == service.summary
    assert [c.request_id for c in remote.calls] == [c.request_id for c in service.calls]
    assert remote.calls[-1].request["logEvents"] == list(service.calls[-1].request["logEvents"])


def test_waiting_over_http_ends_with_the_call_that_it_waits_for(
    put: Any, remote: RemoteCloudWatchLogs
) -> None:
    sender = threading.Thread(target=put, args=("m",))
    sender.start()
    assert remote.wait_for(lambda: remote.messages("group", "stream") == ["m"], timeout=PATIENCE_S)
    sender.join()
    assert not remote.wait_for(lambda: False, timeout=0.05)


def test_reset_works_over_http(put: Any, remote: RemoteCloudWatchLogs) -> None:
    put("m")
    remote.reset()
    assert remote.calls == ()


def test_an_unknown_question_is_answered_with_the_known_ones(
    service: LocalCloudWatchLogs,
) -> None:
    with pytest.raises(ValueError, match="GET /_logspire/summary"):
        RemoteCloudWatchLogs(service.endpoint_url)._get("weather")
