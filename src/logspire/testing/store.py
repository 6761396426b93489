"""Log groups, streams and events in memory, and the operations that change them."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from logspire.testing import rules
from logspire.testing.errors import ServiceError, already_exists, invalid_parameter, not_found
from logspire.testing.records import Event, EventBatch

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT_ID = "123456789012"
_GROUP_ARN = re.compile(
    r"arn:aws[a-z-]*:logs:(?P<region>[^:]+):(?P<account>[^:]+):log-group:(?P<name>[^:]+)"
)

Request = dict[str, Any]
Response = dict[str, Any]


@dataclass
class LogStream:
    """A stream and its events, batch by batch as they arrived.

    Attributes:
        name: Unique in the group.
        arn: As the Describe operations tell it.
        creation_time: Milliseconds since 1970 UTC.
        batches: For each accepted call: the number of its first event in the whole service, when
            it was taken (milliseconds), and its events.
    """

    name: str
    arn: str
    creation_time: int
    batches: list[tuple[int, int, EventBatch]] = field(default_factory=list)
    _by_time: list[tuple[int, int, Event]] | None = None

    def events(self) -> list[Event]:
        """All events, in the order of arrival."""
        return [
            Event(timestamp, message, ingestion_time)
            for _, ingestion_time, batch in self.batches
            for timestamp, message in zip(batch.timestamps, batch.messages, strict=True)
        ]

    def by_time(self) -> list[tuple[int, int, Event]]:
        """``(timestamp, number in the service, event)`` of all events, sorted."""
        if self._by_time is None:
            numbers = (first + i for first, _, batch in self.batches for i in range(len(batch)))
            keyed = zip(numbers, self.events(), strict=True)
            self._by_time = sorted((event.timestamp, number, event) for number, event in keyed)
        return self._by_time

    def append(self, first_number: int, ingestion_time: int, batch: EventBatch) -> None:
        """Store one call's events."""
        self.batches.append((first_number, ingestion_time, batch))
        self._by_time = None


@dataclass
class LogGroup:
    """A group, its settings and its streams by name."""

    name: str
    arn: str
    creation_time: int
    log_class: str = "STANDARD"
    kms_key_id: str | None = None
    retention_days: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    streams: dict[str, LogStream] = field(default_factory=dict)

    def stream(self, name: str) -> LogStream:
        """The stream of that name.

        Raises:
            ServiceError: ``ResourceNotFoundException``.
        """
        try:
            return self.streams[name]
        except KeyError:
            raise not_found("log stream") from None


class Store:
    """Everything that the service holds. Each operation takes ``lock`` by itself.

    Args:
        region: Part of every ARN.
        clock: Returns the time, in milliseconds since 1970 UTC.
    """

    def __init__(self, region: str, clock: Callable[[], int]) -> None:
        self.region = region
        self.clock = clock
        self.lock = threading.RLock()
        self.groups: dict[str, LogGroup] = {}
        self._next_event_number = 0

    def group(self, name: str) -> LogGroup:
        """The group of that name.

        Raises:
            ServiceError: ``ResourceNotFoundException``.
        """
        try:
            return self.groups[name]
        except KeyError:
            raise not_found("log group") from None

    def group_by_arn(self, arn: str) -> LogGroup:
        """The group that ``arn:aws:logs:REGION:ACCOUNT:log-group:NAME`` names.

        Raises:
            ServiceError: ``InvalidParameterException`` for another form,
                ``ResourceNotFoundException``.
        """
        found = _GROUP_ARN.fullmatch(arn)
        if found is None:
            raise invalid_parameter(
                f"{arn!r} is not the ARN of a log group (without a trailing ':*')"
            )
        if (found["region"], found["account"]) != (self.region, ACCOUNT_ID):
            raise not_found("resource")
        return self.group(found["name"])

    def group_of(self, request: Request) -> LogGroup:
        """The group of a request that takes a name, or an identifier that is a name or an ARN."""
        identifier: str = request.get("logGroupName") or request["logGroupIdentifier"]
        if identifier.startswith("arn:"):
            return self.group_by_arn(identifier)
        return self.group(identifier)

    def create_log_group(self, request: Request) -> Response:
        """CreateLogGroup."""
        name = request["logGroupName"]
        with self.lock:
            if name in self.groups:
                raise already_exists("log group")
            self.groups[name] = LogGroup(
                name=name,
                arn=f"arn:aws:logs:{self.region}:{ACCOUNT_ID}:log-group:{name}",
                creation_time=self.clock(),
                log_class=request.get("logGroupClass") or "STANDARD",
                kms_key_id=request.get("kmsKeyId"),
                tags=dict(request.get("tags") or {}),
            )
        return {}

    def delete_log_group(self, request: Request) -> Response:
        """DeleteLogGroup."""
        with self.lock:
            del self.groups[self.group_of(request).name]
        return {}

    def create_log_stream(self, request: Request) -> Response:
        """CreateLogStream."""
        name = request["logStreamName"]
        with self.lock:
            group = self.group_of(request)
            if name in group.streams:
                raise already_exists("log stream")
            arn = f"{group.arn}:log-stream:{name}"
            group.streams[name] = LogStream(name, arn, self.clock())
        return {}

    def delete_log_stream(self, request: Request) -> Response:
        """DeleteLogStream."""
        with self.lock:
            group = self.group_of(request)
            del group.streams[group.stream(request["logStreamName"]).name]
        return {}

    def put_log_events(self, request: Request) -> Response:
        """PutLogEvents: stores what lies in the time window, tells of the rest."""
        batch: EventBatch = request["logEvents"]
        response: Response = {}
        if request.get("entity") is not None:
            rejection = rules.entity_rejection(request["entity"])
            if rejection:
                response["rejectedEntityInfo"] = {"errorType": rejection}
        with self.lock:
            group = self.group_of(request)
            stream = group.stream(request["logStreamName"])
            now_ms = self.clock()
            window = rules.time_window(batch.timestamps, now_ms, group.retention_days)
            if window.start < window.stop:
                taken = batch[window.start : window.stop]
                stream.append(self._next_event_number, now_ms, taken)
                self._next_event_number += len(taken)
        if window.rejected:
            response["rejectedLogEventsInfo"] = window.rejected
        return response

    def put_retention_policy(self, request: Request) -> Response:
        """PutRetentionPolicy."""
        with self.lock:
            self.group_of(request).retention_days = request["retentionInDays"]
        return {}

    def delete_retention_policy(self, request: Request) -> Response:
        """DeleteRetentionPolicy."""
        with self.lock:
            self.group_of(request).retention_days = None
        return {}

    def tag_resource(self, request: Request) -> Response:
        """TagResource."""
        with self.lock:
            group = self.group_by_arn(request["resourceArn"])
            tags = {**group.tags, **request["tags"]}
            if len(tags) > rules.MAX_TAGS:
                raise ServiceError(
                    "TooManyTagsException", f"A resource can have at most {rules.MAX_TAGS} tags."
                )
            group.tags = tags
        return {}

    def untag_resource(self, request: Request) -> Response:
        """UntagResource."""
        with self.lock:
            group = self.group_by_arn(request["resourceArn"])
            group.tags = {k: v for k, v in group.tags.items() if k not in request["tagKeys"]}
        return {}

    def list_tags_for_resource(self, request: Request) -> Response:
        """ListTagsForResource."""
        with self.lock:
            return {"tags": dict(self.group_by_arn(request["resourceArn"]).tags)}
