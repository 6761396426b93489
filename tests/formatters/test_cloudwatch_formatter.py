"""Text stays text, mappings become JSON."""

import logging
import logging.config
import pickle
from typing import Any

import pytest
from formatters.making import (
    EndlessDict,
    FewMembers,
    exc_info_of,
    parse,
    record_of,
)

from logspire import CloudWatchLogFormatter


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (record_of("plain"), "plain"),
        (record_of("50%"), "50%"),
        (record_of("%s of %d", "one", 2), "one of 2"),
        (record_of("%(a)s", {"a": 1}), "1"),
        (record_of(12), "12"),
        (record_of(None), "None"),
        (record_of(["a"]), "['a']"),
        (record_of(""), ""),
    ],
    ids=repr,
)
def test_text_is_formatted_as_logging_does(record: logging.LogRecord, text: str) -> None:
    assert CloudWatchLogFormatter().format(record) == text == logging.Formatter().format(record)


def test_a_format_shapes_text_as_logging_does() -> None:
    arguments: Any = ("{levelname}: {message} {who}", None, "{")
    ours = CloudWatchLogFormatter(*arguments, defaults={"who": "nobody"})
    theirs = logging.Formatter(*arguments, defaults={"who": "nobody"})
    assert ours.format(record_of("hi")) == theirs.format(record_of("hi")) == "WARNING: hi nobody"


def test_a_mapping_becomes_one_json_object() -> None:
    assert CloudWatchLogFormatter().format(record_of({"a": 1, "b": "ü"})) == '{"a": 1, "b": "ü"}'


def test_any_kind_of_mapping_counts_as_one() -> None:
    assert CloudWatchLogFormatter().format(record_of(FewMembers({"a": 1}))) == '{"a": 1}'


def test_the_json_of_a_mapping_takes_the_place_of_the_message_in_a_format() -> None:
    formatter = CloudWatchLogFormatter("%(levelname)s %(message)s %(asctime)s", datefmt="then")
    assert formatter.format(record_of({"pct": "50%"})) == 'WARNING {"pct": "50%"} then'


def test_a_mapping_with_arguments_is_text_as_logging_has_it() -> None:
    record = record_of({"a": "%s"}, "x")
    assert CloudWatchLogFormatter().format(record) == "{'a': 'x'}" == record.getMessage()


def test_a_subclass_may_shape_messages_itself() -> None:
    class Loud(CloudWatchLogFormatter):
        def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
            return super().formatMessage(record).upper()

    assert Loud().format(record_of("hi")) == "HI"


def test_an_empty_message_with_an_exception_yields_the_traceback() -> None:
    text = CloudWatchLogFormatter().format(record_of("", exc_info=exc_info_of(KeyError("cart"))))
    assert "Traceback (most recent call last)" in text
    assert text.endswith("KeyError: 'cart'")


def test_the_traceback_of_a_mapping_is_a_member_of_its_object() -> None:
    record = record_of({"a": 1}, exc_info=exc_info_of(KeyError("cart")), stack_info="Stack: x")
    members = parse(CloudWatchLogFormatter().format(record))
    assert members["exc_info"].endswith("KeyError: 'cart'")
    assert (members["a"], members["stack_info"]) == (1, "Stack: x")


def test_a_traceback_takes_no_member_away_from_the_mapping() -> None:
    record = record_of({"exc_info": "mine"}, exc_info=exc_info_of(KeyError("cart")))
    members = parse(CloudWatchLogFormatter().format(record))
    assert members.pop("exc_info") == "mine"
    assert [value[-16:] for value in members.values()] == ["KeyError: 'cart'"]


def test_beside_an_endless_recursion_members_and_traceback_are_kept() -> None:
    record = record_of({"a": "x", "detail": EndlessDict(a=1)}, exc_text="KeyError: 'cart'")
    members = parse(CloudWatchLogFormatter().format(record))
    assert (members["a"], members["exc_info"]) == ("x", "KeyError: 'cart'")


