"""The sockets: HTTP/1.1 with keep-alive on a loopback port, a thread for each connection."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Protocol
from weakref import WeakSet

from logspire.testing.errors import ServiceError
from logspire.testing.service import MAX_BODY_BYTES, Reply, too_large
from logspire.testing.signature import SignedRequest

_STOP_TIMEOUT_S = 5.0
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_servers: WeakSet[Server] = WeakSet()


class Application(Protocol):
    """Answers requests, whatever their path."""

    def __call__(self, incoming: SignedRequest, peer_port: int) -> Reply:
        """Answer one request."""


class _Reset(Exception):  # noqa: N818 -- it is no error, it is how a handler leaves
    """The connection is to end with a TCP reset."""


class Server(ThreadingHTTPServer):
    """Serves an application until it is stopped.

    Args:
        address: Host and port to listen on; port 0 takes a free one.
        application: Called in the connection's thread.
        idle_timeout_s: Seconds after which a silent connection is closed; ``None`` for never.
        verbose: Whether each request is a line on stderr.
    """

    daemon_threads = True
    request_queue_size = 1024  # a fleet of clients may connect in the same instant

    def __init__(
        self,
        address: tuple[str, int],
        application: Application,
        *,
        idle_timeout_s: float | None,
        verbose: bool = False,
    ) -> None:
        self.application = application
        self.idle_timeout_s = idle_timeout_s
        self.verbose = verbose
        self.stopping = threading.Event()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._open_lock = threading.Lock()
        self._abandoned = False
        super().__init__(address, _Handler)
        self._acceptor = threading.Thread(target=self._accept, name="logspire-testing", daemon=True)
        _servers.add(self)

    def server_bind(self) -> None:
        """Bind, without the look-up of the host's name that HTTPServer does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def start(self) -> None:
        """Accept connections from now on, in a thread of its own."""
        self._acceptor.start()

    def stop(self) -> None:
        """Close every connection, hanging ones included, and wait for their threads."""
        if self._abandoned:
            return
        self.stopping.set()
        self._wake_acceptor()
        self._acceptor.join(_STOP_TIMEOUT_S)
        self.server_close()
        with self._open_lock:
            still_open = dict(self._open)
        for connection in still_open:
            _shut_down(connection)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        for thread in still_open.values():
            thread.join(max(0.0, deadline - time.monotonic()))

    def _accept(self) -> None:
        # Not serve_forever: its shutdown takes up to its polling interval, which a fixture that
        # starts and stops a server for each test would pay each time.
        while not self.stopping.is_set():
            self.handle_request()

    def _wake_acceptor(self) -> None:
        host, port = self.server_address[:2]
        host = "127.0.0.1" if host == "0.0.0.0" else str(host)  # noqa: S104 -- no bind
        with socket.create_connection((host, port), _STOP_TIMEOUT_S):
            pass

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, in its thread, until it ends."""
        with self._open_lock:
            self._open[request] = threading.current_thread()
        try:
            if not self.stopping.is_set():
                super().finish_request(request, client_address)
        except _Reset:
            # With a linger time of zero, closing sends RST. It must come before shutdown_request,
            # which would end the connection in order.
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            request.close()
        finally:
            with self._open_lock:
                del self._open[request]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that went away; anything else is a bug and is shown."""
        if not isinstance(sys.exc_info()[1], (OSError, HTTPException)):
            super().handle_error(request, client_address)

    def abandon(self) -> None:
        """In a forked child: close the child's copies of the sockets.

        A copy would keep the callers' connections open after the parent has closed its own.
        """
        self._abandoned = True
        for connection in (self.socket, *self._open):
            # Not its close(): that waits for files on the socket, which threads held that are
            # not there in the child.
            descriptor = connection.detach()
            if descriptor >= 0:
                os.close(descriptor)


def _abandon_all() -> None:
    for server in list(_servers):
        server.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):  # its thread may have been faster
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, sends what the application replies."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.idle_timeout_s)

    def handle_expect_100(self) -> bool:
        proceed = super().handle_expect_100()
        self.wfile.flush()  # the caller sends the body only when it sees this
        return proceed

    def _serve(self) -> None:
        try:
            body = self._read_body()
        except ServiceError as error:
            self.close_connection = True
            message = f'{{"__type": "{error.code}", "message": "{error.message}"}}'
            self._send(Reply(error.status, message.encode()))
            return
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            key = name.lower()
            headers[key] = f"{headers[key]},{value}" if key in headers else value
        incoming = SignedRequest(self.command, self.path, headers, body)
        self._follow(self.server.application(incoming, self.client_address[1]))

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _serve  # noqa: N815

    def _follow(self, reply: Reply) -> None:
        """Send the reply, or do to the connection what it says."""
        if reply.cut == "hang" or reply.delay_s:
            self.server.stopping.wait(reply.delay_s)
        if reply.cut == "reset":
            raise _Reset
        if reply.cut == "hang":
            self.close_connection = True
        elif reply.cut == "truncate":
            self.close_connection = True
            self._send(reply, len(reply.body) // 2)
        else:
            self._send(reply)

    def _send(self, reply: Reply, sent_bytes: int | None = None) -> None:
        self.send_response_only(reply.status)
        self.send_header("Date", self.date_time_string())
        if reply.request_id:
            self.send_header("x-amzn-RequestId", reply.request_id)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body[:sent_bytes])
        self.wfile.flush()
        self.log_request(reply.status, len(reply.body))

    def _read_body(self) -> bytes:
        """The body, by its length or by its chunks.

        Raises:
            ServiceError: If it is over the bound, or its length is not a number.
        """
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        return self._read(self.headers.get("Content-Length", "0"), 10)

    def _read_chunks(self) -> bytes:
        chunks: list[bytes] = []
        while chunk := self._read(
            self.rfile.readline(1024).partition(b";")[0].decode("latin-1"), 16
        ):
            self.rfile.readline(1024)
            chunks.append(chunk)
            if sum(map(len, chunks)) > MAX_BODY_BYTES:
                raise too_large()
        while self.rfile.readline(65536).strip():
            pass  # trailers
        return b"".join(chunks)

    def _read(self, size: str, base: int) -> bytes:
        try:
            size_bytes = int(size.strip(), base)
        except ValueError:
            size_bytes = -1
        if size_bytes < 0:
            raise ServiceError("MalformedHttpRequestException", "The length is not a number")
        if size_bytes > MAX_BODY_BYTES:
            raise too_large()
        body = self.rfile.read(size_bytes)
        if len(body) < size_bytes:
            raise ConnectionError("the caller left in mid-body")
        return body

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- inherited
        if self.server.verbose:
            super().log_message(format, *args)
