"""The service's rules that botocore's model does not hold, each with its source.

Unless another source is named: AWS API reference of the operation, as shipped in the
documentation of botocore 1.44's service model, read 2026-11. Nothing here is shared with the
library under test, so that a wrong number there shows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from operator import le
from typing import Any, NamedTuple

from logspire.testing import model
from logspire.testing.errors import invalid_parameter, malformed
from logspire.testing.records import EVENT_OVERHEAD_BYTES, EventBatch

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

#: PutLogEvents: "The maximum batch size is 1,048,576 bytes".
MAX_BATCH_BYTES = 1_048_576
#: PutLogEvents: "Each log event can be no larger than 1 MB" (256 KB until April 2025).
MAX_EVENT_BYTES = 1_048_576
#: PutLogEvents: "the time span in a single batch cannot exceed 24 hours".
MAX_SPAN_MS = 24 * HOUR_MS
#: PutLogEvents: "Events older than 14 days ... are rejected".
MAX_AGE_MS = 14 * DAY_MS
#: PutLogEvents: "Events more than 2 hours in the future are rejected".
MAX_AHEAD_MS = 2 * HOUR_MS
#: PutRetentionPolicy, retentionInDays.
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
#: TagResource: "as many as 50 tags with a CloudWatch Logs resource".
MAX_TAGS = 50
#: PutLogEvents, Entity: "There are five allowed attributes (key names)".
ENTITY_KEYS = frozenset({"Type", "ResourceType", "Identifier", "Name", "Environment"})
#: GetLogEvents, FilterLogEvents: "up to 1 MB of log events or up to 10,000 log events".
MAX_PAGE_EVENTS = 10_000
MAX_PAGE_BYTES = 1_048_576
#: DescribeLogGroups, DescribeLogStreams: "the default is up to 50 items".
MAX_PAGE_ITEMS = 50

Request = dict[str, Any]
Rule = Callable[[Request], "str | None"]


def validate(operation: str, request: Request) -> Request:
    """Refuse a request that breaks a rule which needs no look at what is stored.

    Args:
        operation: A name of the model.
        request: The parsed JSON body. It is not changed.

    Returns:
        The request, its ``logEvents`` as an `EventBatch`.

    Raises:
        ServiceError: Naming the rule.
    """
    # A bad entity does not fail the call: see entity_rejection.
    model.validate(operation, request, skip=frozenset({"entity"}))
    if operation == "PutLogEvents":
        request = {**request, "logEvents": EventBatch.from_request(request["logEvents"])}
    for rule in RULES.get(operation, ()):
        broken = rule(request)
        if broken:
            raise invalid_parameter(broken)
    return request


def _batch_fits(request: Request) -> str | None:
    batch: EventBatch = request["logEvents"]
    size_bytes = batch.size_bytes
    if size_bytes <= MAX_BATCH_BYTES:
        return None
    largest = max(len(m.encode()) for m in batch.messages) + EVENT_OVERHEAD_BYTES
    if largest > MAX_EVENT_BYTES:
        return f"Log event too large: {largest} bytes exceeds limit of {MAX_EVENT_BYTES}"
    return f"Upload too large: {size_bytes} bytes exceeds limit of {MAX_BATCH_BYTES}"


def _batch_is_in_order(request: Request) -> str | None:
    timestamps = request["logEvents"].timestamps
    if all(map(le, timestamps, islice(timestamps, 1, None))):
        return None
    return "Log events in a single PutLogEvents request must be in chronological order."


def _group_name_is_free(request: Request) -> str | None:
    """CreateLogGroup: "Log group names can't start with the string aws/"."""
    if request["logGroupName"].startswith("aws/"):
        return "Log group names starting with 'aws/' are reserved"
    return None


def _retention_is_listed(request: Request) -> str | None:
    if request["retentionInDays"] in RETENTION_DAYS:
        return None
    allowed = ", ".join(map(str, RETENTION_DAYS))
    return f"retentionInDays must be one of {allowed}; was {request['retentionInDays']}"


def _tags_are_not_reserved(request: Request) -> str | None:
    """AWS General Reference, Tagging AWS resources: ``aws:`` is AWS's own."""
    for key in request.get("tags") or request.get("tagKeys") or ():
        if key.lower().startswith("aws:"):
            return f"Tag key {key!r}: keys that start with 'aws:' are reserved"
    return None


