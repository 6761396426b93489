"""The records of the demo, and how to tell whether all of them came back."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

THREADS: Final = 4
RECORDS_PER_THREAD: Final = 5_000
RECORDS: Final = THREADS * RECORDS_PER_THREAD
PIECE: Final = re.compile(r"\[(\d+)/(\d+)\] ")
"""The mark of a piece of a record that was split."""
_HUGE_BYTES: Final = 3_000_000


def message(thread: int, number: int) -> str | dict[str, Any]:
    """Return what is logged as record ``number`` of a thread; no two are the same."""
    name = f"{thread}-{number:04}"
    if (thread, number) == (0, RECORDS_PER_THREAD // 2):
        return f"record {name}, 3 MB: {_noise()}"
    if number % 10 == 3:  # noqa: PLR2004 - now and then
        return {"record": name, "order": {"id": number, "paid": True}, "note": "caf\u00e9 \u2615"}
    if number % 25 == 7:  # noqa: PLR2004
        return f"record {name} \N{ROCKET} is not ASCII: \u65e5\u672c\u8a9e"
    if is_exception(number):
        return f"record {name} failed"
    return f"record {name} GET /orders/{number * 7919 % 9973} 200 {number % 97}.{thread} ms"


def text_of(thread: int, number: int) -> str:
    """Return how that record must arrive; without its traceback, if it has one."""
    logged = message(thread, number)
    return logged if isinstance(logged, str) else json.dumps(logged, ensure_ascii=False)


def is_exception(number: int) -> bool:
    """Whether record ``number`` of a thread is logged with an exception."""
    return number % 500 == 11  # noqa: PLR2004


@lru_cache(maxsize=1)
def _noise() -> str:
    # Not one letter repeated: that would compress to nothing, and flatter the figures.
    return random.Random(0).randbytes(_HUGE_BYTES // 2).hex()  # noqa: S311 - no secret


@dataclass
class Reading:
    """What the service gave back, against what was logged."""

    messages: list[str]
    missing: list[str]
    twice: int
    unknown: int
    trouble: str = ""


def compare(messages: list[str]) -> Reading:
    """Compare the messages of a stream with what was logged."""
    found = Counter(_records_in(messages))
    logged = [text_of(t, n) for t in range(THREADS) for n in range(RECORDS_PER_THREAD)]
    copies = sum(found[text] for text in logged)
    missing = [text for text in logged if not found[text]]
    return Reading(
        messages,
        missing,
        twice=copies - (len(logged) - len(missing)),
        unknown=found.total() - copies,
    )


def _records_in(messages: Iterable[str]) -> Iterator[str]:
    """Yield the first line of each record; pieces of a record that was split are joined."""
    pieces: dict[int, str] = {}
    for text in messages:
        mark = PIECE.match(text)
        if mark is None:
            yield text.partition("\n")[0]
            continue
        pieces[int(mark[1])] = text[mark.end() :]
        if len(pieces) == int(mark[2]):
            yield "".join(pieces[number] for number in sorted(pieces))
            pieces.clear()
    if pieces:
        yield "".join(pieces.values())
