"""The rest of `logging` around the handler: filters, formatters, handlers, libraries."""

import copy
import logging
import logging.handlers
import queue
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3
import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler, JSONFormatter
from logspire.testing import LocalCloudWatchLogs

if TYPE_CHECKING:
    import subprocess

Make = Callable[..., CloudWatchLogHandler]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def messages(service: LocalCloudWatchLogs) -> list[str]:
    return service.messages("group", "stream")


def test_behind_a_queue_handler_all_arrive_in_order(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler(attach=False)
    waiting: queue.Queue[logging.LogRecord] = queue.Queue()
    listener = logging.handlers.QueueListener(waiting, handler)
    listener.start()
    log.addHandler(logging.handlers.QueueHandler(waiting))
    for number in range(300):
        log.info("%d", number)
    listener.stop()
    assert handler.flush(PATIENCE_S)
    assert messages(cloudwatch_logs) == [str(number) for number in range(300)]


def test_behind_a_memory_handler_all_arrive_when_it_flushes(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler(attach=False)
    memory = logging.handlers.MemoryHandler(100, logging.ERROR, target=handler)
    log.addHandler(memory)
    log.info("first")
    assert handler.stats().accepted == 0
    log.error("second")
    assert handler.flush(PATIENCE_S)
    assert messages(cloudwatch_logs) == ["first", "second"]
    memory.close()


def test_with_the_root_logger_at_debug_nothing_feeds_itself(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make
) -> None:
    handler = make_handler(attach=False, send_interval=0)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    root.info("mine")
    assert handler.flush(PATIENCE_S)
    accepted = handler.stats().accepted
    assert handler.flush(PATIENCE_S)
    stats = handler.stats()
    # What other libraries log in this thread (pytest's plugins, say) may come along.
    assert stats.accepted == accepted
    assert stats.ignored > 10
    assert [text for text in messages(cloudwatch_logs) if text == "mine"] == ["mine"]
    assert not any("PutLogEvents" in text for text in messages(cloudwatch_logs))


def test_what_the_applications_own_botocore_calls_log_does_arrive(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make
) -> None:
    handler = make_handler(attach=False)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    client = boto3.session.Session().client("logs")
    client.describe_log_groups()
    client.close()
    root.setLevel(logging.INFO)
    assert handler.flush(PATIENCE_S)
    texts = messages(cloudwatch_logs)
    assert any("DescribeLogGroups" in text for text in texts)
    assert any(text.startswith("Starting new HTTP connection") for text in texts)


def test_without_a_queue_and_at_debug_nothing_feeds_itself(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make
) -> None:
    # So long a call waits, if it must: a busy machine takes seconds to import the SDK.
    handler = make_handler(attach=False, use_queues=False, send_interval=100)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    root.info("mine")
    root.setLevel(logging.WARNING)
    assert messages(cloudwatch_logs) == ["mine"]
    assert handler.stats().ignored > 10


def test_captured_warnings_arrive_even_where_warnings_are_errors(
    cloudwatch_logs: LocalCloudWatchLogs, run: Run
) -> None:
    done = run(
        """
import logging, warnings
import logspire
handler = logspire.CloudWatchLogHandler("group", "stream", send_interval=0)
logging.basicConfig(level=logging.DEBUG, handlers=[handler])
logging.captureWarnings(True)
try:
    warnings.warn("as an error")
except UserWarning as error:
    logging.warning("raised %s", error)
with warnings.catch_warnings():
    warnings.simplefilter("always")
    logging.captureWarnings(True)
    warnings.warn("captured")
assert handler.flush(100), handler.stats()
assert handler.stats().lost == 0
""",
        "-W",
        "error",
    )
    assert (done.returncode, done.stderr) == (0, "")
    texts = messages(cloudwatch_logs)
    assert "raised as an error" in texts
    assert any("UserWarning: captured" in text for text in texts)


def test_a_filter_can_leave_records_out(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    handler = make_handler()
    handler.addFilter(lambda record: "secret" not in record.getMessage())
    log.info("a secret")
    log.info("no such thing")
    assert handler.flush(PATIENCE_S)
    assert messages(cloudwatch_logs) == ["no such thing"]
    assert handler.stats().accepted == 1


@pytest.mark.skipif(sys.version_info < (3, 12), reason="filters replace records since 3.12")
def test_a_filter_can_replace_the_record(
    cloudwatch_logs: LocalCloudWatchLogs, make_handler: Make, log: logging.Logger
) -> None:
    def redact(record: logging.LogRecord) -> logging.LogRecord:
        redacted = copy.copy(record)
        redacted.msg, redacted.args = "***", None
        return redacted

    handler = make_handler()
    handler.addFilter(redact)  # type: ignore[arg-type]  # typed for 3.10
    log.info("a secret")
    assert handler.flush(PATIENCE_S)
    assert messages(cloudwatch_logs) == ["***"]


def test_arguments_that_do_not_fit_go_to_handle_error_and_the_next_record_arrives(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_handler: Make,
    log: logging.Logger,
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = make_handler()
    # Not pytest's own handlers, which raise where others report.
    log.handlers, log.propagate = [handler], False
    log.info("%d", "x")
    log.info("next")
    assert handler.flush(PATIENCE_S)
    assert messages(cloudwatch_logs) == ["next"]
    shown = capsys.readouterr().err
    assert "--- Logging error ---" in shown
    assert "TypeError" in shown
    assert handler.stats().accepted == 1


def test_a_broken_formatter_goes_to_handle_error_and_the_application_goes_on(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_handler: Make,
    log: logging.Logger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Broken(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            raise KeyError(record.name)

    monkeypatch.setattr(logging, "raiseExceptions", False)
    handler = make_handler()
    handler.setFormatter(Broken())
    log.info("lost to the formatter")
    handler.setFormatter(None)
    log.info("next")
    assert handler.flush(PATIENCE_S)
    assert messages(cloudwatch_logs) == ["next"]


@pytest.mark.parametrize("answer", [None, b"bytes", 7, ["a"]])
def test_a_formatter_that_returns_no_text_does_not_stop_delivery(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_handler: Make,
    log: logging.Logger,
    monkeypatch: pytest.MonkeyPatch,
    answer: object,
) -> None:
    class Odd(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return answer if record.levelno < logging.WARNING else "next"  # type: ignore[return-value]

    monkeypatch.setattr(logging, "raiseExceptions", False)
    handler = make_handler()
    handler.setFormatter(Odd())
    log.info("odd")
    log.warning("next")
    handler.flush(PATIENCE_S)
    assert messages(cloudwatch_logs)[-1] == "next"
    stats = handler.stats()
    assert (stats.held, stats.accepted) == (0, stats.delivered + stats.lost)


def test_neither_the_record_nor_a_dict_in_it_is_modified(
    make_handler: Make, log: logging.Logger
) -> None:
    seen: list[tuple[dict[str, object], object]] = []

    class Before(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((dict(record.__dict__), copy.deepcopy(record.msg)))

    log.addHandler(Before())
    handler = make_handler()
    handler.setFormatter(JSONFormatter())
    make_handler()
    log.addHandler(Before())
    try:
        int("no number")
    except ValueError:
        log.exception({"user": {"id": 1}}, extra={"request": "r-1"})
    before, after = seen
    assert before == after
