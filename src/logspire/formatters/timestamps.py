"""Times in UTC as ISO 8601 has them, worked out once for all records of a second."""

from __future__ import annotations

import math
import time
from datetime import datetime, timezone

from logspire.formatters.strict_json import describe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_YEAR_10000_S: Final = 253_402_300_800
# With one more, for what is less than half a microsecond before the next second.
_MILLISECONDS: Final = (*(f".{number:03}Z" for number in range(1000)), ".999Z")


class Timestamps:
    """Remembers what the present second looks like. Safe to use from several threads."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        # A second since 1970 and its text. One object: a thread sees all of it or nothing.
        self._known: tuple[float, str] = (math.nan, "")

    def text(self, created_s: float) -> str:
        """Return a time, in seconds since 1970, to the millisecond; as it is if it is no time."""
        try:
            second = created_s // 1
            known = self._known
            if known[0] != second:
                self._known = known = second, _utc_text(second)
            return known[1] + _MILLISECONDS[round((created_s - second) * 1e6) // 1000]
        except Exception:  # noqa: BLE001 - not a number, or not a date that there is
            return describe_text(created_s)


def _utc_text(second: float) -> str:
    if 0 <= second < _YEAR_10000_S:  # in half of the time of a datetime
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
    return datetime.fromtimestamp(second, tz=timezone.utc).isoformat().removesuffix("+00:00")
