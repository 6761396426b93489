"""A plain `logging.Formatter` is written exactly as it writes itself, whatever is set on it."""

from __future__ import annotations

import copy
import logging
import subprocess
import sys
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from formatters.making import FORMAT, NOON_S, outcome, record_at
from hypothesis import given
from hypothesis import strategies as st

from logspire import CloudWatchLogHandler
from logspire.formatters.twin import Twin

if TYPE_CHECKING:
    from collections.abc import Callable


def changed_on_it(formatter: logging.Formatter) -> None:
    formatter.converter = time.gmtime


def of_its_own(formatter: logging.Formatter) -> None:
    formatter.formatTime = lambda record, datefmt=None: f"{record.created} {datefmt}"  # type: ignore[method-assign]


def without_milliseconds(formatter: logging.Formatter) -> None:
    formatter.default_msec_format = None


def another_format(formatter: logging.Formatter) -> None:
    formatter.default_time_format = "%H"


def another_message(formatter: logging.Formatter) -> None:
    formatter.formatMessage = lambda record: f"{record.asctime}!"  # type: ignore[method-assign]


def no_time(formatter: logging.Formatter) -> None:
    formatter.usesTime = lambda: False  # type: ignore[method-assign]


def another_way(formatter: logging.Formatter) -> None:
    formatter.format = lambda record: record.name  # type: ignore[method-assign]


def another_style(formatter: logging.Formatter) -> None:
    formatter._style = logging.StrFormatStyle("{asctime}|{message}")


def a_style_without_attributes(formatter: logging.Formatter) -> None:
    class Bare:
        __slots__ = ()

        def usesTime(self) -> bool:  # noqa: N802 - the name that logging gives it
            return False

        def format(self, record: logging.LogRecord) -> str:
            return f"styled {record.message}"

    formatter._style = Bare()  # type: ignore[assignment]


def a_style_of_another_class(formatter: logging.Formatter) -> None:
    class Starred(logging.PercentStyle):
        def format(self, record: logging.LogRecord) -> str:
            return f"*{super().format(record)}*"

    formatter._style.__class__ = Starred


def a_layout_that_is_no_text(formatter: logging.Formatter) -> None:
    class Lazy:
        def find(self, sought: str) -> int:
            return FORMAT.find(sought)

        def __mod__(self, fields: dict[str, Any]) -> str:
            return f"lazy {FORMAT}" % fields

    formatter._style._fmt = Lazy()  # type: ignore[assignment]


def defaults_later(formatter: logging.Formatter) -> None:
    formatter._style._defaults = {"levelname": "never", "tenant": "nobody"}  # type: ignore[attr-defined]
    formatter._style._fmt = "%(levelname)s %(tenant)s"


CHANGES = [
    *(changed_on_it, of_its_own, without_milliseconds, another_format),
    *(another_message, no_time, another_way, another_style),
    *(a_style_of_another_class, a_layout_that_is_no_text, defaults_later),
]


@pytest.mark.parametrize("change", [*CHANGES, a_style_without_attributes])
def test_a_twin_does_what_is_set_on_the_original_later(
    change: Callable[[logging.Formatter], None],
) -> None:
    plain = logging.Formatter(FORMAT)
    twin = Twin(plain)
    assert twin.format(record_at(NOON_S)) == plain.format(record_at(NOON_S))
    change(plain)
    assert outcome(twin, record_at(NOON_S)) == outcome(plain, record_at(NOON_S))


def unset(formatter: logging.Formatter) -> None:
    for name in vars(formatter).keys() - vars(logging.Formatter()).keys():
        delattr(formatter, name)


def by_the_date(formatter: logging.Formatter) -> None:
    formatter.datefmt = "%d" if formatter.datefmt is None else None


def another_layout(formatter: logging.Formatter) -> None:
    formatter._style._fmt = "%(asctime)s|%(message)5s|%(levelno)d"


TIMES_S = st.floats(-2.0, 2.0).map(lambda s: NOON_S + s) | st.floats(-2.0, 2.0) | st.integers(0, 3)
NO_TIMES = st.sampled_from([float("nan"), float("inf"), "noon", 1e300])
MSECS = st.floats(-1, 1001) | st.integers(-1, 1001) | st.sampled_from([None, "7", Decimal(7)])
STEPS = st.sampled_from([*CHANGES, unset, by_the_date, another_layout]) | st.builds(
    record_at, TIMES_S | NO_TIMES, MSECS
)


