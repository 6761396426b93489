"""A server that answers with whatever bytes it is given, be they HTTP or not."""

import contextlib
import gzip
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

GOOD = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 1\r\nContent-Length: 2\r\n\r\n{}"
# So many seconds a server that gives no answer waits for the caller to go.
_PATIENCE_S = 30


@dataclass(frozen=True)
class Answer:
    """The bytes that go out in answer to a request, and what happens to the connection then."""

    data: bytes
    end: str = "close"
    """``"close"``, ``"reset"``, ``"keep"`` (the next request may come) or ``"hang"``."""
    is_genuine: bool = False
    """Whether it says that events were stored."""


class RawServer:
    """Listens on a port of this machine, until `stop`.

    Each request gets the next answer from ``script``; when there are none left, `GOOD`.
    """

    def __init__(self) -> None:
        self.script: deque[Answer] = deque()
        self.stored: list[str] = []
        """The messages in requests that were told that they were stored."""
        self.given: list[Answer] = []
        """What was answered. More than is in the script may be: on a busy machine a caller may
        have given up before its request was read, and then takes one from the next."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def play(self, answers: Sequence[Answer]) -> None:
        """Forget what was; answer the next requests like this."""
        self.script = deque(answers)
        self.stored = []
        self.given = []

    def stop(self) -> None:
        """Close all connections."""
        # Its thread must have left before its file descriptor can be that of another listener: a
        # call that waits, and is interrupted, goes on with whatever has this number then.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(_PATIENCE_S)
        for connection in list(self._open):
            connection.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=[connection], daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        self._open.add(connection)
        connection.settimeout(_PATIENCE_S)
        try:
            with connection, contextlib.suppress(OSError), connection.makefile("rb") as incoming:
                while self._answer(connection, incoming):
                    pass
        finally:
            self._open.discard(connection)

    def _answer(self, connection: socket.socket, incoming: Any) -> bool:
        headers, body = _request(incoming)
        if not headers:
            return False
        answer = self.script.popleft() if self.script else Answer(GOOD, "keep", is_genuine=True)
        self.given.append(answer)
        if answer.is_genuine and b"PutLogEvents" in headers[b"x-amz-target"]:
            self.stored += _messages(headers, body)
        connection.sendall(answer.data)
        if answer.end == "hang":
            incoming.read(1)  # until the caller goes
        if answer.end == "reset":
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return answer.end == "keep"


def _request(incoming: Any) -> tuple[dict[bytes, bytes], bytes]:
    incoming.readline()
    headers = {}
    while (line := incoming.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip()
    return headers, incoming.read(int(headers.get(b"content-length", b"0")))


def _messages(headers: dict[bytes, bytes], body: bytes) -> list[str]:
    if headers.get(b"content-encoding") == b"gzip":
        body = gzip.decompress(body)
    return [event["message"] for event in json.loads(body)["logEvents"]]
