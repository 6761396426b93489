"""The real handler against moto's server and MiniStack, read back through their own API."""

import json
import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from botocore.config import Config
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

pytestmark = pytest.mark.slow  # and the same on every Python

Make = Callable[..., CloudWatchLogHandler]


class Emulator(Protocol):
    """What these tests use of the fixture ``emulator``."""

    name: str
    endpoint_url: str

    @property
    def output(self) -> str: ...
    def client(self) -> "CloudWatchLogsClient": ...


@pytest.fixture
def group() -> str:
    """A group of this test's own: the emulators run for the whole session."""
    return f"/tests/{uuid.uuid4().hex}"


@pytest.fixture
def client(emulator: Emulator) -> "Iterator[CloudWatchLogsClient]":
    made = emulator.client()
    yield made
    made.close()


@pytest.fixture
def logger(
    make_handler: Make, emulator: Emulator, group: str, log: logging.Logger
) -> Callable[..., logging.Logger]:
    """Gives the test's logger a handler that sends to the emulator, instead of the one before."""

    def make(**keywords: Any) -> logging.Logger:
        stream = keywords.pop("log_stream_name", "stream")
        keywords.setdefault("endpoint_url", emulator.endpoint_url)
        handler = make_handler(group, stream, region_name="us-east-1", **keywords)
        log.handlers = [handler]
        return log

    return make


def flush(logger: logging.Logger) -> CloudWatchLogHandler:
    # pytest may have added handlers of its own.
    (handler,) = (h for h in logger.handlers if isinstance(h, CloudWatchLogHandler))
    assert handler.flush(PATIENCE_S), handler.stats()
    return handler


def read(client: "CloudWatchLogsClient", group: str, stream: str) -> list[str]:
    """Return the messages of a stream, page by page until a token comes twice."""
    messages: list[str] = []
    token: dict[str, Any] = {}
    while True:
        page = client.get_log_events(
            logGroupName=group, logStreamName=stream, startFromHead=True, **token
        )
        messages += [event["message"] for event in page["events"]]
        if not page["events"] or token.get("nextToken") == page["nextForwardToken"]:
            return messages
        token = {"nextToken": page["nextForwardToken"]}


def test_thousands_of_records_from_several_threads_arrive_exactly_once_and_in_order(
    logger: Callable[..., logging.Logger], client: "CloudWatchLogsClient", group: str
) -> None:
    log = logger()

    def work(worker: int) -> None:
        for number in range(1500):
            log.info("%d %d", worker, number)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = flush(log).stats()

    messages = read(client, group, "stream")
    assert (stats.delivered, stats.lost, stats.held) == (6000, 0, 0)
    for worker in range(4):
        mine = [message for message in messages if message.startswith(f"{worker} ")]
        assert mine == [f"{worker} {number}" for number in range(1500)]
    assert len(messages) == 6000


def test_text_beyond_ascii_and_dicts_arrive_as_they_were(
    logger: Callable[..., logging.Logger], client: "CloudWatchLogsClient", group: str
) -> None:
    log = logger()
    texts = [
        "naïve façade",
        "日本語",
        "🙂🚀",
        "line\nbreak\ttab",
        '"quotes" \\ \u0001',
        "\ud800 alone",
    ]
    for text in texts:
        log.info("%s", text)
    log.info({"user": "Zoë", "items": [1, None, {"deep": True}]})
    flush(log)

    *arrived, mapping = read(client, group, "stream")
    assert arrived[:-1] == texts[:-1]
    assert arrived[-1].endswith(" alone")
    assert json.loads(mapping) == {"user": "Zoë", "items": [1, None, {"deep": True}]}


def test_a_message_of_three_megabytes_arrives_in_pieces_that_hold_all_of_it(
    logger: Callable[..., logging.Logger], client: "CloudWatchLogsClient", group: str
) -> None:
    log = logger()
    log.info("é" * 1_500_000)
    stats = flush(log).stats()

    pieces = read(client, group, "stream")
    assert sum(piece.count("é") for piece in pieces) == 1_500_000
    assert all(len(piece.encode()) + 26 <= 1_048_576 for piece in pieces)
    assert (stats.accepted, stats.delivered, stats.split) == (1, 1, 1)