@given(steps=st.lists(STEPS, min_size=2, max_size=12))
def test_in_any_sequence_of_changes_and_records_it_writes_the_same(
    steps: list[logging.LogRecord | Callable[[logging.Formatter], None]],
) -> None:
    formatter = logging.Formatter(FORMAT)
    twin = Twin(formatter)
    for step in steps:
        if isinstance(step, logging.LogRecord):
            ours, theirs = copy.copy(step), copy.copy(step)
            assert outcome(twin, ours) == outcome(formatter, theirs)
            assert vars(ours) == vars(theirs)
        else:
            step(formatter)


def test_no_time_at_all_is_now_for_both() -> None:
    formatter = logging.Formatter("%(asctime)s", "%Y")
    assert outcome(Twin(formatter), record_at(None)) == outcome(formatter, record_at(None))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("converter", time.gmtime),
        ("converter", lambda _self, _seconds: time.gmtime(5)),
        ("formatTime", lambda _self, _record, _datefmt=None: "now"),
        ("default_msec_format", "%s.%03d"),
        ("default_time_format", "%S"),
        ("format", lambda _self, _record: "all the same"),
        ("formatMessage", lambda _self, _record: "all the same"),
        ("usesTime", lambda _self: False),
    ],
)
def test_what_is_set_on_the_class_counts(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = logging.Formatter(FORMAT)
    twin = Twin(plain)
    twin.format(record_at(NOON_S))
    monkeypatch.setattr(logging.Formatter, name, value)
    assert outcome(twin, record_at(NOON_S)) == outcome(plain, record_at(NOON_S))


def failed() -> Any:
    try:
        return int("no number")
    except ValueError:
        return sys.exc_info()


FORMATTERS = [
    logging.Formatter(),
    logging.Formatter(FORMAT),
    logging.Formatter("%(asctime).5s %(message)10s", "%H:%M"),
    logging.Formatter("%(message)d"),
    logging.Formatter("%(asctime)s %(unknown)s"),
    logging.Formatter("%(asctime)s %(unknown)s", defaults={"unknown": "?"}),
    logging.Formatter("{asctime} {message}", style="{"),
    logging.Formatter("$asctime $message", style="$"),
]
RECORDS: list[dict[str, Any]] = [
    {"msg": "hello"},
    {"msg": "%s and %d", "args": ("one", 2)},
    {"msg": "%s and %d", "args": ("one",)},
    {"msg": {"not": "text"}},
    {"msg": "hello", "unknown": 1},
    {"msg": "hello", "exc_info": failed()},
    {"msg": "hello", "exc_text": "Traceback of another process"},
    {"msg": "hello", "stack_info": "Stack (most recent call last)"},
]


@pytest.mark.parametrize("formatter", FORMATTERS, ids=lambda one: repr(one._fmt))
@pytest.mark.parametrize("attributes", RECORDS, ids="+".join)
def test_a_twin_writes_what_the_original_writes(
    formatter: logging.Formatter, attributes: dict[str, Any]
) -> None:
    ours = logging.makeLogRecord(attributes | {"created": NOON_S})
    theirs = copy.copy(ours)
    assert outcome(Twin(formatter), ours) == outcome(formatter, theirs)
    assert vars(ours) == vars(theirs)


PIECES = [
    *("%(message)s", "%(asctime)s", "%(levelname)s", "%(lineno)5d", "%(msecs)03d", "%(unknown)s"),
    *("%%", "%", "(name)s", "%s", "%()s", "%(a(b)s", "%(message)", "s", " ", "é"),
]


@given(layouts=st.lists(st.lists(st.sampled_from(PIECES)).map("".join), min_size=1, max_size=3))
def test_any_layout_is_filled_as_the_original_fills_it(layouts: list[str]) -> None:
    formatter = logging.Formatter("%(message)s")
    twin = Twin(formatter)
    for layout in layouts:
        formatter._style._fmt = layout
        ours = record_at(NOON_S)
        theirs = copy.copy(ours)
        assert outcome(twin, ours) == outcome(formatter, theirs)
        assert vars(ours) == vars(theirs)


class Counting:
    def __init__(self) -> None:
        self.count = 0

    def __str__(self) -> str:
        self.count += 1
        return str(self.count)


@pytest.mark.parametrize("created", [NOON_S, None])
@pytest.mark.parametrize(
    "formatter", FORMATTERS, ids=lambda one: f"{one._fmt} {one._style._defaults}"
)
def test_an_argument_is_written_once(formatter: logging.Formatter, created: float | None) -> None:
    argument = Counting()
    record = logging.makeLogRecord({"msg": "%s", "args": (argument,), "created": created})
    outcome(Twin(formatter), record)
    assert record.message == "1"
    assert argument.count == 1


def test_an_attribute_beside_a_default_is_written_once() -> None:
    plain = logging.Formatter("%(order)s %(tenant)s", defaults={"tenant": "nobody"})
    record = logging.makeLogRecord({"order": Counting()})
    assert Twin(plain).format(record) == "1 nobody"


def test_defaults_that_change_in_place_count() -> None:
    defaults: dict[str, object] = {}
    plain = logging.Formatter("%(message)s %(tenant)s", defaults=defaults)
    twin = Twin(plain)
    assert outcome(twin, record_at(NOON_S)) == outcome(plain, record_at(NOON_S))
    defaults["tenant"] = "nobody"
    assert twin.format(record_at(NOON_S)) == "hello nobody"


def test_defaults_that_are_exchanged_for_equal_ones_count() -> None:
    plain = logging.Formatter("%(paid)s", defaults={"paid": 1})
    twin = Twin(plain)
    assert twin.format(record_at(NOON_S)) == "1"
    plain._style._defaults = {"paid": True}  # type: ignore[attr-defined]
    assert twin.format(record_at(NOON_S)) == "True"


def test_attributes_that_cannot_be_compared_do_no_harm() -> None:
    class Array:
        def __eq__(self, other: object) -> bool:
            raise ValueError("the truth value of an array is ambiguous")

        __hash__ = None  # type: ignore[assignment]

    plain = logging.Formatter(FORMAT)
    twin = Twin(plain)
    for _ in range(2):
        plain.weights = Array()  # type: ignore[attr-defined]
        assert outcome(twin, record_at(NOON_S)) == outcome(plain, record_at(NOON_S))


def test_a_record_that_finds_its_exception_in_its_arguments_is_written_with_it() -> None:
    class Finding(logging.LogRecord):
        def getMessage(self) -> str:  # noqa: N802 - the name that logging gives it
            self.exc_info = failed()
            return super().getMessage()

    text = Twin(logging.Formatter("%(message)s")).format(
        Finding("shop", logging.ERROR, "cart.py", 7, "hello", (), None)
    )
    assert text.startswith("hello\nTraceback")
    assert "no number" in text


@pytest.mark.parametrize("msg", ["hello", "hello\n", ""])
@pytest.mark.parametrize(
    "attributes",
    [
        {"exc_info": failed(), "stack_info": "Stack"},
        {"exc_text": "Traceback\n", "stack_info": "Stack"},
        {"exc_info": failed(), "exc_text": "in other words"},
        {"exc_info": 7},
        {"exc_text": 7},
        {"stack_info": 7},
    ],
)
def test_traceback_and_stack_stand_below_as_the_original_writes_them(
    msg: str, attributes: dict[str, Any]
) -> None:
    formatter = logging.Formatter("%(message)s")
    ours = logging.makeLogRecord(attributes | {"msg": msg})
    theirs = copy.copy(ours)
    assert outcome(Twin(formatter), ours) == outcome(formatter, theirs)
    assert vars(ours) == vars(theirs)


def test_its_own_ways_to_write_traceback_and_stack_are_called() -> None:
    plain = logging.Formatter("%(message)s")
    plain.formatException = lambda ei: f"failed: {ei[1]!r}"  # type: ignore[method-assign]
    plain.formatStack = lambda stack_info: f"in {stack_info}"  # type: ignore[method-assign]
    record = logging.makeLogRecord(
        {"msg": "hello", "exc_info": (ValueError, ValueError(), None), "stack_info": "here"}
    )
    assert Twin(plain).format(record) == "hello\nfailed: ValueError()\nin here"


@pytest.mark.parametrize(
    "replacing",
    [
        "logging.Formatter = changed(logging.Formatter)",
        """
logging.PercentStyle = changed(logging.PercentStyle)
logging._STYLES["%"] = (logging.PercentStyle, "")
""",
    ],
    ids=["formatter", "style"],
)
@pytest.mark.parametrize("before", [True, False])
def test_a_class_that_was_put_in_the_place_of_one_of_logging_is_called(
    replacing: str, *, before: bool
) -> None:
    program = f"""
import logging
def changed(owner):
    class Changed(owner):
        def format(self, record):
            return super().format(record) + ", in other words"
    return Changed
{replacing if before else ""}
from logspire import CloudWatchLogHandler
{replacing if not before else ""}
handler = CloudWatchLogHandler()
handler.setFormatter(logging.Formatter("%(message)s"))
print(handler.format(logging.makeLogRecord(dict(msg="hello"))))
"""
    found = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE)
    assert found.stdout == b"hello, in other words\n"


