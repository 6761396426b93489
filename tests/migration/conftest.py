"""Programs that use watchtower, run with the real one and with Logspire in its place."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from patience import PATIENCE_S

from logspire.testing import LocalCloudWatchLogs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logspire.testing.records import Call

PROGRAMS = Path(__file__).parent
REAL = ""
#: On the path of a program, it puts Logspire in the place of watchtower.
IN_ITS_PLACE = str(PROGRAMS.parents[1] / "docs/migration")
PROFILE = """
[profile other]
region = us-east-1
aws_access_key_id = of-the-profile
aws_secret_access_key = testing
"""
IDENTITY = """
<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>
"""


class Sts(http.server.BaseHTTPRequestHandler):
    """Tells who is asking: watchtower has to know before it can tag a log group."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(IDENTITY)))
        self.end_headers()
        self.wfile.write(IDENTITY.encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def sts() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sts) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def started(*command: str, environment: dict[str, str], path: str = "") -> subprocess.Popen[str]:
    """Start Python in a process of its own, with ``path`` in front of that of the tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    modules = os.pathsep.join(filter(None, [path, *sys.path]))
    return subprocess.Popen(
        [sys.executable, *command],
        env={
            **inherited,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONPATH": modules,
            **environment,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(
    *command: str, environment: dict[str, str], path: str = "", check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run Python to its end, as `started` starts it."""
    with started(*command, environment=environment, path=path) as running:
        try:
            output, errors = running.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            running.kill()
            raise
    ended = subprocess.CompletedProcess(command, running.returncode, output, errors)
    if check:
        ended.check_returncode()
    return ended


class Outcome:
    """What a program left behind in the service, and the calls that it made."""

    def __init__(self, service: LocalCloudWatchLogs, output: str) -> None:
        pid, self.was_logspire = output.split()
        self._calls = service.calls
        self.groups: dict[str, dict[str, Any]] = {}
        with contextlib.closing(service.client()) as client:
            for group in client.describe_log_groups()["logGroups"]:
                name = group["logGroupName"]
                streams = client.describe_log_streams(logGroupName=name)["logStreams"]
                tags = client.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"]
                messages = {
                    stream["logStreamName"].replace(pid, "PID"): [
                        readable(text.replace(pid, "0"))
                        for text in service.messages(name, stream["logStreamName"])
                    ]
                    for stream in streams
                }
                retention = group.get("retentionInDays")
                self.groups[name] = {"retention": retention, "tags": tags, "streams": messages}

    def puts(self, group: str) -> list[Call]:
        """Return the calls that delivered something to a group."""
        return [
            call
            for call in self._calls
            if call.events_stored and call.request["logGroupName"] == group
        ]


def readable(text: str) -> Any:
    """Return an object for JSON that every parser takes: how it is written is nobody's business.

    Of tracebacks the last line is kept.
    """
    text = re.sub(r"Traceback.*?(?=KeyError: )", "Traceback: ", text, flags=re.DOTALL)
    try:
        return json.loads(text, parse_constant=int)  # which raises for NaN
    except ValueError:
        return text


@pytest.fixture
def run_with_each(sts: str, tmp_path: Path) -> Callable[[str], tuple[Outcome, Outcome]]:
    """Runs a program with the real watchtower, and with Logspire in its place."""
    config = tmp_path / "config"
    config.write_text(PROFILE)
    secrets = {"testing": "testing", "of-the-profile": "testing"}

    def run_with(program: str, path: str) -> Outcome:
        with LocalCloudWatchLogs(credentials=secrets) as service:
            environment = {
                **service.environment,
                "AWS_ENDPOINT_URL_STS": sts,
                "AWS_CONFIG_FILE": str(config),
            }
            ended = run(str(PROGRAMS / program), environment=environment, path=path, check=False)
            assert ended.returncode == 0, ended.stderr
            return Outcome(service, ended.stdout)

    def run_with_each(program: str) -> tuple[Outcome, Outcome]:
        theirs, ours = run_with(program, REAL), run_with(program, IN_ITS_PLACE)
        assert (theirs.was_logspire, ours.was_logspire) == ("False", "True")
        return theirs, ours

    return run_with_each
