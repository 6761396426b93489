"""The figures of CloudWatch Logs: against the table of the service, and botocore's model of it."""

import re
from functools import cache
from typing import Any

import botocore.session

from logspire.core import limits
from logspire.core.limits import CLOUDWATCH_LOGS, Limits

HOUR_MS = 60 * 60 * 1000


@cache
def shape(name: str) -> Any:
    return botocore.session.Session().get_service_model("logs").shape_for(name)


def test_the_limits_of_put_log_events_are_those_of_its_documentation() -> None:
    assert (
        Limits(
            batch_bytes=1_048_576,
            batch_count=10_000,
            event_bytes=1_048_576,
            overhead_bytes=26,
            span_ms=24 * HOUR_MS,
            age_ms=14 * 24 * HOUR_MS,
            ahead_ms=2 * HOUR_MS,
        )
        == CLOUDWATCH_LOGS
    )


def test_the_batch_count_is_that_of_the_service_model() -> None:
    events = shape("InputLogEvents").metadata
    assert events["min"] == 1
    assert events["max"] == CLOUDWATCH_LOGS.batch_count


def test_the_stream_name_is_that_of_the_service_model() -> None:
    name = shape("LogStreamName").metadata
    assert name["max"] == limits.STREAM_NAME_MAX_CHARS
    assert name["pattern"] == "[^:*]*"
    assert {"*", ":"} == limits.STREAM_NAME_FORBIDDEN


def test_the_group_name_is_that_of_the_service_model() -> None:
    name = shape("LogGroupName").metadata
    assert (name["min"], name["max"]) == (1, limits.LOG_GROUP_NAME_MAX_CHARS)
    characters = {c for c in map(chr, range(0x11_0000)) if re.fullmatch(name["pattern"], c)}
    assert characters == limits.LOG_GROUP_NAME_CHARS


def test_the_group_classes_are_all_in_the_service_model() -> None:
    # Not the other way round: the service may add one at any time.
    assert set(limits.LOG_GROUP_CLASSES) <= set(shape("LogGroupClass").enum)


def test_the_days_of_retention_are_those_of_the_documentation() -> None:
    # The service model has them only in prose.
    # fmt: off
    assert limits.RETENTION_DAYS == (
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
        1096, 1827, 2192, 2557, 2922, 3288, 3653,
    )
    # fmt: on


def test_tags_are_those_of_the_service_model() -> None:
    assert shape("Tags").metadata["max"] == limits.TAGS_MAX
    assert shape("TagKey").metadata["max"] == limits.TAG_KEY_MAX_CHARS
    assert shape("TagValue").metadata["max"] == limits.TAG_VALUE_MAX_CHARS


def test_the_entity_is_that_of_the_service_model() -> None:
    key_attributes = shape("EntityKeyAttributes").metadata
    keys = limits.ENTITY_KEY_ATTRIBUTES
    assert (key_attributes["min"], key_attributes["max"]) == (min(keys), max(keys))
    assert shape("EntityAttributes").metadata["max"] == limits.ENTITY_ATTRIBUTES_MAX