@pytest.mark.parametrize("name", ["format", "formatMessage", "formatTime"])
def test_what_was_set_on_the_class_before_the_import_counts(name: str) -> None:
    program = f"""
import functools, logging
@functools.wraps(logging.Formatter.{name})  # which says that it is logging's
def changed(self, *_):
    return "in other words"
logging.Formatter.{name} = changed
from logspire import CloudWatchLogHandler
handler = CloudWatchLogHandler()
handler.setFormatter(logging.Formatter("%(asctime)s"))
print(handler.format(logging.makeLogRecord(dict())))
"""
    found = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE)
    assert found.stdout == b"in other words\n"


def test_a_class_in_the_place_of_formatter_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    class Redacted(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return super().format(record).replace("hello", "***")

    monkeypatch.setattr(logging, "Formatter", Redacted)
    handler = CloudWatchLogHandler()
    handler.setFormatter(logging.Formatter(FORMAT))
    assert handler.format(record_at(NOON_S)).endswith("***")
    handler.close()


@pytest.mark.parametrize("name", ["format", "_format"])
def test_what_is_set_on_the_style_counts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, other = logging.Formatter(FORMAT), logging.Formatter(FORMAT)
    setattr(plain._style, name, lambda _record: "***")
    assert Twin(plain).format(record_at(NOON_S)) == "***"
    monkeypatch.setattr(logging.PercentStyle, name, lambda _self, _record: "+++")
    assert Twin(other).format(record_at(NOON_S)) == "+++"


@pytest.mark.parametrize(
    ("name", "value"), [("usesTime", lambda _self: False), ("asctime_search", "%(created)")]
)
def test_whether_the_style_has_a_time_counts(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = logging.Formatter(FORMAT)
    twin = Twin(plain)
    twin.format(record_at(NOON_S))
    monkeypatch.setattr(logging.PercentStyle, name, value)
    assert outcome(twin, record_at(NOON_S)) == outcome(plain, record_at(NOON_S))


def test_attributes_that_are_exchanged_for_others_count() -> None:
    plain = logging.Formatter(FORMAT)
    twin = Twin(plain)
    plain.__dict__ = dict(vars(logging.Formatter("%(asctime)s %(message)s", "another")))
    assert twin.format(record_at(NOON_S)) == "another hello"


def test_a_way_of_formatting_that_was_given_to_all_handlers_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.Handler, "format", lambda _self, _record: "***")
    handler = CloudWatchLogHandler()
    handler.setFormatter(logging.Formatter(FORMAT))
    assert handler.format(record_at(NOON_S)) == "***"
    handler.close()


def test_the_handler_keeps_the_formatter_that_it_was_given() -> None:
    plain = logging.Formatter(FORMAT)
    handler = CloudWatchLogHandler()
    handler.setFormatter(plain)
    assert handler.format(record_at(NOON_S)) == plain.format(record_at(NOON_S))
    assert handler.formatter is plain
    other = logging.Formatter("%(message)s")
    handler.setFormatter(other)
    assert handler.format(record_at(NOON_S)) == "hello"
