"""Records, and the values that a careless or hostile program puts into them."""

import dataclasses
import enum
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

from hypothesis import strategies as st

from logspire.formatters.twin import Twin

if sys.version_info >= (3, 11):
    from builtins import BaseExceptionGroup, ExceptionGroup
else:  # what pytest needs there
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup  # type: ignore[import-not-found]

__all__ = ["BaseExceptionGroup", "ExceptionGroup"]


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


def functions_called_by(call: Callable[[], object]) -> set[str]:
    """Return the files and names of the Python functions that a call takes."""
    called = set()

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}")

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return called


FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"
NOON_S: Final = 1_795_348_800.0


def record_at(created: Any, msecs: Any = 7.0) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": "hello", "created": created, "msecs": msecs})


def outcome(formatter: logging.Formatter | Twin, one: logging.LogRecord) -> tuple[str, Any, Any]:
    """Return what it makes of a record, what it sets on it, and any complaint."""
    try:
        text = formatter.format(one)
    except Exception as error:  # noqa: BLE001 - whatever it is
        text = repr(error)
    return text, vars(one).get("message"), vars(one).get("asctime")


def exc_info_of(error: BaseException) -> Any:
    try:
        raise error
    except type(error):
        return sys.exc_info()


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
