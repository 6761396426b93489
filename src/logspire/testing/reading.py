"""The operations that read: DescribeLogGroups, DescribeLogStreams, GetLogEvents, FilterLogEvents.

A token of the event operations is a gap between two events, named by the first event after
it: ``f/TIMESTAMP/NUMBER`` leads forward from the gap, ``b/TIMESTAMP/NUMBER`` backward. A gap
stays where it is when events arrive later, which a count of events would not.
"""

from __future__ import annotations

import heapq
import re
from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING, Any

from logspire.testing import rules
from logspire.testing.errors import invalid_parameter
from logspire.testing.records import EVENT_OVERHEAD_BYTES, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from logspire.testing.store import LogGroup, LogStream, Request, Response, Store

_TOKEN = re.compile(r"(?P<direction>[fb])/(?P<timestamp>\d+)/(?P<number>\d+)")
_TERM = re.compile(r'(?P<sign>[?-]?)(?:"(?P<phrase>(?:\\.|[^"\\])*)"|(?P<word>\S+))')
_END_OF_TIME = 2**63

Gap = tuple[int, int]
KeyedEvent = tuple[int, int, Event, str]


def describe_log_groups(store: Store, request: Request) -> Response:
    """DescribeLogGroups, sorted by name."""
    prefix = request.get("logGroupNamePrefix") or ""
    part = request.get("logGroupNamePattern") or ""
    log_class = request.get("logGroupClass")
    wanted = [name.rpartition(":")[2] for name in request.get("logGroupIdentifiers") or ()]
    with store.lock:
        groups = [
            group
            for name, group in sorted(store.groups.items())
            if name.startswith(prefix)
            and part in name
            and log_class in {None, group.log_class}
            and (not wanted or name in wanted)
        ]
        return _page(request, "logGroups", [_group_item(group) for group in groups])


def describe_log_streams(store: Store, request: Request) -> Response:
    """DescribeLogStreams, by name or by the time of the last event."""
    prefix = request.get("logStreamNamePrefix") or ""
    with store.lock:
        group = store.group_of(request)
        streams = [s for name, s in sorted(group.streams.items()) if name.startswith(prefix)]
        items = [_stream_item(stream) for stream in streams]
    if request.get("orderBy") == "LastEventTime":
        items.sort(key=lambda item: item.get("lastEventTimestamp", 0))
    if request.get("descending"):
        items.reverse()
    return _page(request, "logStreams", items)


def get_log_events(store: Store, request: Request) -> Response:
    """GetLogEvents: one page, and a token for either direction.

    A token that leads nowhere comes back unchanged: so the service says that this is the end.
    """
    with store.lock:
        stream = store.group_of(request).stream(request["logStreamName"])
        events = _in_time(((*keyed, "") for keyed in stream.by_time()), request, end_included=False)
    forward, gap = _start(events, request, forward=bool(request.get("startFromHead")))
    page = _cut(events, gap, forward=forward, limit=request.get("limit"))
    before, after = (page[0][:2], _after(page[-1])) if page else (gap, gap)
    return {
        "events": [_event_item(event) for _, _, event, _ in page],
        "nextForwardToken": _token("f", after),
        "nextBackwardToken": _token("b", before),
    }


def filter_log_events(store: Store, request: Request) -> Response:
    """FilterLogEvents: the events of many streams in time order, a page at a time."""
    matches = _matcher(request.get("filterPattern") or "")
    with store.lock:
        streams = _streams_to_search(store.group_of(request), request)
        merged = heapq.merge(*([(*keyed, s.name) for keyed in s.by_time()] for s in streams))
        events = _in_time(merged, request, end_included=True)
    events = [keyed for keyed in events if matches(keyed[2].message)]
    forward, gap = _start(events, request, forward=request.get("startFromHead") is not False)
    page = _cut(events, gap, forward=forward, limit=request.get("limit"))
    response: Response = {"events": [_filtered_item(*k) for k in page], "searchedLogStreams": []}
    if page and page[-1] is not events[-1] and forward:
        response["nextToken"] = _token("f", _after(page[-1]))
    elif page and page[0] is not events[0] and not forward:
        response["nextToken"] = _token("b", page[0][:2])
    if not forward:
        response["events"].reverse()
    return response


def _streams_to_search(group: LogGroup, request: Request) -> list[LogStream]:
    names = request.get("logStreamNames")
    if names:
        return [group.stream(name) for name in names]
    prefix = request.get("logStreamNamePrefix") or ""
    return [stream for name, stream in group.streams.items() if name.startswith(prefix)]


