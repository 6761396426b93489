"""Ways to call the service: an ordinary client that does not retry, and requests made by hand."""

from __future__ import annotations

import gzip
import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from patience import PATIENCE_S

from logspire.testing import LocalCloudWatchLogs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_logs import CloudWatchLogsClient

GROUP, STREAM = "group", "stream"


@dataclass
class Clock:
    """The service's time, where a test wants it."""

    now_ms: int = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def code(self) -> str:
        return str(self.json["__type"])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(clock: Clock) -> Iterator[LocalCloudWatchLogs]:
    # It closes no connection: who calls here may have no turn for as long as the real one waits.
    with LocalCloudWatchLogs(clock=clock, idle_timeout=None) as running:
        yield running


@pytest.fixture
def client(service: LocalCloudWatchLogs) -> Iterator[CloudWatchLogsClient]:
    """An ordinary client, with a log group and a stream there already."""
    once = Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=PATIENCE_S)
    client = service.client(config=once)
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    yield client
    client.close()


@pytest.fixture
def put(client: CloudWatchLogsClient, clock: Clock) -> Callable[..., Any]:
    """Send messages, a millisecond apart unless the events are given whole."""

    def put(*messages: str, events: list[Any] | None = None, **keywords: Any) -> Any:
        now = clock()
        made: list[Any] = [{"timestamp": now + i, "message": m} for i, m in enumerate(messages)]
        return client.put_log_events(
            logGroupName=GROUP, logStreamName=STREAM, logEvents=events or made, **keywords
        )

    return put


@pytest.fixture
def send(service: LocalCloudWatchLogs) -> Callable[..., Answer]:
    """Send a request as no client would: any body, any header, signed or not."""

    def send(
        operation: str,
        request: object = None,
        *,
        body: bytes | None = None,
        compress: bool = False,
        headers: Mapping[str, str] | None = None,
        late_headers: Mapping[str, str] | None = None,
        credentials: tuple[str, str] | None = ("testing", "testing"),
        scope: tuple[str, str] = ("logs", "us-east-1"),
    ) -> Answer:
        payload = json.dumps(request or {}).encode() if body is None else body
        payload = gzip.compress(payload) if compress else payload
        signed = AWSRequest("POST", service.endpoint_url + "/", data=payload)
        signed.headers["X-Amz-Target"] = f"Logs_20140328.{operation}"
        signed.headers["Content-Type"] = "application/x-amz-json-1.1"
        if compress:
            signed.headers["Content-Encoding"] = "gzip"
        for name, value in (headers or {}).items():
            del signed.headers[name]
            signed.headers[name] = value
        if credentials:
            SigV4Auth(Credentials(*credentials), *scope).add_auth(signed)
        return _exchange(service, payload, {**dict(signed.headers), **(late_headers or {})})

    return send


def _exchange(service: LocalCloudWatchLogs, payload: bytes, headers: Mapping[str, str]) -> Answer:
    connection = http.client.HTTPConnection(
        urlsplit(service.endpoint_url).netloc, timeout=PATIENCE_S
    )
    try:
        connection.request("POST", "/", payload, dict(headers))
        response = connection.getresponse()
        return Answer(response.status, response.read(), dict(response.headers))
    finally:
        connection.close()
