"""Values: made once, never changed, equal if they say the same.

What ``dataclasses`` would do, without its price: it imports ``inspect``, ``ast`` and ``dis``, and
compiles methods for each class. With it ``import logspire`` would cost nearly three times as much.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: object) -> Any:
        """Return a decorator that does nothing: the real one is for type checkers."""
        return lambda cls: cls


@dataclass_transform(frozen_default=True)
class Value:
    """Base of classes whose annotations name their fields, in order, with defaults if they have.

    Arguments are given by position or by name. ``vars(value)`` is a dict of the fields.
    """

    __match_args__: tuple[str, ...] = ()
    _blank: dict[str, Any]
    _required: frozenset[str]

    def __init_subclass__(cls) -> None:
        names = tuple(cls.__annotations__)
        cls.__match_args__ = names  # type: ignore[misc]  # here it is not final yet
        cls._blank = {name: getattr(cls, name, None) for name in names}
        cls._required = frozenset(name for name in names if not hasattr(cls, name))

    def __init__(self, *values: Any, **named: Any) -> None:
        given = dict(zip(self.__match_args__, values, strict=False), **named)
        fields = self._blank | given  # in the order of the class
        is_known = len(fields) == len(self._blank) and len(given) == len(values) + len(named)
        if not (is_known and self._required <= given.keys()):
            name, known = type(self).__name__, ", ".join(self._blank)
            raise TypeError(f"{name} takes {known}; not {len(values)} values and {list(named)}")
        self.__dict__.update(fields)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed: {name!r} stays as it is")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed: {name!r} stays as it is")

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__qualname__}({fields})"
