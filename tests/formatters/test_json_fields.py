"""Which fields a JSON record has, in which order, and by which names."""

from __future__ import annotations

import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from formatters.making import (
    Colour,
    anything,
    exc_info_of,
    functions_called_by,
    parse,
    record_of,
    scalars,
)
from hypothesis import given
from hypothesis import strategies as st

from logspire import JSONFormatter, log_context

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping


class Unhurried(JSONFormatter):
    """Has a method of its own, so that it has no quick way."""

    def members(self, record: logging.LogRecord) -> dict[str, Any]:
        return super().members(record)


def fields_of(record: logging.LogRecord, **arguments: Any) -> dict[str, Any]:
    members = parse(JSONFormatter(**arguments).format(record))
    members.pop("timestamp", None)
    assert isinstance(members, dict)
    return members


def failed() -> logging.LogRecord:
    return record_of("x", exc_info=exc_info_of(KeyError()), stack_info="Stack: y", user="ann")


# Choice and order


@pytest.mark.parametrize("names", ["message, level", "message level", ["message", "level"]])
def test_fields_are_those_that_are_named_in_that_order(names: Any) -> None:
    text = JSONFormatter(fields=names).format(record_of("hi", user="ann"))
    assert text == '{"message": "hi", "level": "WARNING"}'


def test_the_format_of_a_configuration_file_means_the_fields() -> None:
    assert JSONFormatter("level, logger").format(record_of("hi")) == (
        '{"level": "WARNING", "logger": "shop.cart"}'
    )


def test_a_star_stands_for_all_that_is_not_named() -> None:
    members = fields_of(record_of("hi", a=1, b=2, c=3), fields=["b", "message", "*", "level"])
    assert list(members) == ["b", "message", "a", "c", "level"]


def test_attributes_of_the_record_can_be_named() -> None:
    members = fields_of(record_of("%s!", "hi"), fields="lineno msg pathname")
    assert members == {"lineno": 7, "msg": "%s!", "pathname": "cart.py"}


def test_a_field_that_a_record_lacks_is_left_out() -> None:
    assert fields_of(record_of("hi"), fields="message user trace_id") == {"message": "hi"}


@pytest.mark.parametrize("fields", ["message", "message *", "stack message"])
def test_an_exception_and_a_stack_are_told_whether_they_are_named_or_not(fields: str) -> None:
    members = fields_of(failed(), fields=fields)
    assert members["exception"]["type"] == "KeyError"
    assert members["stack"] == "Stack: y"


def test_without_an_exception_an_extra_does_not_take_its_place() -> None:
    record = record_of("hi", exception="mine", level="mine")
    members = fields_of(record, fields="message level")
    assert members == {"message": "hi", "level": "WARNING"}


# Other names


def test_fields_get_other_names_in_their_places() -> None:
    names = {"level": "severity", "user": "usr"}
    members = fields_of(record_of("hi", user="ann"), rename_fields=names)
    assert members == {"severity": "WARNING", "logger": "shop.cart", "message": "hi", "usr": "ann"}
    assert next(iter(members)) == "severity"


def test_two_fields_may_change_names() -> None:
    members = fields_of(record_of("hi"), rename_fields={"level": "logger", "logger": "level"})
    assert (members["level"], members["logger"]) == ("shop.cart", "WARNING")


def test_a_new_name_takes_none_away_from_an_extra() -> None:
    members = fields_of(record_of("hi", severity=3), rename_fields={"level": "severity"})
    assert members.pop("severity") == "WARNING"
    assert 3 in members.values()


# What every record has


def test_static_fields_come_with_every_record_and_before_the_extras() -> None:
    static = {"service": "shop", "build": {"number": 7, "tags": ("a",)}}
    members = fields_of(record_of("hi", user="ann"), static_fields=static)
    assert list(members)[3:] == ["service", "build", "user"]
    assert members["build"] == {"number": 7, "tags": ["a"]}


def test_what_is_nearer_to_the_record_wins() -> None:
    static = {"a": "static", "b": "static", "c": "static"}
    with log_context(b="bound", c="bound"):
        members = fields_of(record_of("hi", c="extra"), static_fields=static)
    assert [members[name] for name in "abc"] == ["static", "bound", "extra"]


def test_static_fields_stay_what_they_were_when_the_formatter_was_made() -> None:
    tags = ["a"]
    formatter = JSONFormatter(static_fields={"tags": tags})
    tags.append("b")
    assert parse(formatter.format(record_of("hi")))["tags"] == ["a"]


# A class of one's own


def test_a_subclass_may_add_and_take_away() -> None:
    class Mine(JSONFormatter):
        def members(self, record: logging.LogRecord) -> dict[str, Any]:
            members = super().members(record)
            del members["logger"]
            return {**members, "colour": Colour.RED}

    members = parse(Mine().format(record_of("hi")))
    assert list(members) == ["timestamp", "level", "message", "colour"]
    assert members["colour"] == "<Colour.RED: 1>"


# The quick way


@given(
    st.one_of(st.text(st.characters(exclude_categories=[])), anything),
    st.dictionaries(st.text(), st.one_of(scalars, anything)),
    st.sampled_from(["INFO", "\ud800", "ü", '"', 7, None, []]),
    st.one_of(st.floats(-1e9, 1e10), st.integers(-10, 10**9), scalars),
)
def test_the_quick_way_says_the_same_as_the_other(
    msg: object, extras: Mapping[str, object], level: Any, created: Any
) -> None:
    record = record_of(msg)
    record.__dict__.update({**extras, **record.__dict__})
    record.created, record.levelname = created, level
    assert JSONFormatter().format(record) == Unhurried().format(record)


@pytest.mark.parametrize("extras", [{}, {"a": "x", "b": 1, "c": 1.5, "d": True, "e": None}])
def test_an_ordinary_record_takes_the_quick_way(extras: dict[str, object]) -> None:
    formatter, record = JSONFormatter(static_fields={"service": "shop"}), record_of("hi", **extras)
    called = functions_called_by(lambda: formatter.format(record))
    assert "json_formatter.py:_quick_line" in called
    assert "json_formatter.py:members" not in called


def test_threads_share_a_formatter() -> None:
    formatter, lines = JSONFormatter(), defaultdict(list)

    def work(number: int) -> None:
        for turn in range(300):
            record = record_of("hi", created=float(turn * number))
            record.name = f"shop.{number}"
            lines[number].append((formatter.format(record), record))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
    finally:
        sys.setswitchinterval(interval)
    alone = Unhurried()
    assert all(text == alone.format(record) for some in lines.values() for text, record in some)


def test_thousands_of_loggers_are_told_apart_and_forgotten() -> None:
    formatter = JSONFormatter()
    for number in [*range(2_500), 0]:
        record = record_of("hi")
        record.name = f"shop.{number}"
        assert f'"logger": "shop.{number}"' in formatter.format(record)
    assert len(formatter._heads) <= 1_000


def test_a_time_of_whole_milliseconds_is_told_as_such() -> None:
    for number in range(1_000):
        record = record_of("hi", created=1_700_000_000 + number / 1_000)
        assert f'20.{number:03}Z"' in JSONFormatter(fields="timestamp").format(record)


@given(st.floats(0, 2**33))
def test_the_time_is_that_of_the_record_to_the_millisecond(created: float) -> None:
    told = parse(JSONFormatter().format(record_of("hi", created=created)))["timestamp"]
    told_s = datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp()
    assert -0.000_001 <= created - told_s < 0.001_001
