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

USUAL_MILLISECONDS: Final = "%s,%03d"
MILLISECONDS: Final = tuple(map("".join, product(",", *["0123456789"] * 3)))
PLAIN: Final = logging.Formatter
"""Remembered: the application may put a class of its own in its place later."""


def own_of_logging(owner: type, name: str) -> object:
    """Return a method if it is logging's own, and not put there by the application before this."""
    method = getattr(owner, name)
    # By its module it could not be told: functools.wraps gives a wrapper that of what it wraps.
    return method if getattr(method, "__globals__", None) is vars(logging) else None


_format_time = own_of_logging(PLAIN, "formatTime")
# Others may answer by more than the second that they are asked for.
CONVERTERS: Final = (time.localtime, time.gmtime)


class QuickFormatter(logging.Formatter):
    """A ``logging.Formatter`` that remembers what the present second looks like.

    It writes what ``logging.Formatter`` writes, whatever is set on it or on that class; but for
    the rest of the second in which the process sets another time zone or locale.
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
            if converter not in CONVERTERS:
                return super().formatTime(record, datefmt)
            text = time.strftime(shape, converter(record.created))
            self._known = known = second, shape, converter, text
        milliseconds = self.default_msec_format
        if datefmt or not milliseconds:
            return known[3]
        if milliseconds == USUAL_MILLISECONDS and 0 <= record.msecs < len(MILLISECONDS):
            return known[3] + MILLISECONDS[int(record.msecs)]
        return milliseconds % (known[3], record.msecs)
