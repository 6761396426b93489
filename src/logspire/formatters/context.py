"""Fields that a block of code, or a function, gives to every record logged within it."""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final, TypeVar

    from typing_extensions import ParamSpec, Self

    _P = ParamSpec("_P")
    _R = TypeVar("_R")
    _Bound = tuple[Mapping[str, Any], "_Bound | None"]

# What is bound, and what was bound before. Never changed, only replaced: a task or a thread that
# was given this context keeps what it was given.
_bound: Final[ContextVar[_Bound]] = ContextVar("logspire", default=({}, None))


def bound_fields() -> Mapping[str, Any]:
    """Return the fields that are bound where this is called; not to be changed."""
    return _bound.get()[0]


class log_context:  # noqa: N801 - it is used like a function
    """Gives fields to every record that :class:`JSONFormatter` formats within it.

    As a context manager for a block, as a decorator for the calls of a function, also of an
    ``async`` one. Blocks within each other add to the fields, the inner one wins.

    Args:
        **fields: names and values. A name that has a meaning of its own, such as ``level``, gets
            an underscore after it in the output: ``level_``.

    Raises:
        TypeError: as a decorator: of a generator, whose code runs in pieces, each within whatever
            block its caller is in then; or of what is no function.

    The fields belong to the context of ``contextvars``: to this thread, or this ``asyncio`` task
    and the tasks that it starts. Threads started within it, those of an executor too, do not have
    them (``asyncio.to_thread`` passes them on). One object may be used any number of times, also by
    several threads at once. Never blocks.
    """

    def __init__(self, /, **fields: Any) -> None:
        self._fields = fields

    def __enter__(self) -> Self:
        outer = _bound.get()
        _bound.set(({**outer[0], **self._fields}, outer))
        return self

    def __exit__(self, *_: object) -> None:
        # Not by a token: blocks of generators may end in another order than they should, and what
        # is bound last must not stay for ever.
        _bound.set(_bound.get()[1] or _bound.get())

    def __call__(self, function: Callable[_P, _R]) -> Callable[_P, _R]:
        """Return ``function``, called within this context."""
        import inspect  # noqa: PLC0415 - it takes longer to load than all of Logspire
        from functools import wraps  # noqa: PLC0415

        if isinstance(function, type) or not callable(function):
            raise TypeError(f"log_context decorates functions, not {function!r}")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"log_context cannot decorate {function!r}, a generator: use `with` in its parts"
            )
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def call_async(*args: _P.args, **keywords: _P.kwargs) -> Any:
                with self:
                    return await function(*args, **keywords)

            return call_async  # type: ignore[return-value]  # it is as async as what it wraps

        @wraps(function)
        def call(*args: _P.args, **keywords: _P.kwargs) -> _R:
            with self:
                return function(*args, **keywords)

        return call
