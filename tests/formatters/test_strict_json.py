"""Whatever a program logs becomes strict JSON."""

import json
import sys
import traceback
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from formatters.making import (
    BrokenMapping,
    Colour,
    EndlessDict,
    FewMembers,
    Hostile,
    HostileDict,
    HostileInt,
    HostileText,
    Level,
    Point,
    anything,
    functions_called_by,
    keys,
    parse,
    record_of,
)
from hypothesis import given
from hypothesis import strategies as st

from logspire import CloudWatchLogFormatter
from logspire.formatters.strict_json import CIRCULAR, MAX_DEPTH, TOO_DEEP, StrictEncoder


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (datetime(2026, 11, 1, 12, 30, tzinfo=timezone.utc), "2026-11-01T12:30:00+00:00"),
        (date(2026, 11, 1), "2026-11-01"),
        (time(12, 30), "12:30:00"),
        (timedelta(seconds=1), "datetime.timedelta(seconds=1)"),
        (b"\xff", "b'\\xff'"),
        ({1}, "{1}"),
        (Colour.RED, "<Colour.RED: 1>"),
        (Level.HIGH, 3),
        (Point(1), "Point(x=1)"),
        ((1, (2,)), [1, [2]]),
        (FewMembers({"a": (1,)}), {"a": [1]}),
        (HostileText("mine"), "mine"),
        (HostileInt(7), 7),
        (10**5000, hex(10**5000)),
        ("\ud800 and \U0001f600", "\\ud800 and \U0001f600"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_said_legibly(value: object, expected: object) -> None:
    assert parse(StrictEncoder().encode({"value": value})) == {"value": expected}


@pytest.mark.parametrize(
    "value", [Hostile(), BrokenMapping({"a": 1}), HostileDict(a=Hostile())], ids=type
)
def test_an_object_that_fails_is_named_by_its_type(value: object) -> None:
    text = parse(StrictEncoder().encode([value]))[0]
    assert type(value).__name__ in text or "Hostile" in text


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (1, "1"),
        (1.5, "1.5"),
        (None, "null"),
        (True, "true"),
        (float("nan"), "NaN"),
        ((1, "a"), "(1, 'a')"),
        (b"a", "b'a'"),
        (Colour.RED, "Colour.RED"),
        (Level.HIGH, "3"),
        ("\udfff", "\\udfff"),
        (HostileText("mine"), "mine"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_key_becomes_a_string(key: object, name: str) -> None:
    assert parse(StrictEncoder().encode({key: "x"})) == {name: "x"}


def test_a_key_that_fails_is_named_by_its_type() -> None:
    assert "Hostile object" in next(iter(parse(StrictEncoder().encode({Hostile(): 1}))))


@pytest.mark.parametrize(
    "value",
    [{1: "a", "1": "b"}, {"\ud800": "a", "\\ud800": "b"}, {None: "a", "null": "b"}],
    ids=["number", "surrogate", "null"],
)
def test_keys_that_become_the_same_are_told_apart(value: object) -> None:
    assert list(parse(StrictEncoder().encode([value]))[0].values()) == ["a", "b"]


def test_strings_that_deny_their_equality_are_told_apart() -> None:
    value = {HostileText("k"): "a", HostileText("k"): "b"}
    assert parse(StrictEncoder().encode(value)) == {"k": "a", "k_1": "b"}


def test_a_circular_reference_is_remarked() -> None:
    circle: dict[str, object] = {"a": 1}
    circle["self"] = [circle]
    assert parse(StrictEncoder().encode(circle)) == {"a": 1, "self": [CIRCULAR]}


def test_one_value_in_two_places_is_no_circle() -> None:
    shared = [float("nan")]
    assert parse(StrictEncoder().encode([shared, shared])) == [["NaN"], ["NaN"]]


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 100_000])
@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: {"a": x}, lambda x: (x,)], ids=range(3))
def test_nesting_ends_at_a_remark(depth: int, wrap: Callable[[object], object]) -> None:
    value: object = "end"
    for _ in range(depth):
        value = wrap(value)
    text = StrictEncoder().encode(value)
    parse(text)
    assert ("end" in text) == (depth <= MAX_DEPTH)
    assert (TOO_DEEP in text) == (depth > MAX_DEPTH)


def test_an_object_that_becomes_ever_another_ends_at_a_remark() -> None:
    assert TOO_DEEP in StrictEncoder(lambda _: [object()]).encode(object())


def test_the_users_function_comes_first() -> None:
    formatter = CloudWatchLogFormatter(json_serialize_default=sorted)
    assert formatter.format(record_of({"a": {2, 1}})) == '{"a": [1, 2]}'


def test_what_the_users_function_returns_is_made_safe_as_well() -> None:
    encoder = StrictEncoder(lambda _: {1: float("nan")})
    assert parse(encoder.encode([Colour.RED])) == [{"1": "NaN"}]


@pytest.mark.parametrize("function", [json.dumps, lambda value: value], ids=["raises", "same"])
def test_where_the_users_function_fails_the_usual_one_is_used(function: Any) -> None:
    encoder = StrictEncoder(function)
    assert parse(encoder.encode([date(2026, 11, 1), {1}])) == ["2026-11-01", "{1}"]


def test_an_interrupt_while_encoding_is_not_swallowed() -> None:
    class Interrupted:
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        StrictEncoder().encode({"a": Interrupted()})


def test_with_hardly_any_stack_left_the_text_is_kept() -> None:
    text = encode_with_little_stack({"message": "kept", "detail": nested_list(MAX_DEPTH - 1)})
    assert parse(text)["message"] == "kept"


def test_beside_an_endless_recursion_the_text_is_kept() -> None:
    members = parse(StrictEncoder().encode({"message": "kept", "detail": EndlessDict(a=1)}))
    assert members["message"] == "kept"
    assert "EndlessDict" in members["detail"]


def test_with_hardly_any_stack_left_a_list_is_at_least_named() -> None:
    assert "list" in parse(encode_with_little_stack(nested_list(MAX_DEPTH)))


def encode_with_little_stack(value: object) -> str:
    encoder = StrictEncoder()

    def encode_below(frames: int) -> str:
        return encode_below(frames - 1) if frames else encoder.encode(value)

    return encode_below(sys.getrecursionlimit() - frames_in_use() - 60)


def nested_list(depth: int) -> object:
    value: object = "end"
    for _ in range(depth):
        value = [value]
    return value


def frames_in_use() -> int:
    return sum(1 for _ in traceback.walk_stack(None))


plain = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)


def test_the_encoder_in_c_is_made_once_and_not_for_each_value() -> None:
    encoder = StrictEncoder()
    called = functions_called_by(lambda: encoder.encode({"a": [1, {"b": "x"}]}))
    assert "strict_json.py:encode" in called
    assert not called & {"encoder.py:encode", "encoder.py:iterencode", "strict_json.py:_convert"}


@given(plain)
def test_what_json_can_say_comes_back_the_same(value: object) -> None:
    assert parse(StrictEncoder().encode(value)) == value


@given(plain)
def test_the_careful_way_says_the_same_as_the_fast_one(value: object) -> None:
    assert StrictEncoder().legible(value) == value


@given(anything)
def test_anything_becomes_strict_json(value: object) -> None:
    parse(StrictEncoder().encode(value))


@given(st.dictionaries(keys, st.none()))
def test_no_member_of_a_mapping_is_lost(value: dict[object, object]) -> None:
    assert len(parse(StrictEncoder().encode(value))) == len(value)