def test_chosen_attributes_come_with_the_message() -> None:
    formatter = CloudWatchLogFormatter(add_log_record_attrs=["levelname", "name", "absent"])
    expected = {"levelname": "WARNING", "name": "shop.cart", "msg": "one of 2"}
    assert parse(formatter.format(record_of("%s of %d", "one", 2))) == expected


def test_a_formatter_goes_to_another_process() -> None:
    formatter = CloudWatchLogFormatter(json_serialize_default=str)
    there = pickle.loads(pickle.dumps(formatter))
    assert parse(there.format(record_of({"a": {1}}))) == {"a": "{1}"}


def test_attributes_can_be_chosen_later() -> None:
    formatter = CloudWatchLogFormatter()
    formatter.add_log_record_attrs = ["levelname"]
    assert parse(formatter.format(record_of("text"))) == {"levelname": "WARNING", "msg": "text"}
    with pytest.raises(TypeError, match="add_log_record_attrs must be names"):
        formatter.add_log_record_attrs = "levelname"


def test_chosen_attributes_come_with_the_mapping() -> None:
    formatter = CloudWatchLogFormatter(add_log_record_attrs=("user",))
    record = record_of({"a": 1}, user="me")
    assert parse(formatter.format(record)) == {"user": "me", "msg": {"a": 1}}


def test_attributes_that_only_formatting_makes_can_be_chosen() -> None:
    formatter = CloudWatchLogFormatter(datefmt="then", add_log_record_attrs=["asctime", "message"])
    text = parse(formatter.format(record_of("hi")))
    assert text == {"asctime": "then", "message": "hi", "msg": "hi"}
    mapping = parse(formatter.format(record_of({"a": 1})))
    assert mapping == {"asctime": "then", "message": {"a": 1}, "msg": {"a": 1}}


def test_a_format_shapes_the_text_beside_chosen_attributes() -> None:
    formatter = CloudWatchLogFormatter("<%(message)s>", add_log_record_attrs=["name"])
    assert parse(formatter.format(record_of("hi")))["msg"] == "<hi>"


def test_a_traceback_is_added_to_chosen_attributes() -> None:
    formatter = CloudWatchLogFormatter(add_log_record_attrs=["exc_info", "stack_info", "msg"])
    record = record_of("", exc_info=exc_info_of(KeyError("cart")), stack_info="Stack: x")
    members = parse(formatter.format(record))
    assert members["exc_info"].endswith("KeyError: 'cart'")
    assert members["stack_info"] == "Stack: x"
    assert parse(formatter.format(record_of("hi"))) == {"msg": "hi"}


@pytest.mark.parametrize("wrong", ["name", b"name", 7, ["name", 7]], ids=repr)
def test_wrong_names_of_attributes_are_refused_by_the_constructor(wrong: Any) -> None:
    with pytest.raises(TypeError, match="add_log_record_attrs must be names"):
        CloudWatchLogFormatter(add_log_record_attrs=wrong)


def test_a_record_with_slots_and_its_own_message_is_understood() -> None:
    class Braces(logging.LogRecord):
        __slots__ = ("detail",)
        detail: str

        def getMessage(self) -> str:  # noqa: N802 - logging's name
            return str(self.msg).format(*self.args or ()) + self.detail

    record = Braces("x", logging.INFO, "x", 1, "{}", ("hi",), None)
    record.detail = "!"
    assert CloudWatchLogFormatter("%(message)s").format(record) == "hi!"


def test_dict_config_makes_a_formatter_with_attributes() -> None:
    config = {
        "()": "logspire.CloudWatchLogFormatter",
        "fmt": "%(levelname)s %(message)s",
        "add_log_record_attrs": ["name"],
    }
    made = logging.config.DictConfigurator({"version": 1}).configure_formatter(config)
    assert made.format(record_of("hi")) == '{"name": "shop.cart", "msg": "WARNING hi"}'