def _pattern_is_known(request: Request) -> str | None:
    """JSON, space-delimited and regular-expression patterns are legal there, not built here."""
    if (request.get("filterPattern") or "").lstrip().startswith(("{", "[", "%")):
        return "logspire.testing knows filter patterns of terms and quoted phrases only"
    return None


def _prefix_is_not_with_event_time(request: Request) -> str | None:
    if request.get("orderBy") == "LastEventTime" and request.get("logStreamNamePrefix"):
        return "Cannot order by LastEventTime with a logStreamNamePrefix."
    return None


def _exactly_one(*names: str) -> Rule:
    def rule(request: Request) -> str | None:
        if sum(request.get(name) is not None for name in names) == 1:
            return None
        return f"Exactly one of {' and '.join(names)} must be given"

    return rule


def _not_both(*names: str) -> Rule:
    def rule(request: Request) -> str | None:
        if all(request.get(name) is not None for name in names):
            return f"{' and '.join(names)} exclude each other"
        return None

    return rule


_ONE_GROUP = _exactly_one("logGroupName", "logGroupIdentifier")

RULES: Mapping[str, Sequence[Rule]] = {
    "CreateLogGroup": (_group_name_is_free, _tags_are_not_reserved),
    "PutRetentionPolicy": (_retention_is_listed,),
    "PutLogEvents": (_batch_fits, _batch_is_in_order),
    "TagResource": (_tags_are_not_reserved,),
    "UntagResource": (_tags_are_not_reserved,),
    "DescribeLogGroups": (_not_both("logGroupNamePrefix", "logGroupNamePattern"),),
    "DescribeLogStreams": (_ONE_GROUP, _prefix_is_not_with_event_time),
    "GetLogEvents": (_ONE_GROUP,),
    "FilterLogEvents": (
        _ONE_GROUP,
        _not_both("logStreamNames", "logStreamNamePrefix"),
        _pattern_is_known,
    ),
}


class TimeWindow(NamedTuple):
    """The part of a batch that is stored, and what the answer says of the rest."""

    start: int
    stop: int
    rejected: dict[str, int]


def time_window(timestamps: Sequence[int], now_ms: int, retention_days: int | None) -> TimeWindow:
    """Which of the ascending timestamps the service takes at ``now_ms``.

    The two end indexes are exclusive, the start index is inclusive (RejectedLogEventsInfo).

    Raises:
        ServiceError: If the events that are neither too old nor too new are more than 24 hours
            apart. Events past the group's retention count there: the document's "valid events"
            are those "within 14 days in the past to 2 hours in future".
    """
    too_old_end = bisect_left(timestamps, now_ms - MAX_AGE_MS)
    too_new_start = bisect_right(timestamps, now_ms + MAX_AHEAD_MS)
    if too_old_end < too_new_start:
        span_ms = timestamps[too_new_start - 1] - timestamps[too_old_end]
        if span_ms > MAX_SPAN_MS:
            raise invalid_parameter(
                "The batch of log events in a single PutLogEvents request "
                "cannot span more than 24 hours."
            )
    start = too_old_end
    rejected = {}
    if too_old_end:
        rejected["tooOldLogEventEndIndex"] = too_old_end
    if retention_days is not None:
        expired_end = bisect_left(timestamps, now_ms - retention_days * DAY_MS)
        if expired_end > too_old_end:
            rejected["expiredLogEventEndIndex"] = start = expired_end
    if too_new_start < len(timestamps):
        rejected["tooNewLogEventStartIndex"] = too_new_start
    return TimeWindow(start, max(start, too_new_start), rejected)


def entity_rejection(entity: object) -> str | None:
    """Why the service would not attach this ``entity``; the events are stored all the same.

    Returns:
        An ``EntityRejectionErrorType`` of the model, or ``None`` if the entity is good.

    Raises:
        ServiceError: ``SerializationException`` if a value is of another type.
    """
    if not isinstance(entity, dict):
        raise malformed("'entity' must be of type structure")
    broken = {problem.path.split(".")[0].split()[0] for problem in model.check("Entity", entity)}
    keys = entity.get("keyAttributes")
    if keys is None:
        return "MissingRequiredFields"
    if "keyAttributes" in broken or not keys.keys() <= ENTITY_KEYS:
        return "InvalidKeyAttributes"
    return "InvalidAttributes" if broken else None
