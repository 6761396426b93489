"""Objects whose methods misbehave, and log records made of them: strategies for Hypothesis."""

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from hypothesis import strategies as st

from logspire.formatters.strict_json import StrictEncoder

LOGGER = "tests.fuzz"
Method = Callable[..., Any]


def _raises(error: type[Exception]) -> Method:
    def method(*_: object, **__: object) -> Any:
        raise error("hostile")

    return method


def _returns(value: object) -> Method:
    return lambda *_, **__: value


def _endless(self: object, *_: object, **__: object) -> str:
    return f"{self}{self!r}"


def _logs(*_: object, **__: object) -> str:
    logging.getLogger(LOGGER).error("from within")
    return "logged"


class LoudStr(str):
    """A string that says something else of itself."""

    __slots__ = ()

    def __str__(self) -> str:
        return "loud"

    def __len__(self) -> int:
        return -1  # noqa: PLE0303 - that is the point

    def encode(self, *_: object) -> bytes:
        raise UnicodeError("no")

    def isascii(self) -> bool:
        return True


NAMES = (
    "__str__", "__repr__", "__format__", "__len__", "__eq__", "__hash__", "__bool__", "__iter__",
    "__getitem__", "__class__", "__getattribute__", "__index__", "__int__", "__float__", "__mod__",
    "__mul__", "__lt__", "__reduce_ex__", "__copy__", "__deepcopy__", "items", "keys", "isoformat",
    "__contains__", "__instancecheck__", "__call__", "__traceback__", "__cause__", "__name__",
)  # fmt: skip
BASES = (object, str, int, float, dict, list, tuple, bytes, Exception, datetime, Mapping)
BEHAVIOURS: tuple[Method, ...] = (
    *map(_raises, (ValueError, TypeError, AttributeError, RecursionError, UnicodeError, OSError)),
    *map(_returns, (None, 5, -1, b"bytes", "", "\ud800", LoudStr("x"), [], "y" * 5000)),
    _endless,
    _logs,
)


@st.composite
def hostile_objects(draw: st.DrawFn) -> Any:
    """An instance of a class some of whose methods misbehave."""
    base = draw(st.sampled_from(BASES))
    methods = draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(BEHAVIOURS), max_size=3))
    body: dict[str, Any] = dict(methods)
    for name in ("__class__", "__traceback__", "__cause__", "__name__"):
        if name in body:
            body[name] = property(body[name])
    if base is Mapping:
        defaults = {"__getitem__": _returns(1), "__iter__": _returns(iter("ab"))}
        body = {**defaults, "__len__": _returns(2), **body}
    kind = type("Hostile", (base,), body)
    arguments: dict[type, tuple[Any, ...]] = {datetime: (2026, 1, 1), str: ("text",), int: (7,)}
    try:
        return kind(*arguments.get(base, ()))
    except Exception:  # noqa: BLE001 - it is hostile to its own construction
        return object()


def _circular() -> Any:
    inside: list[Any] = []
    inside.append({"again": inside})
    return inside


def _deep() -> Any:
    value: Any = "bottom"
    for _ in range(3000):
        value = [value]
    return value


texts = st.one_of(
    st.text(max_size=20),
    st.text(st.sampled_from("a\0\ud800\udfff\n\r\u2028😀%{}$"), max_size=20),
    st.sampled_from(["", " ", "%s", "%d %d", "%(a)s", "%", "{", "{0}", "x" * 1_100_000, "\0"]),
)
plain: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    texts,
    st.binary(max_size=5),
    st.complex_numbers(),
    st.datetimes(timezones=st.just(timezone.utc)),
    st.sampled_from([LoudStr("quiet"), sys, int, ..., print]),
    st.integers(4000, 5000).map(lambda digits: 10**digits),  # more than Python prints
    st.builds(_circular),
    st.builds(_deep),
)
leaves = plain | hostile_objects()
keys = st.one_of(
    texts, st.integers(), st.floats(), st.none(), st.booleans(), st.tuples(st.integers())
)
values: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(keys, inner, max_size=3),
    ),
    max_leaves=5,
)


def _raised(error: BaseException) -> tuple[Any, Any, Any]:
    try:
        raise error  # noqa: TRY301 - it needs a traceback
    except BaseException:  # noqa: BLE001 - whatever it is
        return sys.exc_info()


errors = st.one_of(
    st.builds(ValueError, leaves),
    st.builds(KeyError, leaves),
    hostile_objects().filter(lambda value: issubclass(type(value), BaseException)),
)
exc_infos = st.one_of(
    st.none(),
    errors.map(_raised),
    st.sampled_from([(None, None, None), True, 5, "text", (ValueError,), (1, 2, 3), ()]),
    leaves,
)
times_s = st.one_of(
    st.none(),
    st.floats(),
    st.sampled_from([0, -1, -1e30, 1e30, 10**400, "1", "now", True, b"1", 1j, [], LoudStr("1")]),
    hostile_objects(),
)
FIELDS = tuple(vars(logging.LogRecord("", 0, "", 0, "", (), None)))
extras = st.dictionaries(
    st.one_of(st.sampled_from(["level", "message", "asctime", "timestamp", "a b", "é"]), texts),
    values,
    max_size=3,
)


class Boxed:
    """Something that Hypothesis can show when a test fails, which it could not as it is."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def __repr__(self) -> str:
        if type(self.content) not in (logging.LogRecord, OtherRecord):
            return _shown(self.content)
        members = self.content.__dict__.items()
        return "".join(f"\n    {name!r}: {_shown(value)}" for name, value in members)


def _shown(value: object) -> str:
    try:
        return f"{object.__repr__(value)} {StrictEncoder().encode(value)[:200]}"
    except Exception as error:  # noqa: BLE001 - hostile
        return f"{object.__repr__(value)} {type(error)}"


class OtherRecord(logging.LogRecord):
    """A record of the application's own class."""


@st.composite
def records(draw: st.DrawFn) -> Boxed:
    """A record: as ``logging`` makes it, with hostile content; at times, with wrong attributes."""
    kind = draw(st.sampled_from([logging.LogRecord] * 3 + [OtherRecord]))
    message = draw(texts | values)
    args: Any = draw(st.one_of(st.just(()), st.just(()), st.lists(values, max_size=2).map(tuple)))
    try:
        made = kind(LOGGER, logging.INFO, "file.py", 1, message, args, None)
    except Exception:  # noqa: BLE001 - args of one hostile mapping, as logging.Logger meets it
        made = kind(LOGGER, logging.INFO, "file.py", 1, message, (), None)
        made.args = args
    made.__dict__.update(draw(extras))
    made.exc_info = draw(st.none() | exc_infos)
    made.__dict__["stack_info"] = draw(st.sampled_from([None, None, "stack\n line", "\ud800", 5]))
    if draw(st.integers(0, 3)) == 0:
        made.__dict__["created"] = draw(times_s)
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=2)):
        # A name that is no string cannot be found by any logger; logging itself would fail on it.
        made.__dict__[name] = draw(values)
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=1)):
        if draw(st.integers(0, 3)) == 0:
            made.__dict__.pop(name, None)
    return Boxed(made)


anything = values.map(Boxed)
templates = st.one_of(
    st.sampled_from(
        ["stream", "{logger_name}", "{thread_name}", "{strftime:%Y-%H}", "{level_name}"]
    ),
    st.sampled_from(
        ["{machine_name}/*:{process_id}", "\ud800", "x" * 600, LoudStr("{level_name}")]
    ),
    texts,
    leaves,
).map(Boxed)
