"""What a check found out: one step, and all the names that a step can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from logspire.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

OK: Final = "ok"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"
"""It could not be found out; that is no reason to think that records would not be delivered."""

NAMES: Final = (
    "configuration",
    "region",
    "credentials",
    "endpoint",
    "connection",
    "clock",
    "authentication",
    "log_group",
    "log_stream",
    "test_event",
    "retention",
    "entity",
    "read_back",
)
"""In the order in which they are looked at. Part of the JSON, as the statuses are."""


class Step(Value):
    """What was found out about one thing."""

    name: str
    status: str
    found: str
    """For people."""
    advice: str = ""
    """What to do about it."""
    facts: Mapping[str, Any] = {}
    """The same for programs."""
