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
_CLASS_NAMES: Final = (*_METHODS, "converter", "default_time_format", "default_msec_format")
_STYLE: Final = logging.PercentStyle
_STYLE_METHODS: Final = ("format", "_format", "usesTime")
_STYLE_NAMES: Final = (*_STYLE_METHODS, "asctime_search")
_CLASS: Final = vars(PLAIN)
_STYLE_CLASS: Final = vars(_STYLE)
FOLLOWED: Final = (
    PLAIN
    if all(name in _CLASS for name in _CLASS_NAMES)
    and all(name in _STYLE_CLASS for name in _STYLE_NAMES)
    else None
)
"""Whose instances get a twin: no one's, if the application put classes of its own there before."""

_TIME: Final = "%(asctime)"
_OWN: Final = tuple(own_of_logging(PLAIN, name) for name in _METHODS)
_STYLE_OWN: Final = (*(own_of_logging(_STYLE, name) for name in _STYLE_METHODS), _TIME)
_ANY_STYLE: Final = _STYLE("")
_STYLE_ATTRIBUTES: Final = vars(_ANY_STYLE).keys()
_SECOND_MS: Final = float(len(MILLISECONDS))  # of the same class: compared at half the price
_PLAIN_FIELDS: Final = re.compile(r"%%|%\(([^()]*)\)s")

# What the application may have set on the classes; asked for with each record, so in one step.
_of_class = itemgetter(*_CLASS_NAMES)
_of_style = itemgetter(*_STYLE_NAMES)


class Twin:
    """Does what a plain ``logging.Formatter`` does, now and whatever is set on that later."""

    __slots__ = ("_plan", "original")

    def __init__(self, original: logging.Formatter) -> None:
        self.original = original
        self._plan = _Plan(original)

    def format(self, record: logging.LogRecord) -> str:
        """Return what ``logging.Formatter.format`` returns; usually without its six calls."""
        original, plan = self.original, self._plan
        try:
            is_known = (
                original.__dict__ == plan.attributes
                and type(plan.style) is _STYLE
                and plan.style.__dict__ == plan.style_attributes
                and _of_class(_CLASS) == plan.of_class
                and _of_style(_STYLE_CLASS) == plan.of_style
            )
        except Exception:  # noqa: BLE001 - arrays, say, cannot tell whether they are the same
            is_known = False
        if not is_known:
            self._plan = plan = _Plan(original)
        if plan.is_other:
            return original.format(record)
        # From here on no argument is written twice: it may say something else the second time.
        record.message = record.getMessage()
        has_stacks = record.exc_info or record.exc_text or record.stack_info
        if plan.uses_time:
            since_s, until_s, text = plan.second
            milliseconds = plan.milliseconds
            try:
                if not since_s <= record.created < until_s:
                    text = plan.text_of(record.created)
                if milliseconds is USUAL_MILLISECONDS and 0.0 <= record.msecs < _SECOND_MS:
                    text += MILLISECONDS[int(record.msecs)]
                elif milliseconds:
                    text = milliseconds % (text, record.msecs)
            except TypeError:
                text = original.formatTime(record, original.datefmt)  # or what is wrong with it
            record.asctime = text
        values_of = plan.values_of
        try:
            # Not those of the plan: 1 in the place of an equal True changes what is written.
            defaults = values_of is None and plan.style.__dict__["_defaults"]
            fields = defaults | record.__dict__ if defaults else record.__dict__
            line = plan.layout % (fields if values_of is None else values_of(fields))
        except KeyError:
            line = original.formatMessage(record)  # which says what is missing
        return _with_stacks(original, record, line) if has_stacks else line


class _Plan:
    """How to write what a formatter writes, as long as nothing is set on it or its classes."""

    values_of: Callable[[dict[str, Any]], tuple[Any, ...]] | None

    __slots__ = (
        *("attributes", "is_other", "layout", "milliseconds", "of_class", "of_style"),
        *("second", "style", "style_attributes", "uses_time", "values_of", "_converter", "_shape"),
    )

    def __init__(self, original: logging.Formatter) -> None:
        # All is taken from these copies: what is set meanwhile then shows the next time.
        self.attributes = dict(original.__dict__)
        self.of_class = _of_class(_CLASS)
        self.of_style = _of_style(_STYLE_CLASS)
        style = self.attributes.get("_style")
        # Another style need not have a layout, nor attributes.
        self.style: Any = style if type(style) is _STYLE else _ANY_STYLE
        self.style_attributes = dict(self.style.__dict__)
        layout: Any = self.style_attributes.get("_fmt")
        has_layout = type(layout) is str
        self.uses_time = has_layout and _TIME in layout
        defaults = self.style_attributes.get("_defaults")
        self.layout, self.values_of = layout, None
        if has_layout and defaults is None:
            self.layout, self.values_of = _filling(layout)
        known = dict(zip(_CLASS_NAMES, self.of_class, strict=True)) | self.attributes
        self._converter: Callable[[float], time.struct_time] = known["converter"]
        self._shape = known.get("datefmt") or known["default_time_format"]
        shown = None if known.get("datefmt") else known["default_msec_format"]
        self.milliseconds = USUAL_MILLISECONDS if shown == USUAL_MILLISECONDS else shown
        # A second since 1970, the next one, and what this one looks like. One object, so that a
        # thread sees all of it or nothing.
        self.second = math.nan, math.nan, ""
        self.is_other = not (
            self.attributes.keys().isdisjoint(_METHODS)
            and self.of_class[: len(_METHODS)] == _OWN
            and self.of_style == _STYLE_OWN
            and self.style is style
            and self.style_attributes.keys() == _STYLE_ATTRIBUTES
            and has_layout
            and type(defaults) in {dict, type(None)}
            and (not self.uses_time or self._converter in CONVERTERS)
            and type(self._shape) is str
            and type(shown) in {str, type(None)}
        )

    def text_of(self, created: float) -> str:
        """Return what the second of a time looks like, and remember it."""
        text = time.strftime(self._shape, self._converter(created))
        second = created // 1
        self.second = second, second + 1, text
        return text


def _with_stacks(original: logging.Formatter, record: logging.LogRecord, line: str) -> str:
    """Return a line with the traceback and the stack of its record below."""
    if record.exc_info and not record.exc_text:
        record.exc_text = original.formatException(record.exc_info)
    if record.exc_text:
        line += "\n" * (not line.endswith("\n")) + record.exc_text
    if record.stack_info:
        line += "\n" * (not line.endswith("\n")) + original.formatStack(record.stack_info)
    return line


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
    is_plain = "%" not in _PLAIN_FIELDS.sub("", layout)
    if not is_plain or len(names) <= 1:  # of one name, itemgetter makes no tuple
        return layout, None
    return places, itemgetter(*names)
