"""Tracebacks are written exactly as `logging.Formatter` writes them."""

from __future__ import annotations

import logging
import subprocess
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest
from formatters.making import ExceptionGroup, exc_info_of, functions_called_by, parse, record_of
from hypothesis import given
from hypothesis import strategies as st

from logspire import JSONFormatter
from logspire.formatters import tracebacks

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = logging.Formatter()


class OwnError(Exception):
    """One that is not built in."""


class Empty(Exception):  # noqa: N818 - an example
    def __bool__(self) -> bool:
        return False


InMain = type("InMain", (Exception,), {"__module__": "__main__"})
Nowhere = type("Nowhere", (Exception,), {"__module__": 7})


class Mute(Exception):  # noqa: N818 - an example
    def __str__(self) -> str:
        raise RuntimeError


def descend(levels: int, error: BaseException) -> None:
    if levels:
        descend_again(levels - 1, error)
    raise error


def descend_again(levels: int, error: BaseException) -> None:
    descend(levels, error)


def recurse(levels: int) -> None:
    if levels:
        recurse(levels - 1)
    raise KeyError


def from_cause() -> None:
    try:
        descend(2, KeyError("cart"))
    except KeyError as error:
        raise OwnError("order\nfailed") from error


def in_context() -> None:
    try:
        from_cause()
    finally:
        raise ValueError


def suppressed() -> None:
    try:
        from_cause()
    except OwnError:
        raise LookupError("\ud800 \u00fc") from None


def circular() -> None:
    error = OwnError("first")
    error.__cause__ = ValueError("second")
    error.__cause__.__context__ = error
    raise error


def raised_nowhere() -> None:
    raise OwnError("order failed") from ValueError("never raised")


def suggestion() -> None:
    _ = [].apend  # type: ignore[attr-defined]


def missing_name() -> None:
    exec("sys.exit()", {})


def syntax_error() -> None:
    compile("a b", "order.py", "exec")


def generated() -> None:
    exec(compile("def f():\n    1 / 0\nf()", "<generated>", "exec"), {})


def group() -> None:
    raise ExceptionGroup("two", [exc_info_of(KeyError(1))[1], OwnError(2)])


def noted() -> None:
    error = OwnError("order failed")
    if sys.version_info >= (3, 11):
        error.add_note("see the manual")
    raise error


def in_a_class() -> None:
    class InnerError(OwnError):
        pass

    raise InnerError("order failed")


FAILURES = [
    from_cause, in_context, suppressed, circular, raised_nowhere, suggestion, missing_name,
    syntax_error, generated, group, noted, in_a_class,
    lambda: descend(5, Empty()), lambda: descend(0, Mute()), lambda: recurse(0),
    lambda: descend(0, InMain("x")), lambda: descend(0, Nowhere("x")),
    lambda: recurse(3), lambda: recurse(9), lambda: descend(1, SystemExit(3)),
]  # fmt: skip


def exc_info_from(fail: Callable[[], object]) -> Any:
    try:
        fail()
    except BaseException:  # noqa: BLE001 - whatever it is
        return sys.exc_info()


@pytest.mark.parametrize("fail", FAILURES, ids=lambda fail: fail.__name__)
def test_a_traceback_is_the_one_that_logging_writes(fail: Callable[[], object]) -> None:
    exc_info = exc_info_from(fail)
    expected = PLAIN.formatException(exc_info)
    for _ in range(2):  # the first time and from memory
        assert tracebacks.format_exception(PLAIN, exc_info) == expected


@pytest.mark.parametrize("fail", [from_cause, in_context, generated, lambda: recurse(2)])
def test_what_is_known_of_a_place_is_not_asked_for_again(fail: Callable[[], object]) -> None:
    exc_info = exc_info_from(fail)
    tracebacks.format_exception(PLAIN, exc_info)
    called = functions_called_by(lambda: tracebacks.format_exception(PLAIN, exc_info))
    assert called
    assert {name for name in called if name.startswith(("traceback.py", "linecache.py"))} == set()


def test_two_places_of_one_line_are_told_apart() -> None:
    def divide(first: int, second: int) -> tuple[float, float]:
        return 1 / first, 2 / second

    for numbers in ((0, 1), (1, 0)):
        exc_info = exc_info_from(lambda numbers=numbers: divide(*numbers))  # type: ignore[misc]
        assert tracebacks.format_exception(PLAIN, exc_info) == PLAIN.formatException(exc_info)


@given(st.lists(st.sampled_from(FAILURES), min_size=1, max_size=4), st.booleans())
def test_any_sequence_of_failures(
    failures: list[Callable[[], object]],
    explicit: bool,  # noqa: FBT001 - from Hypothesis
) -> None:
    errors = [exc_info_from(fail)[1] for fail in failures]
    for error, earlier in zip(errors[1:], errors[:-1], strict=True):
        if explicit:
            error.__cause__ = earlier
        else:
            error.__context__ = earlier
    last = errors[-1]
    exc_info = (type(last), last, last.__traceback__)
    assert tracebacks.format_exception(PLAIN, exc_info) == PLAIN.formatException(exc_info)


def test_code_that_is_made_anew_each_time_is_told_apart_and_forgotten() -> None:
    for number in range(1_500):
        name = f"template_{number % 700}"
        code = compile(f"def {name}():\n    1 / 0\n{name}()", "<generated>", "exec")
        exc_info = exc_info_from(types.FunctionType(code, {}))
        assert f"in {name}\n" in tracebacks.format_exception(PLAIN, exc_info)
    assert len(tracebacks._places) <= 1_000


def test_a_formatter_of_ones_own_writes_the_traceback() -> None:
    class Mine(JSONFormatter):
        def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
            return f"{ei[1]!r}, in short"

    record = record_of("x", exc_info=exc_info_of(KeyError(1)))
    exception = parse(Mine().format(record))["exception"]
    assert exception["traceback"] == "KeyError(1), in short"


def test_a_method_set_on_the_formatter_writes_the_traceback() -> None:
    formatter = JSONFormatter()
    formatter.formatException = lambda ei: f"{ei[1]!r}, in short"  # type: ignore[method-assign]
    record = record_of("x", exc_info=exc_info_of(KeyError(1)))
    assert parse(formatter.format(record))["exception"]["traceback"] == "KeyError(1), in short"


@pytest.mark.parametrize("order", ["{patch}\n{load}", "{load}\n{patch}"], ids=["before", "after"])
@pytest.mark.parametrize("wrap", ["", "functools.wraps(original)"], ids=["plain", "wrapper"])
def test_a_method_set_on_the_class_of_logging_writes_the_traceback(order: str, wrap: str) -> None:
    patch = f"logging.Formatter.formatException = {wrap}(lambda self, ei: 'in short')"
    program = f"""
import functools, logging, sys
original = logging.Formatter.formatException
{order.format(patch=patch, load="from logspire import JSONFormatter")}
try:
    1 / 0
except ZeroDivisionError:
    record = logging.makeLogRecord({{"exc_info": sys.exc_info()}})
print(JSONFormatter(fields="message").format(record))
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert parse(done.stdout.decode().strip())["exception"]["traceback"] == "in short"


def test_a_limit_on_tracebacks_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    exc_info = exc_info_from(from_cause)
    monkeypatch.setattr(sys, "tracebacklimit", 1, raising=False)
    assert tracebacks.format_exception(PLAIN, exc_info) == PLAIN.formatException(exc_info)
