"""Every record becomes one JSON object."""

import json
import logging
import logging.config
import pickle
import subprocess
import sys
from typing import Any

import pytest
from formatters.making import (
    Hostile,
    exc_info_of,
    parse,
    record_of,
)

from logspire import JSONFormatter


def test_an_exception_keeps_type_message_and_traceback() -> None:
    record = record_of("", exc_info=exc_info_of(json.JSONDecodeError("bad", "{", 1)))
    exception = parse(JSONFormatter().format(record))["exception"]
    assert exception["type"] == "json.decoder.JSONDecodeError"
    assert exception["message"] == "bad: line 1 column 2 (char 1)"
    assert exception["traceback"].startswith("Traceback (most recent call last)")


def test_a_builtin_exception_goes_by_its_short_name() -> None:
    record = record_of("", exc_info=exc_info_of(KeyError("cart")))
    assert parse(JSONFormatter().format(record))["exception"]["type"] == "KeyError"


def test_the_traceback_text_of_a_record_from_a_queue_is_kept() -> None:
    record = record_of("failed", exc_text="Traceback: far away")
    members = parse(JSONFormatter().format(record))
    assert members["exception"] == {"traceback": "Traceback: far away"}


def test_an_exception_whose_text_fails_is_still_told() -> None:
    class Mute(Exception):  # noqa: N818 - an example
        def __str__(self) -> str:
            raise RuntimeError

    record = record_of("", exc_info=exc_info_of(Mute()))
    assert "Mute" in parse(JSONFormatter().format(record))["exception"]["message"]


def test_a_record_is_one_json_object() -> None:
    record = record_of("%s of %d", "one", 2, created=1_700_000_000.5, stack_info="Stack: x")
    assert JSONFormatter().format(record) == (
        '{"timestamp": "2023-11-14T22:13:20.500Z", "level": "WARNING", "logger": "shop.cart",'
        ' "message": "one of 2", "stack": "Stack: x"}'
    )


def test_a_formatter_goes_to_another_process() -> None:
    formatter = JSONFormatter(fields="message *", static_fields={"a": 1}, dumps=json.dumps)
    there = pickle.loads(pickle.dumps(formatter))
    assert there.format(record_of("hi")) == '{"message": "hi", "a": 1}'


def test_a_mapping_is_an_object_under_message() -> None:
    members = parse(JSONFormatter().format(record_of({"level": "mine"})))
    assert (members["message"], members["level"]) == ({"level": "mine"}, "WARNING")


def test_an_extra_with_a_name_that_has_a_meaning_does_not_rename_the_others() -> None:
    members = parse(JSONFormatter().format(record_of("x", level="mine", user="me")))
    assert (members["level_"], members["user"]) == ("mine", "me")


def test_a_message_of_a_record_with_its_own_idea_of_one_need_be_no_text() -> None:
    class Odd(logging.LogRecord):
        def getMessage(self) -> Any:  # noqa: N802 - logging's name
            return 7

    record = Odd("shop", logging.INFO, "x.py", 1, "hi", None, None)
    assert parse(JSONFormatter().format(record))["message"] == 7


def test_a_message_that_fails_to_be_text_is_named_by_its_type() -> None:
    assert "Hostile object" in parse(JSONFormatter().format(record_of(Hostile())))["message"]


def test_extras_stand_beside_the_records_own_members() -> None:
    members = parse(JSONFormatter().format(record_of("x", user="me", cart=[1, 2])))
    assert (members["user"], members["cart"]) == ("me", [1, 2])


def test_what_logging_itself_puts_on_a_record_is_no_extra() -> None:
    record = record_of("x")
    logging.Formatter("%(asctime)s").format(record)  # sets asctime and message
    members = parse(JSONFormatter().format(record))
    assert list(members) == ["timestamp", "level", "logger", "message"]


def test_what_a_record_factory_adds_is_an_extra_even_if_it_came_first() -> None:
    program = """
import logging
import pickle
def traced(*args, **keywords):
    record = logging.LogRecord(*args, **keywords)
    record.trace = "t-1"
    return record
logging.setLogRecordFactory(traced)
from logspire import JSONFormatter
print(JSONFormatter().format(logging.makeLogRecord({"msg": "x"})))
"""
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert parse(run.stdout.decode().rstrip())["trace"] == "t-1"


@pytest.mark.parametrize("name", ["timestamp", "level", "logger", "exception", "stack"])
def test_an_extra_cannot_take_a_place_that_has_a_meaning(name: str) -> None:
    record = record_of("x", exc_info=exc_info_of(KeyError()), stack_info="Stack: x")
    before = parse(JSONFormatter().format(record))
    record.__dict__.update({name: "mine", f"{name}_": "mine as well"})
    after = parse(JSONFormatter().format(record))
    assert after.pop(f"{name}_") == "mine"
    assert [after.pop(key) for key in set(after) - set(before)] == ["mine as well"]
    assert after == before


@pytest.mark.parametrize(
    "created", [float("nan"), float("inf"), 1e12, 1e300, -1e300, "soon", None, ()], ids=repr
)
def test_an_impossible_time_is_told_as_it_is(created: object) -> None:
    timestamp = parse(JSONFormatter().format(record_of("x", created=created)))["timestamp"]
    assert timestamp == repr(created)
