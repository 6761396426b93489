"""What holds for both formatters: the record is left alone, and nothing in it makes them fail."""

import copy
import io
import logging
import logging.config
from typing import Any

import pytest
from formatters.making import (
    anything,
    exc_info_of,
    parse,
    record_of,
    scalars,
)
from hypothesis import given
from hypothesis import strategies as st

from logspire import CloudWatchLogFormatter, JSONFormatter

FORMATTERS = (
    CloudWatchLogFormatter(),
    CloudWatchLogFormatter("%(asctime)s %(message)s"),
    CloudWatchLogFormatter(add_log_record_attrs=["asctime", "message", "exc_text", "user"]),
    JSONFormatter(),
)


@pytest.mark.parametrize("formatter", FORMATTERS, ids=lambda formatter: type(formatter).__name__)
def test_arguments_that_do_not_fit_raise_for_handle_error(formatter: logging.Formatter) -> None:
    with pytest.raises(TypeError):
        formatter.format(record_of("%d", "x"))


@pytest.mark.parametrize("formatter", FORMATTERS[2:], ids=["attributes", "JSON"])
@pytest.mark.parametrize("garbage", [True, "text", (), (1,), (None,) * 3, (1, 2, 3)], ids=repr)
def test_garbage_for_exception_information_does_not_raise(
    formatter: logging.Formatter, garbage: object
) -> None:
    assert parse(formatter.format(record_of("x", exc_info=garbage)))


@pytest.mark.parametrize("kind", [CloudWatchLogFormatter, JSONFormatter])
def test_a_default_that_cannot_be_called_is_refused_by_the_constructor(kind: Any) -> None:
    with pytest.raises(TypeError, match="json_serialize_default must be callable"):
        kind(json_serialize_default="repr")


@pytest.mark.parametrize("formatter", FORMATTERS, ids=["text", "format", "attributes", "JSON"])
@pytest.mark.parametrize("msg", ["hi", {"a": {"b": float("nan"), 1: ()}}], ids=["text", "mapping"])
@pytest.mark.parametrize("fails", [False, True], ids=["calm", "exception"])
def test_the_record_is_the_same_afterwards(
    formatter: logging.Formatter, msg: object, *, fails: bool
) -> None:
    record = record_of(msg, user={"name": {1, 2}})
    if fails:
        record.exc_info = exc_info_of(KeyError("cart"))
        record.stack_info = "Stack: x"
    before = record.__dict__.copy()
    inside = copy.deepcopy(record.msg)
    formatter.format(record)
    assert list(record.__dict__.items()) == list(before.items())
    assert all(record.__dict__[name] is value for name, value in before.items())
    assert repr(record.msg) == repr(inside)


@pytest.mark.parametrize("formatter", FORMATTERS, ids=["text", "format", "attributes", "JSON"])
def test_the_next_handler_prints_what_it_would_have_printed(formatter: logging.Formatter) -> None:
    printed = io.StringIO()
    logger = logging.Logger("shop")  # noqa: LOG001 - no other test may see its handlers
    ours = logging.StreamHandler(io.StringIO())
    ours.setFormatter(formatter)
    logger.addHandler(ours)
    logger.addHandler(logging.StreamHandler(printed))
    logger.info({"a": 1}, extra={"user": "me"})
    logger.info("%s", "text")
    assert printed.getvalue() == "{'a': 1}\ntext\n"


@given(anything, st.dictionaries(st.text(), scalars), scalars)
def test_any_record_becomes_strict_json(
    msg: object, attributes: dict[str, object], created: object
) -> None:
    record = record_of(msg)
    record.__dict__.update({**attributes, **record.__dict__, "created": created})
    before = record.__dict__.copy()
    assert set(parse(JSONFormatter().format(record))) >= {"timestamp", "level", "message"}
    assert record.__dict__.keys() == before.keys()