def test_each_logger_has_its_own_stream(
    make_handler: Make, emulator: Emulator, client: "CloudWatchLogsClient", group: str
) -> None:
    handler = make_handler(group, "{logger_name}", endpoint_url=emulator.endpoint_url)
    logs = [logging.getLogger(f"tests.part{number}") for number in range(6)]
    for number in range(200):
        log = logs[number % len(logs)]
        handler.handle(log.makeRecord(log.name, logging.INFO, "", 0, str(number), (), None))
    assert handler.flush(PATIENCE_S), handler.stats()

    names = [
        s["logStreamName"] for s in client.describe_log_streams(logGroupName=group)["logStreams"]
    ]
    assert sorted(names) == [log.name for log in logs]
    for number, log in enumerate(logs):
        assert read(client, group, log.name) == [str(n) for n in range(number, 200, len(logs))]


def test_events_can_be_found_across_streams(
    logger: Callable[..., logging.Logger], client: "CloudWatchLogsClient", group: str
) -> None:
    for stream in ("a", "b"):
        log = logger(log_stream_name=stream)
        log.warning("found in %s", stream)
        flush(log)
    found = client.filter_log_events(logGroupName=group)["events"]
    assert Counter(event["message"] for event in found) == {"found in a": 1, "found in b": 1}


def test_a_group_that_is_created_has_its_retention_and_tags(
    logger: Callable[..., logging.Logger], client: "CloudWatchLogsClient", group: str
) -> None:
    log = logger(log_group_retention_days=30, log_group_tags={"team": "web", "stage": "test"})
    log.info("first")
    flush(log).close()

    (described,) = client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert described["retentionInDays"] == 30
    arn = described["arn"].removesuffix(":*")
    tags = client.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == {"team": "web", "stage": "test"}


def test_a_group_and_a_stream_that_are_there_already_are_used(
    logger: Callable[..., logging.Logger], client: "CloudWatchLogsClient", group: str
) -> None:
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="stream")
    log = logger(log_group_retention_days=30)
    log.info("first")
    flush(log)

    assert read(client, group, "stream") == ["first"]
    (described,) = client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert "retentionInDays" not in described


def test_a_group_deleted_in_the_middle_is_created_again(
    logger: Callable[..., logging.Logger], client: "CloudWatchLogsClient", group: str
) -> None:
    log = logger()
    log.info("before")
    flush(log)
    client.delete_log_group(logGroupName=group)
    log.info("after")
    flush(log)
    assert read(client, group, "stream") == ["after"]


@pytest.mark.parametrize("compress", [True, False])
def test_large_bodies_arrive_whether_the_emulator_reads_gzip_or_not(
    logger: Callable[..., logging.Logger],
    client: "CloudWatchLogsClient",
    group: str,
    *,
    compress: bool,
) -> None:
    log = logger(compress=compress)
    for number in range(500):
        log.info("a line that shrinks well, number %d", number)
    stats = flush(log).stats()
    assert (stats.delivered, stats.lost) == (500, 0)
    assert len(read(client, group, "stream")) == 500


@pytest.mark.parametrize(
    ("emulator", "encodings"),
    [
        ("moto_server", ["gzip", "gzip", "gzip", "gzip"]),
        # MiniStack 1.4.21 hands the compressed bytes to its JSON parser, and answers 500
        # InternalError with Python's UnicodeDecodeError. One 500 may be an accident; after the
        # second that went away with a plain body, compression stays off.
        ("ministack", ["gzip", "plain", "gzip", "plain", "plain", "plain"]),
    ],
    indirect=["emulator"],
)
def test_compression_ends_where_the_emulator_cannot_read_it(
    emulator: Emulator,
    group: str,
    make_handler: Make,
    log: logging.Logger,
    encodings: list[str],
) -> None:
    seen: list[bytes] = []
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.session.Session().client("logs", endpoint_url=emulator.endpoint_url, config=once)
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="stream")
    client.meta.events.register(
        "before-send.cloudwatch-logs.PutLogEvents",
        lambda request, **_: seen.append(request.headers.get("Content-Encoding", b"plain")),
    )
    log.handlers = [make_handler(group, "stream", boto3_client=client)]
    for number in range(4):
        log.info("%s%d", "x" * 5000, number)
        flush(log)
    assert [word.decode() for word in seen] == encodings
    assert read(client, group, "stream") == ["x" * 5000 + str(n) for n in range(4)]
