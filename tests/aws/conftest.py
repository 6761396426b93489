"""The handler and its adapter in front of the strict service."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from logspire import CloudWatchLogHandler, Loss
from logspire.aws.client import ClientOptions, ClientSource
from logspire.aws.logs import CloudWatchLogs, GroupOptions
from logspire.core.columns import Events, Origin
from logspire.core.stream import Batch
from logspire.testing import LocalCloudWatchLogs

GROUP, STREAM = "group", "stream"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own configuration of AWS must not be seen, nor its metadata service asked."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    made = logging.getLogger("tests.aws")
    made.setLevel(logging.INFO)
    made.propagate = False  # pytest would collect it, and xdist cannot carry lone surrogates
    made.disabled = False  # as dictConfig of another test may have left it
    yield made
    made.handlers = []


@pytest.fixture
def losses() -> list[Loss]:
    """What the handlers of this test reported as lost."""
    return []


@pytest.fixture
def make_handler(
    cloudwatch_logs: LocalCloudWatchLogs, log: logging.Logger, losses: list[Loss]
) -> Iterator[Callable[..., CloudWatchLogHandler]]:
    """Makes handlers that send to the strict service, adds them to the logger, closes them."""
    made: list[CloudWatchLogHandler] = []

    def make(**keywords: Any) -> CloudWatchLogHandler:
        keywords.setdefault("on_loss", losses.append)
        # Neither is the subject here: a busy machine takes seconds to import the SDK.
        keywords.setdefault("send_interval", 60)
        keywords.setdefault("shutdown_timeout", 100)
        if "boto3_client" not in keywords:
            keywords.setdefault("endpoint_url", cloudwatch_logs.endpoint_url)
        handler = CloudWatchLogHandler(GROUP, keywords.pop("stream", STREAM), **keywords)
        made.append(handler)
        log.addHandler(handler)
        return handler

    yield make
    cloudwatch_logs.behave()
    for handler in made:
        handler.close()


@pytest.fixture
def make_destination(
    cloudwatch_logs: LocalCloudWatchLogs,
) -> Iterator[Callable[..., CloudWatchLogs]]:
    """Makes adapters without the handler and the threads above them."""
    sources: list[ClientSource] = []

    def make(*, compress: bool = True, **group: Any) -> CloudWatchLogs:
        source = ClientSource(ClientOptions(endpoint_url=cloudwatch_logs.endpoint_url))
        sources.append(source)
        return CloudWatchLogs(GROUP, source, group=GroupOptions(**group), compress=compress)

    yield make
    for source in sources:
        source.close()


@pytest.fixture
def batch() -> Callable[..., Batch]:
    """Makes a batch of (milliseconds since 1970, message)."""

    def make(*events: tuple[int, str]) -> Batch:
        times_ms, messages = zip(*events, strict=True)
        sizes = [len(text) + 26 for text in messages]
        made = Events.of(times_ms, messages, sizes, Origin(0.0, 0))
        return Batch(STREAM, made, sum(sizes), urgent=False, setbacks=0, cut_s=0.0)

    return make
