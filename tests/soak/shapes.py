"""What is logged: each record follows from its writer's name and its number alone.

So the checker needs no copy of what was logged. It makes the record again, and compares.
"""

from __future__ import annotations

import json
import logging
import re
import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# A text that the service never takes: its batch has to be halved until it is alone.
POISON: Final = "\N{SKULL AND CROSSBONES} poison"
# The one message of a single byte. It says nothing of who wrote it: such records are counted.
DOT: Final = "."
# Whose number, and which: somewhere in every other message, and in every piece of a split one.
IDENTITY: Final = re.compile(r"<(?P<writer>\d+\.\d+):(?P<number>\d+):(?P<kind>[a-z]+)>")

# How often each kind is logged, relative to the others.
WEIGHTS: Final[Mapping[str, float]] = {
    "plain": 60,
    "unicode": 12,
    "lines": 6,
    "arguments": 10,
    "mapping": 10,
    "exception": 3,
    "surrogate": 1,
    "dot": 2,
    "empty": 0.3,
    "spread": 1,
    "old": 0.2,
    "future": 0.2,
    "poison": 0.03,
    "large": 0.06,
    "split": 0.03,
}
_KINDS: Final = tuple(WEIGHTS)
_ODDS: Final = tuple(WEIGHTS.values())
# Kinds whose time is not that of the logging call, so that they may overtake or be overtaken.
TIMELESS: Final = frozenset({"spread", "old", "future"})
_DAY_S: Final = 86_400
_SOME_UNICODE: Final = "äßçñ αβγ жщы אבג नमस्ते 日本語 한국어 🧪🎉 e\u0301 \u200b"
_SOME_LINES: Final = "line\n\ttab\r\n\x01control\x1b[31m \\ \" ' {} %s %d \x7f"


@dataclass(frozen=True)
class Shape:
    """One record, before it is logged."""

    kind: str
    message: Any
    arguments: tuple[object, ...] = ()
    level: int = logging.INFO
    aged_s: float = 0.0
    """How much older than the logging call its time says."""
    text: str = ""
    """What has to arrive: all of it, but for a mapping, and the traceback of an exception."""

    def log(self, logger: logging.Logger) -> None:
        """Log it."""
        if self.kind == "exception":
            try:
                raise ValueError(self.text)  # noqa: TRY301 - for its traceback
            except ValueError:
                logger.exception(self.message)
        elif self.aged_s:
            record = logger.makeRecord(
                logger.name, self.level, __file__, 1, self.message, self.arguments, None
            )
            record.created = time.time() - self.aged_s
            logger.handle(record)
        else:
            logger.log(self.level, self.message, *self.arguments)

    def is_told_by(self, arrived: str) -> bool:
        """Whether a message that arrived is this record's, unharmed."""
        if self.kind == "mapping":
            return bool(json.loads(arrived) == self.message)
        if self.kind == "exception":
            head, tail = f"{self.text}\nTraceback ", f"\nValueError: {self.text}"
            return arrived.startswith(head) and arrived.endswith(tail)
        whole, mark, length = arrived.rpartition(" [truncated, ")
        if mark and length == f"{len(self.text.encode())} bytes]":
            return self.text.startswith(whole)
        return arrived == self.text


def kind_of(writer: str, number: int) -> str:
    """Return the kind of a record without making it."""
    return _kind(Random(f"{writer}:{number}"))


def shape_of(writer: str, number: int) -> Shape:
    """Return a writer's record by its number."""
    random = Random(f"{writer}:{number}")
    kind = _kind(random)
    identity = f"<{writer}:{number}:{kind}>"
    level = random.choice((logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR))
    if kind == "dot":
        return Shape(kind, DOT, level=level, text=DOT)
    if kind == "empty":
        return Shape(kind, "", level=level)
    if kind == "mapping":
        members = {"id": identity, "nested": {"list": [1, None, 2.5]}, "text": _SOME_UNICODE}
        return Shape(kind, members, level=level)
    if kind == "arguments":
        text = f"{identity} was {number:5d} and {'x'!r}"
        return Shape(kind, "%s was %5d and %r", (identity, number, "x"), level, text=text)
    message, text = _texts(kind, identity, random)
    return Shape(kind, message, (), level, _aged_s(kind, random), text)


def _kind(random: Random) -> str:
    return random.choices(_KINDS, _ODDS)[0]


def _texts(kind: str, identity: str, random: Random) -> tuple[str, str]:
    """Return what is logged, and what is to arrive of it."""
    if kind == "surrogate":
        return f"{identity} \ud800 lone", f"{identity} \\ud800 lone"
    if kind == "poison":
        text = f"{identity} {POISON}"
    elif kind == "lines":
        text = f"{identity} {_SOME_LINES * random.randint(1, 20)}."
    elif kind == "unicode":
        text = f"{identity} {_SOME_UNICODE * random.randint(1, 30)}"
    elif kind in {"large", "split"}:
        most = 1_000_000 if kind == "large" else 2_500_000
        size = random.randint(most // 20 if kind == "large" else 1_100_000, most)
        block = f"{identity} {random.getrandbits(4000):x}"
        text = block * (size // len(block))
    else:
        text = f"{identity} " + "plain text " * int(10 ** random.uniform(0, 2.5))
    return text, text


def _aged_s(kind: str, random: Random) -> float:
    if kind == "spread":
        return random.uniform(0, 5 * _DAY_S)
    return {"old": 15.0 * _DAY_S, "future": -3.0 * 3600}.get(kind, 0.0)
