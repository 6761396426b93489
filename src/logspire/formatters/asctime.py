"""``%(asctime)s`` as ``logging.Formatter`` writes it, worked out once for all records of a second.

``formatTime`` calls ``localtime`` and ``strftime`` for each record. That is half of the price of a
line, and for the next thousand lines they say the same again; only the milliseconds are new.
"""

from __future__ import annotations

import logging
import math
import time
from itertools import product

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from typing_extensions import Self

_USUAL: Final = "%s,%03d"
_MILLISECONDS: Final = tuple(map("".join, product(",", *["0123456789"] * 3)))
PLAIN: Final = logging.Formatter
"""Remembered: the application may put a class of its own in its place later."""
_METHODS: Final = ("format", "formatMessage", "formatTime", "usesTime")


def own_of_logging(owner: type, name: str) -> object:
    """Return a method if it is logging's own, and not put there by the application before this."""
    method = getattr(owner, name)
    # By its module it could not be told: functools.wraps gives a wrapper that of what it wraps.
    return method if getattr(method, "__globals__", None) is vars(logging) else None


_format, _format_message, _format_time, _uses_time = (
    own_of_logging(PLAIN, name) for name in _METHODS
)
_style_format = own_of_logging(logging.PercentStyle, "format")
_style_inner_format = own_of_logging(logging.PercentStyle, "_format")
_STYLE_ATTRIBUTES: Final = len(vars(logging.PercentStyle("")))
# Others may answer by more than the second that they are asked for.
_CONVERTERS: Final = (time.localtime, time.gmtime)


class QuickFormatter(logging.Formatter):
    """A ``logging.Formatter`` that remembers what the present second looks like.

    It writes what ``logging.Formatter`` writes, whatever is set on it or on that class; but for
    the rest of the second in which the process sets another time zone.
    """

    __slots__ = ("_known",)

    _known: tuple[float, str, Any, str]

    def __new__(cls, *_: object, **__: object) -> Self:
        """Return a formatter that knows of no second yet."""
        self = super().__new__(cls)
        # A second since 1970, a format and a converter, and what they give. One object, so that
        # a thread sees all of it or nothing.
        self._known = math.nan, "", None, ""
        return self

    def __init_subclass__(cls) -> None:
        # Whoever inherits from a formatter of the application as well means its way of time.
        order = cls.__mro__
        after = order[order.index(QuickFormatter) + 1 :]
        owner = next(one for one in after if "formatTime" in vars(one))
        own = any("formatTime" in vars(one) for one in order[: order.index(QuickFormatter)])
        if owner is not logging.Formatter and not own:
            cls.formatTime = owner.formatTime  # type: ignore[attr-defined, method-assign]  # see vars

    def formatTime(  # noqa: N802 - the name that logging.Formatter gives it
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        """Return the time of the record as text; see ``logging.Formatter.formatTime``."""
        if PLAIN.formatTime is not _format_time:
            return super().formatTime(record, datefmt)  # somebody has a better idea
        try:
            second = record.created // 1
        except TypeError:  # None, say
            return super().formatTime(record, datefmt)
        known = self._known
        shape, converter = datefmt or self.default_time_format, self.converter
        if known[0] != second or known[1] != shape or known[2] != converter:
            if converter not in _CONVERTERS:
                return super().formatTime(record, datefmt)
            text = time.strftime(shape, converter(record.created))
            self._known = known = second, shape, converter, text
        milliseconds = self.default_msec_format
        if datefmt or not milliseconds:
            return known[3]
        if milliseconds == _USUAL and 0 <= record.msecs < len(_MILLISECONDS):
            return known[3] + _MILLISECONDS[int(record.msecs)]
        return milliseconds % (known[3], record.msecs)


class Twin(QuickFormatter):
    """Does what a plain ``logging.Formatter`` does, now and whatever is set on that later."""

    __slots__ = ("original",)

    def __init__(self, original: logging.Formatter) -> None:  # no super(): it shares all there is
        self.__dict__ = original.__dict__
        self.original = original

    def format(self, record: logging.LogRecord) -> str:
        """Return what ``logging.Formatter.format`` returns; usually without its six calls."""
        original, base = self.original, PLAIN
        shared, style = original.__dict__, original._style  # noqa: SLF001 - as its `format` does
        style_class = type(style)
        is_usual = (
            shared is self.__dict__  # it was not given another since
            and shared.keys().isdisjoint(_METHODS)
            and base.format is _format
            and base.formatMessage is _format_message
            and base.formatTime is _format_time
            and base.usesTime is _uses_time
            and style_class is logging.PercentStyle
            and style_class.format is _style_format
            and style_class._format is _style_inner_format  # type: ignore[attr-defined]  # noqa: SLF001
            and len(style.__dict__) == _STYLE_ATTRIBUTES
            and not (record.exc_info or record.exc_text or record.stack_info)
        )
        if not is_usual:
            return original.format(record)
        layout = style._fmt  # noqa: SLF001 - what its `format` reads
        record.message = record.getMessage()
        if "%(asctime)" in layout:
            record.asctime = self.formatTime(record, self.datefmt)
        try:
            return layout % record.__dict__
        except KeyError:
            return original.format(record)  # which has defaults, or says what is missing
