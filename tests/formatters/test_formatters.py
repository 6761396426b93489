"""What the formatters make of a record, and what they leave alone."""

import copy
import dataclasses
import enum
import io
import json
import logging
import logging.config
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logspire.formatters import CloudWatchLogFormatter, JSONFormatter
from logspire.formatters.strict_json import CIRCULAR, MAX_DEPTH, TOO_DEEP, StrictEncoder

FORMATTERS = (
    CloudWatchLogFormatter(),
    CloudWatchLogFormatter("%(asctime)s %(message)s"),
    CloudWatchLogFormatter(add_log_record_attrs=["asctime", "message", "exc_text", "user"]),
    JSONFormatter(),
)


def refuse(value: str) -> NoReturn:
    raise AssertionError(f"{value} is not JSON")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len({name for name, _ in pairs}) == len(pairs), "a name occurs twice"
    return dict(pairs)


def parse(text: str) -> Any:
    """Parse as strictly as RFC 8259 can be read: no NaN, no name twice, all of it UTF-8."""
    assert "\n" not in text
    return json.loads(text.encode(), parse_constant=refuse, object_pairs_hook=unique)


def record_of(msg: object, *args: object, **attributes: object) -> logging.LogRecord:
    record = logging.LogRecord("shop.cart", logging.WARNING, "cart.py", 7, msg, args, None)
    record.__dict__.update(attributes)
    return record


def exc_info_of(error: BaseException) -> Any:
    try:
        raise error
    except type(error):
        return sys.exc_info()


# Text and mappings


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


@pytest.mark.parametrize("formatter", FORMATTERS, ids=lambda formatter: type(formatter).__name__)
def test_arguments_that_do_not_fit_raise_for_handle_error(formatter: logging.Formatter) -> None:
    with pytest.raises(TypeError):
        formatter.format(record_of("%d", "x"))


# Exceptions and stacks


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


@pytest.mark.parametrize("formatter", FORMATTERS[2:], ids=["attributes", "JSON"])
@pytest.mark.parametrize("garbage", [True, "text", (), (None, None, None), (1, 2, 3)], ids=repr)
def test_garbage_for_exception_information_does_not_raise(
    formatter: logging.Formatter, garbage: object
) -> None:
    assert parse(formatter.format(record_of("x", exc_info=garbage)))


def test_an_exception_whose_text_fails_is_still_told() -> None:
    class Mute(Exception):  # noqa: N818 - an example
        def __str__(self) -> str:
            raise RuntimeError

    record = record_of("", exc_info=exc_info_of(Mute()))
    assert "Mute" in parse(JSONFormatter().format(record))["exception"]["message"]


# add_log_record_attrs


def test_chosen_attributes_come_with_the_message() -> None:
    formatter = CloudWatchLogFormatter(add_log_record_attrs=["levelname", "name", "absent"])
    expected = {"levelname": "WARNING", "name": "shop.cart", "msg": "one of 2"}
    assert parse(formatter.format(record_of("%s of %d", "one", 2))) == expected


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


@pytest.mark.parametrize("kind", [CloudWatchLogFormatter, JSONFormatter])
def test_a_default_that_cannot_be_called_is_refused_by_the_constructor(kind: Any) -> None:
    with pytest.raises(TypeError, match="json_serialize_default must be callable"):
        kind(json_serialize_default="repr")


# JSONFormatter


def test_a_record_is_one_json_object() -> None:
    record = record_of("%s of %d", "one", 2, created=1_700_000_000.5, stack_info="Stack: x")
    assert JSONFormatter().format(record) == (
        '{"timestamp": "2023-11-14T22:13:20.500Z", "level": "WARNING", "logger": "shop.cart",'
        ' "message": "one of 2", "stack": "Stack: x"}'
    )


def test_a_mapping_is_an_object_under_message() -> None:
    members = parse(JSONFormatter().format(record_of({"level": "mine"})))
    assert (members["message"], members["level"]) == ({"level": "mine"}, "WARNING")


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
def traced(*args, **keywords):
    record = logging.LogRecord(*args, **keywords)
    record.trace = "t-1"
    return record
logging.setLogRecordFactory(traced)
from logspire.formatters import JSONFormatter
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
    "created", [float("nan"), float("inf"), 1e300, -1e300, "soon", None, ()], ids=repr
)
def test_an_impossible_time_is_told_as_it_is(created: object) -> None:
    timestamp = parse(JSONFormatter().format(record_of("x", created=created)))["timestamp"]
    assert timestamp == repr(created)


