"""A server for hostile answers, and adapters that talk to it."""

import gc
from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.config import Config
from fuzz.raw_server import RawServer

from logspire.aws.client import ClientOptions, ClientSource
from logspire.aws.logs import CloudWatchLogs, GroupOptions

MakeAdapter = Callable[[str], CloudWatchLogs]
TIMEOUT_S = 0.5


@pytest.fixture
def collected() -> Iterator[None]:
    """What urllib3 leaves open after an answer that is no HTTP is collected within the test."""
    yield
    gc.collect()


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[None]:
    """The machine's own configuration of AWS must not be seen, nor its metadata service asked."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"):
            patched.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patched.setenv(name, "/nowhere")
        patched.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patched.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patched.setenv("AWS_ACCESS_KEY_ID", "testing")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield


@pytest.fixture(scope="module")
def raw_server() -> Iterator[RawServer]:
    """A server that answers with any bytes."""
    server = RawServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def make_adapter(raw_server: RawServer) -> Iterator[MakeAdapter]:
    """Makes adapters, with a client of their ``"own"`` or with a ``"user's"``."""
    config = Config(read_timeout=TIMEOUT_S, retries={"total_max_attempts": 1})
    client = boto3.client("logs", endpoint_url=raw_server.url, config=config)
    sources = {
        "own": ClientSource(ClientOptions(endpoint_url=raw_server.url)),
        "user's": ClientSource(ClientOptions(client=client)),
    }
    sources["own"].limit_wait(TIMEOUT_S)

    def make(kind: str) -> CloudWatchLogs:
        return CloudWatchLogs("group", sources[kind], group=GroupOptions(retention_days=7))

    yield make
    sources["own"].close()
    client.close()
