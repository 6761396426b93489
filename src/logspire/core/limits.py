"""What a destination accepts, as data.

Source of the CloudWatch Logs figures: the API reference of ``PutLogEvents``, ``CreateLogGroup``,
``CreateLogStream`` and ``PutRetentionPolicy``, and botocore 1.44's service model (read 2026-11).
"""

from __future__ import annotations

import string

from logspire.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS


class Limits(Value):
    """The limits that one destination puts on a call and on the events in it.

    ``None`` means that the destination has no such limit.
    """

    batch_bytes: int
    """Most bytes of one batch, the overhead of each event included."""
    batch_count: int
    """Most events of one batch."""
    event_bytes: int
    """Most bytes of one event, its overhead included."""
    overhead_bytes: int
    """What the destination adds to the UTF-8 length of each message when it counts."""
    span_ms: int | None
    """All events of one batch lie within less than this of each other."""
    age_ms: int | None
    """An event older than this is not taken."""
    ahead_ms: int | None
    """An event further in the future than this is not taken."""


CLOUDWATCH_LOGS: Final = Limits(
    batch_bytes=1_048_576,
    batch_count=10_000,
    # 1 MB since April 2025; it counts like the batch, so the longest message has 1 048 550 bytes.
    event_bytes=1_048_576,
    overhead_bytes=26,
    span_ms=_DAY_MS,
    age_ms=14 * _DAY_MS,
    ahead_ms=2 * _HOUR_MS,
)

# Sets of characters, not regular expressions: to compile one takes as long as to import a module.
LOG_GROUP_NAME_CHARS: Final = frozenset(string.ascii_letters + string.digits + ".-_/#")
LOG_GROUP_NAME_MAX_CHARS: Final = 512
STREAM_NAME_MAX_CHARS: Final = 512
STREAM_NAME_FORBIDDEN: Final = frozenset(":*")

# fmt: off
RETENTION_DAYS: Final = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
    1096, 1827, 2192, 2557, 2922, 3288, 3653,
)
# fmt: on
LOG_GROUP_CLASSES: Final = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS")
TAGS_MAX: Final = 50
TAG_KEY_MAX_CHARS: Final = 128
TAG_VALUE_MAX_CHARS: Final = 256
ENTITY_KEY_ATTRIBUTES: Final = range(2, 5)
ENTITY_ATTRIBUTES_MAX: Final = 10