@pytest.mark.parametrize("keywords", [{"fmt": "%(message)s"}, {"datefmt": "%H"}], ids=repr)
def test_a_format_for_json_records_is_refused(keywords: Any) -> None:
    with pytest.raises(ValueError, match="fmt and datefmt must be None"):
        JSONFormatter(**keywords)


# The record is nobody's to change


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


def test_a_record_with_slots_and_its_own_message_is_understood() -> None:
    class Braces(logging.LogRecord):
        __slots__ = ("detail",)
        detail: str

        def getMessage(self) -> str:  # noqa: N802 - logging's name
            return str(self.msg).format(*self.args or ()) + self.detail

    record = Braces("x", logging.INFO, "x", 1, "{}", ("hi",), None)
    record.detail = "!"
    assert CloudWatchLogFormatter("%(message)s").format(record) == "hi!"


@pytest.mark.parametrize(
    "config",
    [
        {"()": "logspire.formatters.JSONFormatter", "json_serialize_default": repr},
        {"class": "logspire.formatters.JSONFormatter"},
    ],
    ids=["factory", "class"],
)
def test_dict_config_makes_a_json_formatter(config: dict[str, Any]) -> None:
    made = logging.config.DictConfigurator({"version": 1}).configure_formatter(dict(config))
    assert isinstance(made, JSONFormatter)


def test_dict_config_makes_a_formatter_with_attributes() -> None:
    config = {
        "()": "logspire.formatters.CloudWatchLogFormatter",
        "fmt": "%(levelname)s %(message)s",
        "add_log_record_attrs": ["name"],
    }
    made = logging.config.DictConfigurator({"version": 1}).configure_formatter(config)
    assert made.format(record_of("hi")) == '{"name": "shop.cart", "msg": "WARNING hi"}'


# Values that JSON does not know


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: int


class FewMembers(Mapping[str, object]):
    def __init__(self, members: dict[str, object]) -> None:
        self.members = members

    def __getitem__(self, key: str) -> object:
        return self.members[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)


class BrokenMapping(FewMembers):
    def __iter__(self) -> Iterator[str]:
        raise OSError("gone")


class Hostile:
    def __repr__(self) -> str:
        raise ValueError

    __str__ = __repr__


class HostileText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise ValueError

    __repr__ = __format__ = __str__  # type: ignore[assignment]

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class HostileInt(int):
    def __repr__(self) -> str:
        return "nonsense"

    __str__ = __repr__
    __int__ = __index__ = Hostile.__repr__  # type: ignore[assignment]


class HostileDict(dict[Any, Any]):
    def items(self) -> Any:
        raise ValueError


class EndlessDict(dict[Any, Any]):
    def items(self) -> Any:
        return self.items()


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


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH, 100_000])
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


# json_serialize_default


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


# Anything at all


def is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.builds(lambda: 10**5000),
    st.floats(),
    st.text(st.characters(exclude_categories=[])),
    st.binary(),
    st.dates(),
    st.datetimes(),
    st.decimals(),
    st.complex_numbers(),
    st.sampled_from([Colour.RED, Level.HIGH, Point(1), Ellipsis, int]),
    st.builds(Hostile),
    st.builds(HostileInt, st.integers()),
    st.builds(HostileText, st.text()),
)
keys = st.one_of(scalars, st.tuples(scalars)).filter(is_hashable)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner, inner),
        st.dictionaries(keys, inner),
        st.dictionaries(st.text(), inner).map(FewMembers),
        st.dictionaries(st.text(), inner).map(BrokenMapping),
        st.dictionaries(st.text(), inner).map(HostileDict),
    ),
    max_leaves=20,
)


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


@given(anything, st.dictionaries(st.text(), scalars), scalars)
def test_any_record_becomes_strict_json(
    msg: object, attributes: dict[str, object], created: object
) -> None:
    record = record_of(msg)
    record.__dict__.update({**attributes, **record.__dict__, "created": created})
    before = record.__dict__.copy()
    assert set(parse(JSONFormatter().format(record))) >= {"timestamp", "level", "message"}
    assert record.__dict__.keys() == before.keys()
