"""A plain ``logging.Formatter`` in one step, followed in all that the application sets on it.

Most applications give the handler one of these. To write a line it makes six calls, and works out
the time and the names of the fields of its layout anew for each record. All of that is known from
the record before, unless something was set since; so that is what is asked.
"""

from __future__ import annotations

import logging
import math
import re
import time
from operator import itemgetter

from logspire.formatters.asctime import (
    CONVERTERS,
    MILLISECONDS,
    PLAIN,
    USUAL_MILLISECONDS,
    own_of_logging,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

_METHODS: Final = ("format", "formatMessage", "formatTime", "usesTime")
_STYLE_METHODS: Final = ("format", "_format")
_STYLE_ATTRIBUTES: Final = len(vars(logging.PercentStyle("")))
_OWN: Final = tuple(own_of_logging(PLAIN, name) for name in _METHODS)
_STYLE_OWN: Final = tuple(own_of_logging(logging.PercentStyle, name) for name in _STYLE_METHODS)
_SECOND_MS: Final = len(MILLISECONDS)
_PLAIN_FIELDS: Final = re.compile(r"%%|%\(([^()]*)\)s")

# What the application may have set on the classes; asked for with each record, so in one step.
_of_class = itemgetter(*_METHODS, "converter", "default_time_format", "default_msec_format")
_of_style = itemgetter(*_STYLE_METHODS)
_CLASS: Final = vars(PLAIN)
_STYLE_CLASS: Final = vars(logging.PercentStyle)


class Twin:
    """Does what a plain ``logging.Formatter`` does, now and whatever is set on that later."""

    __slots__ = ("_plan", "original")

    def __init__(self, original: logging.Formatter) -> None:
        self.original = original
        self._plan = _Plan(original)

    def format(self, record: logging.LogRecord) -> str:
        """Return what ``logging.Formatter.format`` returns; usually without its six calls."""
        original, plan = self.original, self._plan
        if (
            original.__dict__ != plan.attributes
            or plan.style.__dict__ != plan.style_attributes
            or _of_class(_CLASS) != plan.of_class
            or _of_style(_STYLE_CLASS) != plan.of_style
        ):
            self._plan = plan = _Plan(original)
        if plan.is_other or record.exc_info or record.exc_text or record.stack_info:
            return original.format(record)
        record.message = record.getMessage()
        try:
            if plan.uses_time:
                since_s, until_s, text = plan.second
                if not since_s <= record.created < until_s:
                    text = plan.text_of(record.created)
                milliseconds = plan.milliseconds
                if milliseconds is USUAL_MILLISECONDS and 0 <= record.msecs < _SECOND_MS:
                    text += MILLISECONDS[int(record.msecs)]
                elif milliseconds:
                    text = milliseconds % (text, record.msecs)
                record.asctime = text
            fields = record.__dict__
            return plan.layout % (fields if plan.values_of is None else plan.values_of(fields))
        except (KeyError, TypeError):
            return original.format(record)  # which has defaults, or says what is wrong


class _Plan:
    """How to write what a formatter writes, as long as nothing is set on it or its classes."""

    __slots__ = (
        *("attributes", "is_other", "layout", "milliseconds", "of_class", "of_style", "second"),
        *("style", "style_attributes", "uses_time", "values_of", "_converter", "_shape"),
    )

    def __init__(self, original: logging.Formatter) -> None:
        # First what it is compared by: what is set meanwhile then shows the next time.
        self.attributes = dict(original.__dict__)
        self.of_class = _of_class(_CLASS)
        self.of_style = _of_style(_STYLE_CLASS)
        self.style: Any = original._style  # noqa: SLF001 - as its `format` does
        self.style_attributes = dict(self.style.__dict__)
        self.layout, self.values_of = _filling(self.style._fmt)  # noqa: SLF001 - likewise
        self.uses_time = "%(asctime)" in self.style._fmt  # noqa: SLF001
        self._converter: Callable[[float], time.struct_time] = original.converter
        self._shape = original.datefmt or original.default_time_format
        shown = None if original.datefmt else original.default_msec_format
        self.milliseconds = USUAL_MILLISECONDS if shown == USUAL_MILLISECONDS else shown
        # A second since 1970, the next one, and what this one looks like. One object, so that a
        # thread sees all of it or nothing.
        self.second = math.nan, math.nan, ""
        self.is_other = not (
            self.attributes.keys().isdisjoint(_METHODS)
            and self.of_class[: len(_METHODS)] == _OWN
            and self.of_style == _STYLE_OWN
            and type(self.style) is logging.PercentStyle
            and len(self.style_attributes) == _STYLE_ATTRIBUTES
            and (not self.uses_time or self._converter in CONVERTERS)
        )

    def text_of(self, created: float) -> str:
        """Return what the second of a time looks like, and remember it."""
        text = time.strftime(self._shape, self._converter(created))
        second = created // 1
        self.second = second, second + 1, text
        return text


def _filling(layout: str) -> tuple[str, Callable[[dict[str, Any]], tuple[Any, ...]] | None]:
    """Return a layout to fill, and what with: certain attributes of a record, or ``None`` for all.

    Where all its fields are plain (``%(name)s``), it is filled by their order: that is less work
    each time than to take the layout apart for their names.
    """
    names: list[str] = []

    def place(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        names.append(found[1])
        return "%s"

    places = _PLAIN_FIELDS.sub(place, layout)
    is_plain = type(layout) is str and "%" not in _PLAIN_FIELDS.sub("", layout)
    if not is_plain or len(names) <= 1:  # of one name, itemgetter makes no tuple
        return layout, None
    return places, itemgetter(*names)