def _in_time(
    events: Iterable[KeyedEvent], request: Request, *, end_included: bool
) -> list[KeyedEvent]:
    """The events from ``startTime`` to ``endTime``.

    GetLogEvents leaves out an event at ``endTime`` itself, FilterLogEvents does not: so say the
    two documents.
    """
    start = request.get("startTime") or 0
    end = request.get("endTime")
    stop = _END_OF_TIME if end is None else end + end_included
    return [keyed for keyed in events if start <= keyed[0] < stop]


def _cut(
    events: Sequence[KeyedEvent], gap: Gap, *, forward: bool, limit: int | None
) -> Sequence[KeyedEvent]:
    """The events next to the gap, as many as a page holds; always in ascending order."""
    position = bisect_left(events, gap, key=lambda keyed: keyed[:2])
    near = events[position:] if forward else events[:position][::-1]
    size_bytes = count = 0
    for _, _, event, _ in islice(near, limit or rules.MAX_PAGE_EVENTS):
        size_bytes += len(event.message.encode()) + EVENT_OVERHEAD_BYTES
        if size_bytes > rules.MAX_PAGE_BYTES and count:
            break
        count += 1
    return near[:count] if forward else near[:count][::-1]


def _start(events: Sequence[KeyedEvent], request: Request, *, forward: bool) -> tuple[bool, Gap]:
    """The direction and the gap to read from: the token's, if there is one."""
    token = request.get("nextToken")
    if not token:
        return forward, ((0, 0) if forward or not events else _after(events[-1]))
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise invalid_parameter("The specified nextToken is invalid.")
    return found["direction"] == "f", (int(found["timestamp"]), int(found["number"]))


def _after(keyed: KeyedEvent) -> Gap:
    return keyed[0], keyed[1] + 1


def _token(direction: str, gap: Gap) -> str:
    return f"{direction}/{gap[0]}/{gap[1]}"


def _page(request: Request, key: str, items: list[dict[str, Any]]) -> Response:
    """A page of a Describe operation; its token is the number of the first item left out."""
    token = request.get("nextToken") or "0"
    if not (token.isascii() and token.isdigit()):
        raise invalid_parameter("The specified nextToken is invalid.")
    start = int(token)
    stop = start + (request.get("limit") or rules.MAX_PAGE_ITEMS)
    more = {"nextToken": str(stop)} if stop < len(items) else {}
    return {key: items[start:stop], **more}


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a message matches a pattern of terms.

    ``a b`` needs both, ``?a ?b`` one of them, ``-a`` none; a term is quoted if it holds spaces
    (CloudWatch Logs user guide, Filter pattern syntax).
    """
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    for term in _TERM.finditer(pattern):
        phrase = term["phrase"]
        text = term["word"] if phrase is None else re.sub(r"\\(.)", r"\1", phrase)
        terms[term["sign"]].append(text)

    def matches(message: str) -> bool:
        return (
            all(term in message for term in terms[""])
            and not any(term in message for term in terms["-"])
            and (not terms["?"] or any(term in message for term in terms["?"]))
        )

    return matches


def _group_item(group: LogGroup) -> dict[str, Any]:
    item = {
        "logGroupName": group.name,
        "creationTime": group.creation_time,
        "retentionInDays": group.retention_days,
        "metricFilterCount": 0,
        "arn": f"{group.arn}:*",
        "logGroupArn": group.arn,
        "storedBytes": sum(b.size_bytes for s in group.streams.values() for _, _, b in s.batches),
        "kmsKeyId": group.kms_key_id,
        "logGroupClass": group.log_class,
    }
    return {key: value for key, value in item.items() if value is not None}


def _stream_item(stream: LogStream) -> dict[str, Any]:
    item: dict[str, Any] = {
        "logStreamName": stream.name,
        "creationTime": stream.creation_time,
        "arn": stream.arn,
        "storedBytes": 0,  # "always reported as zero" (LogStream, since June 2019)
    }
    if stream.batches:
        item["firstEventTimestamp"] = min(b.timestamps[0] for _, _, b in stream.batches)
        item["lastEventTimestamp"] = max(b.timestamps[-1] for _, _, b in stream.batches)
        item["lastIngestionTime"] = stream.batches[-1][1]
    return item


def _event_item(event: Event) -> dict[str, Any]:
    return {
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingestion_time,
    }


def _filtered_item(timestamp: int, number: int, event: Event, stream: str) -> dict[str, Any]:
    event_id = f"{timestamp:020d}{number:036d}"
    return {"logStreamName": stream, "eventId": event_id, **_event_item(event)}
