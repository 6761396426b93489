"""Runs ``check`` in this process, with no configuration of AWS but the one of the test."""

from __future__ import annotations

import http.server
import json
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from logspire.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from logspire.testing import LocalCloudWatchLogs

TIMEOUT_S = 30  # a busy machine takes seconds; tests of hanging things ask for less


@pytest.fixture(scope="session", autouse=True)
def loaded_sdk() -> None:
    """It is imported here, and not in the few seconds that a test gives to a check."""
    session = botocore.session.Session()
    session.create_client("logs", "us-east-1", endpoint_url="http://127.0.0.1:9").close()


@dataclass(frozen=True)
class Checked:
    """What ``check --json`` said."""

    status: int
    report: dict[str, Any]
    text: str

    def step(self, name: str) -> dict[str, Any]:
        (found,) = (step for step in self.report["steps"] if step["name"] == name)
        return dict(found)

    @property
    def statuses(self) -> dict[str, str]:
        return {step["name"]: step["status"] for step in self.report["steps"]}

    @property
    def failed(self) -> list[str]:
        return [name for name, status in self.statuses.items() if status == "failed"]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the account, nor of the network, of whoever runs the tests is found."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def service(
    cloudwatch_logs: LocalCloudWatchLogs, monkeypatch: pytest.MonkeyPatch
) -> LocalCloudWatchLogs:
    """The strict service, to which the environment points."""
    for name, value in cloudwatch_logs.environment.items():
        monkeypatch.setenv(name, value)
    return cloudwatch_logs


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Callable[..., Checked]:
    """Runs ``check`` with arguments, for the group ``app`` unless they name another."""

    def run(*arguments: str) -> Checked:
        given = ["--log-group", "app", "--timeout", str(TIMEOUT_S), *arguments]
        status = main(["check", "--json", *given])
        out, err = capsys.readouterr()
        assert err == ""
        return Checked(status, json.loads(out), out)

    return run


@dataclass
class Reply:
    """What a web server answers, to whatever it is asked."""

    body: bytes = b"{}"
    status: int = 200
    content_type: str = "application/x-amz-json-1.1"
    date: str = ""
    echo_header: str = ""
    """Name of a header of the request whose value is to be a part of the body."""


@pytest.fixture
def web_server() -> Iterator[Callable[[Reply], str]]:
    """Starts a server that always gives the same answer; returns its URL."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(reply: Reply) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = reply.body + (self.headers.get(reply.echo_header) or "").encode()
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PUT = do_GET  # noqa: N815 - names that the base class looks for

            def date_time_string(self, timestamp: float | None = None) -> str:
                return reply.date or super().date_time_string(timestamp)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
