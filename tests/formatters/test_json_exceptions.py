"""An exception is an object, whose causes and group can be asked for in a query."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from formatters.making import BaseExceptionGroup, ExceptionGroup, exc_info_of, parse, record_of

from logspire import JSONFormatter
from logspire.formatters.exceptions import MOST_EXCEPTIONS
from logspire.formatters.strict_json import CIRCULAR


def told(error: BaseException) -> Any:
    record = record_of("x", exc_info=exc_info_of(error))
    exception = parse(JSONFormatter().format(record))["exception"]
    assert exception.pop("traceback")
    return exception


def caused_by(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def handled_while(error: BaseException, context: BaseException) -> BaseException:
    error.__context__ = context
    return error


def test_the_cause_is_an_object_with_its_own_cause() -> None:
    error = caused_by(RuntimeError("a"), caused_by(OSError("b"), KeyError("c")))
    assert told(error) == {
        "type": "RuntimeError",
        "message": "a",
        "cause": {
            "type": "OSError",
            "message": "b",
            "cause": {"type": "KeyError", "message": "'c'"},
        },
    }


def test_what_was_being_handled_is_the_context() -> None:
    error = handled_while(RuntimeError("a"), OSError("b"))
    assert told(error)["context"] == {"type": "OSError", "message": "b"}


def test_a_suppressed_context_is_not_told() -> None:
    error = handled_while(RuntimeError("a"), OSError("b"))
    error.__suppress_context__ = True
    assert told(error) == {"type": "RuntimeError", "message": "a"}


def test_beside_a_cause_the_context_is_not_told() -> None:
    error = handled_while(caused_by(RuntimeError("a"), OSError("b")), KeyError("c"))
    assert set(told(error)) == {"type", "message", "cause"}


def test_a_circle_of_causes_ends() -> None:
    error = RuntimeError("a")
    assert told(caused_by(error, handled_while(OSError("b"), error)))["cause"] == {
        "type": "OSError",
        "message": "b",
        "context": {"type": "RuntimeError", "message": CIRCULAR},
    }


def test_a_long_chain_is_told_as_far_as_queries_can_see() -> None:
    error: BaseException = KeyError("root")
    for number in range(2 * MOST_EXCEPTIONS):
        error = caused_by(OSError(number), error)
    exception, levels = told(error), 1
    while "cause" in exception:
        exception, levels = exception["cause"], levels + 1
    assert (levels, exception["left_out"]) == (MOST_EXCEPTIONS, 1)


def test_a_group_is_a_list_each_with_its_cause() -> None:
    group = ExceptionGroup("both", [caused_by(KeyError(1), OSError("b")), ValueError(2)])
    assert told(group) == {
        "type": ("" if sys.version_info >= (3, 11) else "exceptiongroup.") + "ExceptionGroup",
        "message": "both (2 sub-exceptions)",
        "exceptions": [
            {"type": "KeyError", "message": "1", "cause": {"type": "OSError", "message": "b"}},
            {"type": "ValueError", "message": "2"},
        ],
    }


def test_a_large_group_says_how_many_it_leaves_out() -> None:
    group = BaseExceptionGroup("many", [KeyError(number) for number in range(1_000)])
    exception = told(group)
    assert len(exception["exceptions"]) == MOST_EXCEPTIONS - 1
    assert exception["left_out"] == 1_000 - (MOST_EXCEPTIONS - 1)


def test_a_group_behind_too_many_causes_is_left_out() -> None:
    cause: BaseException = KeyError("root")
    for number in range(MOST_EXCEPTIONS):
        cause = caused_by(OSError(number), cause)
    group = caused_by(ExceptionGroup("few", [KeyError(1), KeyError(2)]), cause)
    exception = told(group)
    assert "exceptions" not in exception
    assert exception["left_out"] == 2


def test_whatever_it_is_few_of_the_fields_that_a_query_can_see_are_used() -> None:
    error: BaseException = KeyError("root")
    for _ in range(6):
        group = ExceptionGroup("g", [caused_by(OSError(n), KeyError(n)) for n in range(9)])
        error = handled_while(caused_by(group, error), error)
    assert fields_in(told(error)) < 100


def fields_in(value: Any) -> int:
    """Count them as CloudWatch Logs Insights does: a field for each scalar."""
    if isinstance(value, dict):
        return sum(map(fields_in, value.values()))
    return sum(map(fields_in, value)) if isinstance(value, list) else 1


def test_groups_within_groups_are_twenty_exceptions_in_all() -> None:
    group: BaseException = KeyError("root")
    for _ in range(MOST_EXCEPTIONS):
        others = [OSError(number) for number in range(MOST_EXCEPTIONS)]
        group = ExceptionGroup("g", [group, *others])
    assert exceptions_in(told(group)) == MOST_EXCEPTIONS


def test_an_exception_that_is_in_groups_again_and_again_takes_room_each_time() -> None:
    error = OSError("b")
    group = ExceptionGroup("g", [error] * 100)
    assert exceptions_in(told(group)) == MOST_EXCEPTIONS


def exceptions_in(exception: Any) -> int:
    behind = [exception[name] for name in ("cause", "context") if name in exception]
    return 1 + sum(map(exceptions_in, [*behind, *exception.get("exceptions", ())]))


def test_notes_are_a_list() -> None:
    error: Any = RuntimeError("a")
    error.__notes__ = [*map(str, range(10))]
    assert told(error)["notes"] == error.__notes__
    error.__notes__ = ["see the manual", *map(str, range(10))]
    assert told(error)["notes"] == ["see the manual", *map(str, range(9)), "<1 more>"]


def test_an_exception_that_has_its_own_idea_of_a_cause_is_still_told() -> None:
    class Odd(Exception):  # noqa: N818 - an example
        @property
        def __cause__(self) -> Any:  # type: ignore[override]
            raise OSError

    assert told(Odd("a"))["message"] == "a"


@pytest.mark.parametrize("place", ["itself", "cause"])
def test_an_exception_that_raises_for_unknown_attributes_is_still_told(place: str) -> None:
    class Wrapper(Exception):  # noqa: N818 - an example
        def __getattr__(self, name: str) -> Any:
            return {"status": 7}[name]

    wrapper = Wrapper("a")
    record = record_of("x", exc_info=exc_info_of(wrapper))
    if place == "cause":
        record.exc_info = exc_info_of(caused_by(OSError("b"), wrapper))
    exception = parse(JSONFormatter().format(record))["exception"]
    assert {"itself": exception, "cause": exception.get("cause")}[place]["message"] == "a"
    assert "raise error" in exception["traceback"]


def test_the_traceback_has_the_whole_story_once() -> None:
    cause = exc_info_of(KeyError("b"))[1]
    record = record_of("x", exc_info=exc_info_of(caused_by(RuntimeError("a"), cause)))
    text = JSONFormatter().format(record)
    assert text.count("direct cause of the following exception") == 1
    assert text.count("Traceback (most recent call last)") == 2
