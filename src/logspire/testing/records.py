"""What the service remembers: stored events, and a record of every call."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, overload

#: "plus 26 bytes for each log event" (PutLogEvents, AWS API reference, read 2026-11).
EVENT_OVERHEAD_BYTES = 26


class Event(NamedTuple):
    """A stored log event.

    Attributes:
        timestamp: When it happened, milliseconds since 1970 UTC, as the caller said.
        message: Its text.
        ingestion_time: When the service took it, milliseconds since 1970 UTC.
    """

    timestamp: int
    message: str
    ingestion_time: int


class EventBatch(Sequence[dict[str, Any]]):
    """The ``logEvents`` of one call, kept as two columns.

    A dict for each event would more than double the memory, and every rule would be a Python
    loop; on columns the checks of 10 000 events run in C. Items read as the dicts that were sent.
    """

    __slots__ = ("messages", "timestamps")

    def __init__(self, timestamps: Sequence[int], messages: list[str]) -> None:
        self.timestamps = array("q", timestamps)
        self.messages = messages

    @classmethod
    def from_request(cls, log_events: Sequence[Mapping[str, Any]]) -> EventBatch:
        """The columns of validated ``logEvents``."""
        return cls([e["timestamp"] for e in log_events], [e["message"] for e in log_events])

    def __len__(self) -> int:
        return len(self.messages)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> EventBatch: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | EventBatch:
        """One event as the dict that was sent, or a part of the batch."""
        if isinstance(index, slice):
            if index.indices(len(self)) == (0, len(self), 1):
                return self
            return EventBatch(self.timestamps[index], self.messages[index])
        return {"timestamp": self.timestamps[index], "message": self.messages[index]}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for timestamp, message in zip(self.timestamps, self.messages, strict=True):
            yield {"timestamp": timestamp, "message": message}

    @property
    def size_bytes(self) -> int:
        """What the batch counts for the service's limit of a batch."""
        return len("".join(self.messages).encode()) + EVENT_OVERHEAD_BYTES * len(self)


@dataclass(frozen=True)
class Call:
    """One call that the service received. Control calls are not recorded.

    Attributes:
        operation: Such as ``PutLogEvents``; empty if the request named none.
        time_ms: When it was decided, milliseconds since 1970 UTC on the service's clock.
        request: The parsed request. ``logEvents`` shares its texts with what is stored.
        status: HTTP status of the answer; ``None`` if the caller never got one.
        error: Name of the error that it was answered with, or ``None``.
        misbehaviour: Kind of the misbehaviour that it met, or ``None``.
        events_stored: How many log events it added.
        wire_bytes: Size of the body as sent.
        raw_bytes: Size of the body after inflation.
        compressed: Whether the body was sent with ``Content-Encoding: gzip``.
        access_key: Of the credentials that it was signed with; empty if unsigned.
        user_agent: The ``User-Agent`` header.
        peer_port: The caller's TCP port: calls that share one came over one connection.
        request_id: The answer's ``x-amzn-RequestId``.
    """

    operation: str
    time_ms: int
    request: Mapping[str, Any] = field(repr=False)
    status: int | None
    error: str | None = None
    misbehaviour: str | None = None
    events_stored: int = 0
    wire_bytes: int = 0
    raw_bytes: int = 0
    compressed: bool = False
    access_key: str = ""
    user_agent: str = ""
    peer_port: int = 0
    request_id: str = ""

    @property
    def refused(self) -> bool:
        """Whether the service did not do what was asked, misbehaviour included."""
        return self.error is not None


@dataclass(frozen=True)
class Summary:
    """The calls so far in numbers.

    Attributes:
        calls: Number of calls by operation.
        batches: Calls of PutLogEvents that stored something.
        events_stored: Log events stored.
        events_rejected: Log events outside the time window, in calls that were accepted.
        wire_bytes: Sum of the request bodies as sent.
        raw_bytes: The same after inflation.
        refused: Number of refused calls by error name, misbehaviour included.
    """

    calls: Mapping[str, int]
    batches: int
    events_stored: int
    events_rejected: int
    wire_bytes: int
    raw_bytes: int
    refused: Mapping[str, int]

    @classmethod
    def of(cls, calls: Sequence[Call]) -> Summary:
        """Add up ``calls``."""
        puts = [c for c in calls if c.operation == "PutLogEvents" and not c.refused]
        stored = sum(c.events_stored for c in puts)
        return cls(
            calls=dict(Counter(c.operation for c in calls)),
            batches=sum(c.events_stored > 0 for c in puts),
            events_stored=stored,
            events_rejected=sum(len(c.request["logEvents"]) for c in puts) - stored,
            wire_bytes=sum(c.wire_bytes for c in calls),
            raw_bytes=sum(c.raw_bytes for c in calls),
            refused=dict(Counter(c.error for c in calls if c.error is not None)),
        )
