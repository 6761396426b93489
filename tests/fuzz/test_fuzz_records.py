"""Whatever a program logs, no logging call raises, and each record is accounted for."""

import contextlib
import io
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn
from unittest import mock

import pytest
from fuzz import hostile
from fuzz.budget import fuzz
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE_S

from logspire import CloudWatchLogFormatter, CloudWatchLogHandler, JSONFormatter, LossReason
from logspire.core.event import repair
from logspire.formatters.strict_json import StrictEncoder
from logspire.testing import LocalCloudWatchLogs

GROUP, STREAM = "group", "stream"
FORMATTERS: dict[str, Any] = {
    "plain": CloudWatchLogFormatter,
    "format": lambda: CloudWatchLogFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"),
    "attributes": lambda: CloudWatchLogFormatter(
        add_log_record_attrs=["levelname", "asctime", "exc_info", "args", "level"]
    ),
    "json": JSONFormatter,
    "json with default": lambda: JSONFormatter(json_serialize_default=lambda value: value),
    "json arranged": lambda: JSONFormatter(
        fields="message * level args",
        rename_fields={"level": "a b", "args": "message_"},
        static_fields={"exception_": 1},
        dumps=json.dumps,
        max_message_size=1_000,
    ),
}
# What is lost because of what the record itself says; anything else would be our doing.
OWN_FAULT = {LossReason.EMPTY, LossReason.TOO_OLD, LossReason.TOO_NEW}


class Counting(CloudWatchLogHandler):
    """Counts what comes in, and what goes to ``handleError``."""

    emitted = errors = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.emitted += 1
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        self.errors += 1
        super().handleError(record)


@pytest.fixture(scope="module")
def service() -> Iterator[LocalCloudWatchLogs]:
    with LocalCloudWatchLogs() as running:
        yield running


@pytest.fixture(scope="module")
def handler(service: LocalCloudWatchLogs) -> Iterator[Counting]:
    made = Counting(GROUP, STREAM, endpoint_url=service.endpoint_url, on_loss=lambda _: None)
    logger = logging.getLogger(hostile.LOGGER)  # for objects that log while they are formatted
    logger.propagate = False
    logger.addHandler(made)
    yield made
    logger.removeHandler(made)
    made.close()


def start_over(handler: Counting, service: LocalCloudWatchLogs) -> None:
    """Forget what was logged before, as by objects that log while Hypothesis makes the records."""
    handler.flush(PATIENCE_S)
    service.reset()


def log_all(handler: Counting, boxes: Sequence[hostile.Boxed], *, raise_exceptions: bool) -> str:
    """Log; return what came out on standard error."""
    stderr = io.StringIO()
    with (
        contextlib.redirect_stderr(stderr),
        mock.patch.object(logging, "raiseExceptions", raise_exceptions),
    ):
        for record in (box.content for box in boxes):
            before = dict(record.__dict__)
            handler.handle(record)
            assert list(before) == list(record.__dict__)
            assert all(value is record.__dict__[name] for name, value in before.items())
    return stderr.getvalue()


@pytest.mark.parametrize("formatter", FORMATTERS)
@given(records=st.lists(hostile.records(), min_size=1, max_size=5), raise_exceptions=st.booleans())
@fuzz(25)
def test_any_record_arrives_or_is_counted_or_goes_to_handle_error(
    records: list[hostile.Boxed],
    formatter: str,
    handler: Counting,
    service: LocalCloudWatchLogs,
    *,
    raise_exceptions: bool,
) -> None:
    start_over(handler, service)
    handler.emitted = handler.errors = 0
    handler.setFormatter(FORMATTERS[formatter]())
    before = handler.stats()
    stderr = log_all(handler, records, raise_exceptions=raise_exceptions)
    handler.flush(PATIENCE_S)
    after = handler.stats()

    assert handler.emitted >= len(records)
    assert after.accepted - before.accepted == handler.emitted - handler.errors
    assert (after.held, after.accepted) == (0, after.delivered + after.lost)
    assert after.losses.keys() <= OWN_FAULT
    assert stderr.count("--- Logging error ---") == handler.errors * raise_exceptions
    stored = messages(service)
    assert len(stored) >= after.delivered - before.delivered
    assert all(stored)
    assert refused_puts(service) <= {"ResourceNotFoundException"}
    if "json" in formatter or formatter == "attributes":
        for text in whole(stored):
            assert isinstance(json.loads(text, parse_constant=refuse), dict)


def messages(service: LocalCloudWatchLogs) -> list[str]:
    """Return what was stored, but for what the handler says itself about losses."""
    stored = service.messages(GROUP, STREAM)
    return [text for text in stored if not text.startswith("logspire: ")]


def refused_puts(service: LocalCloudWatchLogs) -> set[str | None]:
    """Return why puts were refused: none but for a stream that is not there yet."""
    return {c.error for c in service.calls if c.refused and c.operation == "PutLogEvents"}


def whole(stored: Sequence[str]) -> list[str]:
    """Leave out the pieces of what had to be split."""
    return [text for text in stored if not (text.startswith("[") and "/" in text[:9])]


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


@given(message=hostile.texts.filter(lambda text: 0 < len(text) < 1000))
@fuzz(25)
def test_a_text_arrives_as_it_is_but_for_what_cannot_be_encoded(
    message: str, handler: Counting, service: LocalCloudWatchLogs
) -> None:
    start_over(handler, service)
    handler.setFormatter(CloudWatchLogFormatter())
    handler.handle(logging.LogRecord("n", logging.INFO, "f", 1, message, (), None))
    assert handler.flush(PATIENCE_S)
    assert messages(service) == [repair(message)]


@given(template=hostile.templates, records=st.lists(hostile.records(), min_size=1, max_size=2))
@fuzz(40)
def test_a_stream_name_assigned_at_run_time_is_taken_or_refused_and_delivery_goes_on(
    template: hostile.Boxed,
    records: list[hostile.Boxed],
    handler: Counting,
    service: LocalCloudWatchLogs,
) -> None:
    start_over(handler, service)
    handler.setFormatter(JSONFormatter())
    handler.emitted = handler.errors = 0
    before = handler.stats()
    with contextlib.suppress(Exception):
        handler.log_stream_name = template.content
    try:
        log_all(handler, records, raise_exceptions=False)
        handler.flush(PATIENCE_S)
    finally:
        handler.log_stream_name = STREAM
    after = handler.stats()
    assert after.accepted - before.accepted == handler.emitted - handler.errors
    assert (after.held, after.accepted) == (0, after.delivered + after.lost)
    assert refused_puts(service) <= {"ResourceNotFoundException"}


@given(value=hostile.anything)
@fuzz(200)
def test_anything_is_encoded_as_json_that_every_parser_takes(value: hostile.Boxed) -> None:
    text = StrictEncoder().encode(value.content)
    text.encode()
    assert "\n" not in text
    with no_limit_on_digits():
        json.loads(text, parse_constant=refuse)


@contextlib.contextmanager
def no_limit_on_digits() -> Iterator[None]:
    limit = sys.get_int_max_str_digits() if hasattr(sys, "get_int_max_str_digits") else None
    if limit is not None:
        sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        if limit is not None:
            sys.set_int_max_str_digits(limit)
