"""A CloudWatch Logs that only counts: cheap, so that it does not eat the CPU that is measured.

A process of its own. It keeps bodies as they came and reads them when asked, after the measurement.
It checks nothing but whether group and stream exist, because to create them belongs to the price.
Each answer comes ``delay_s`` after its request; no connection waits for another.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import sys
import zlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_GZIP: Final = re.compile(rb"\r\ncontent-encoding: *gzip", re.IGNORECASE)
_OPERATION: Final = re.compile(rb"\r\nx-amz-target: *Logs_20140328\.(\w+)", re.IGNORECASE)
_NAMES: Final = re.compile(rb'"log(Group|Stream)Name": ?"([^"\\]*)"')
_BEGINNING_BYTES: Final = 400
_NOT_FOUND: Final = b'{"__type":"ResourceNotFoundException","message":"there is no such thing"}'
_ANSWERS: Final = {"DescribeLogGroups": b'{"logGroups":[]}'}


class Call(NamedTuple):
    """A call as it came."""

    operation: str
    head_bytes: int
    body: bytes
    is_gzip: bool
    is_refused: bool

    def text(self) -> bytes:
        return gzip.decompress(self.body) if self.is_gzip else self.body


class Sink:
    """What came, and how answers are given; lives in the event loop's one thread."""

    def __init__(self) -> None:
        self.reset()

    def reset(self, delay_s: str = "0") -> None:
        self.delay_s = float(delay_s)
        self._calls: list[Call] = []
        self._known: set[tuple[bytes, ...]] = set()
        self._held: list[Callable[[], None]] | None = None

    def hold(self) -> None:
        """Answer nothing until `release`."""
        self._held = []

    def release(self) -> None:
        held, self._held = self._held or [], None
        for answer in held:
            answer()

    def take(self, head: bytes, body: bytes, answer: Callable[[bytes, int], None]) -> None:
        """Keep a call; ``answer`` is called with body and status when it is time."""
        found = _OPERATION.search(head)
        operation = found[1].decode() if found else "?"
        is_gzip = _GZIP.search(head) is not None
        is_refused = not self._exists(operation, _names(body, is_gzip=is_gzip))
        self._calls.append(Call(operation, len(head), body, is_gzip, is_refused))
        given = (_NOT_FOUND, 400) if is_refused else (_ANSWERS.get(operation, b"{}"), 200)

        def answer_in_time() -> None:
            asyncio.get_running_loop().call_later(self.delay_s, answer, *given)

        if self._held is None:
            answer_in_time()
        else:
            self._held.append(answer_in_time)

    def _exists(self, operation: str, names: tuple[bytes, ...]) -> bool:
        if operation == "PutLogEvents":
            return names in self._known
        if operation == "CreateLogStream" and names[:1] not in self._known:
            return False
        self._known.add(names)
        return True

    def report(self) -> dict[str, Any]:
        """Count what came. Each message ends in a number of its own, which tells it from others."""
        seen, strangers, text_bytes = bytearray(), 0, 0
        batches = [
            [event["message"] for event in json.loads(call.text())["logEvents"]]
            for call in self._calls
            if call.operation == "PutLogEvents" and not call.is_refused
        ]
        for batch in batches:
            text_bytes += sum(len(message.encode()) for message in batch)
            for message in batch:
                number = message.rpartition(" ")[2]
                if not number.isdecimal():
                    strangers += 1
                    continue
                place = int(number)
                if place >= len(seen):
                    seen.extend(bytes(place + 1))
                seen[place] = 1
        return {
            "events": sum(map(len, batches)),
            "distinct": sum(seen),
            "strangers": strangers,
            "text_bytes": text_bytes,
            "wire_bytes": sum(call.head_bytes + len(call.body) for call in self._calls),
            "batches": [len(batch) for batch in batches],
            "calls": Counter(call.operation for call in self._calls),
        }


def _names(body: bytes, *, is_gzip: bool) -> tuple[bytes, ...]:
    """Return the names of group and stream, if they are there, without reading the events."""
    beginning = body[:_BEGINNING_BYTES]
    if is_gzip:
        beginning = zlib.decompressobj(31).decompress(body, _BEGINNING_BYTES)
    found = dict(_NAMES.findall(beginning))
    return tuple(found[key] for key in (b"Group", b"Stream") if key in found)


class Connection(asyncio.Protocol):
    """One connection: HTTP/1.1, kept alive."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._needed_bytes = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) < self._needed_bytes:
            return
        end = self._buffer.find(_END_OF_HEAD)
        if end < 0:
            return
        end += len(_END_OF_HEAD)
        head = bytes(self._buffer[:end])
        length = _LENGTH.search(head)
        self._needed_bytes = end + (int(length[1]) if length else 0)
        if len(self._buffer) >= self._needed_bytes:
            body = bytes(self._buffer[end : self._needed_bytes])
            self._buffer, self._needed_bytes = bytearray(), 0
            self._dispatch(head, body)

    def _dispatch(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /"):
            url = urlsplit(head.split(b" ", 2)[1].decode())
            told = getattr(self._sink, url.path.strip("/"))(**dict(parse_qsl(url.query)))
            self._answer(json.dumps(told).encode(), 200)
        else:
            self._sink.take(head, body, self._answer)

    def _answer(self, body: bytes, status: int) -> None:
        head = (
            f"HTTP/1.1 {status} .\r\nx-amzn-RequestId: 1\r\n"
            f"Content-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    sink, ended = Sink(), asyncio.Event()
    server = await loop.create_server(lambda: Connection(sink), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    loop.add_reader(sys.stdin, ended.set)  # closed when whoever started this ends, however it does
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(_serve())
