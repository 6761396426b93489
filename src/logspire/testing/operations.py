"""Which function answers which operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logspire.testing import reading, rules
from logspire.testing.errors import ServiceError
from logspire.testing.store import Request, Response, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OPERATIONS: Mapping[str, Callable[[Store, Request], Response]] = {
    "CreateLogGroup": Store.create_log_group,
    "DeleteLogGroup": Store.delete_log_group,
    "CreateLogStream": Store.create_log_stream,
    "DeleteLogStream": Store.delete_log_stream,
    "PutLogEvents": Store.put_log_events,
    "PutRetentionPolicy": Store.put_retention_policy,
    "DeleteRetentionPolicy": Store.delete_retention_policy,
    "TagResource": Store.tag_resource,
    "UntagResource": Store.untag_resource,
    "ListTagsForResource": Store.list_tags_for_resource,
    "DescribeLogGroups": reading.describe_log_groups,
    "DescribeLogStreams": reading.describe_log_streams,
    "GetLogEvents": reading.get_log_events,
    "FilterLogEvents": reading.filter_log_events,
}


def validate(operation: str, request: Request) -> Request:
    """Check a call by every rule that needs no look at what is stored.

    Raises:
        ServiceError: ``UnknownOperationException``, or what the broken rule asks for.
    """
    if operation not in OPERATIONS:
        raise ServiceError(
            "UnknownOperationException", f"logspire.testing has no operation {operation!r}"
        )
    return rules.validate(operation, request)
