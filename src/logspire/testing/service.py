"""One call, from bytes to answer: decode, misbehave, authenticate, validate, execute, record."""

from __future__ import annotations

import json
import threading
import uuid
import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from logspire.testing import signature
from logspire.testing.errors import ServiceError, malformed
from logspire.testing.faults import Cut, Fault, Faults
from logspire.testing.operations import OPERATIONS, validate
from logspire.testing.records import Call, Event
from logspire.testing.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from logspire.testing.signature import SignedRequest

CONTENT_TYPE = "application/x-amz-json-1.1"
TARGET_PREFIX = "Logs_20140328."
#: Bound on a body, as sent and inflated. A full batch of one-byte messages is under 0.6 MB of JSON,
#: a batch of control characters ("\u0001") 6 MB; the bound is there to stop a gzip bomb.
MAX_BODY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Reply:
    """What the server sends back.

    Attributes:
        status: HTTP status.
        body: The whole body.
        content_type: Of the body.
        request_id: For the ``x-amzn-RequestId`` header.
        cut: How the answer is kept from the caller, if it is.
        delay_s: Seconds of silence before the answer, or before a hanging connection is closed;
            ``None`` for none before the answer, for ever if it hangs.
    """

    status: int
    body: bytes
    content_type: str = CONTENT_TYPE
    request_id: str = ""
    cut: Cut | None = None
    delay_s: float | None = None


class Service:
    """The service without its sockets. Every method may be called from any thread.

    Args:
        region: The region that signatures must be for, and of the ARNs.
        secrets: Secret keys by access key.
        verify_signatures: ``False`` takes calls unsigned, or signed by anybody.
        clock: The service's time, in milliseconds since 1970 UTC.
        random: For misbehaviour with a probability.
    """

    def __init__(
        self,
        *,
        region: str,
        secrets: Mapping[str, str],
        verify_signatures: bool,
        clock: Callable[[], int],
        random: Random,
    ) -> None:
        self.region = region
        self.clock = clock
        self.store = Store(region, clock)
        self.faults = Faults(random)
        self.calls: list[Call] = []
        self.changed = threading.Condition()
        self._secrets = dict(secrets)
        self._verify_signatures = verify_signatures

    def forget(self) -> None:
        """Drop what is stored, the record of calls and the misbehaviours."""
        self.faults.clear()
        with self.changed:
            self.store = Store(self.region, self.clock)
            self.calls = []
            self.changed.notify_all()

    def answer(self, incoming: SignedRequest, peer_port: int) -> Reply:
        """Answer one call and record it. The record is there before the caller has the answer."""
        operation = incoming.headers.get("x-amz-target", "").removeprefix(TARGET_PREFIX)
        raw, request, error = _decode(incoming)
        call = Call(
            operation=operation,
            time_ms=self.clock(),
            request=request,
            status=200,
            wire_bytes=len(incoming.body),
            raw_bytes=len(raw),
            compressed=incoming.headers.get("content-encoding", "") == "gzip",
            access_key=signature.access_key(incoming.headers),
            user_agent=incoming.headers.get("user-agent", ""),
            peer_port=peer_port,
            request_id=str(uuid.uuid4()),
        )
        fault = self.faults.choose(operation, request)
        if fault and not fault.kind.executes:
            call, reply = _misbehave(call, fault)
        else:
            try:
                self._authenticate(incoming)
                if error:
                    raise error
                call, reply = self._execute(call)
            except ServiceError as refusal:
                call, reply = _refuse(call, refusal)
        if fault:
            cut = fault.kind.cut
            call = replace(call, status=None if cut else reply.status, misbehaviour=fault.name)
            reply = replace(reply, cut=cut, delay_s=fault.seconds)
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()
        return replace(reply, request_id=call.request_id)

    def events(self, group: str, stream: str) -> list[Event]:
        """The events of a stream in order of arrival; none if there is no such stream."""
        store = self.store
        with store.lock:
            try:
                return store.group(group).stream(stream).events()
            except ServiceError:
                return []

    def _authenticate(self, incoming: SignedRequest) -> None:
        """Signatures are checked against the real time: callers sign with theirs."""
        if self._verify_signatures:
            now = datetime.now(timezone.utc)
            signature.verify(incoming, secrets=self._secrets, region=self.region, now=now)

    def _execute(self, call: Call) -> tuple[Call, Reply]:
        request = validate(call.operation, dict(call.request))
        response = OPERATIONS[call.operation](self.store, request)
        stored = _events_stored(request, response) if call.operation == "PutLogEvents" else 0
        call = replace(call, request=request, events_stored=stored)
        return call, Reply(200, json.dumps(response).encode())


def _refuse(call: Call, error: ServiceError) -> tuple[Call, Reply]:
    body = json.dumps({"__type": error.code, "message": error.message}).encode()
    call = replace(call, status=error.status, error=error.code)
    return call, Reply(error.status, body)


def _misbehave(call: Call, fault: Fault) -> tuple[Call, Reply]:
    error = fault.error(call.operation)
    if error:
        return _refuse(call, error)
    body, content_type = fault.kind.body or (b"", CONTENT_TYPE)
    return replace(call, error=fault.name), Reply(fault.kind.status, body, content_type)


def _events_stored(request: Mapping[str, Any], response: Mapping[str, Any]) -> int:
    count = len(request["logEvents"])
    rejected = response.get("rejectedLogEventsInfo", {})
    start = max(
        rejected.get("tooOldLogEventEndIndex", 0), rejected.get("expiredLogEventEndIndex", 0)
    )
    stop: int = rejected.get("tooNewLogEventStartIndex", count)
    return max(0, stop - int(start))


def _decode(incoming: SignedRequest) -> tuple[bytes, dict[str, Any], ServiceError | None]:
    """The inflated body, the request in it, and why it could not be read if it could not.

    An error is told only after authentication, as the service does; so it is returned.
    """
    try:
        _check_protocol(incoming.headers)
        body = _inflate(incoming.body, incoming.headers.get("content-encoding", "identity"))
    except ServiceError as error:
        return b"", {}, error
    try:
        request = json.loads(body.decode() or "{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return body, {}, malformed(f"The body is not JSON: {error}")
    if not isinstance(request, dict):
        return body, {}, malformed("The body is not a JSON object")
    return body, request, None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _check_protocol(headers: Mapping[str, str]) -> None:
    target = headers.get("x-amz-target", "")
    if not target.startswith(TARGET_PREFIX):
        raise ServiceError(
            "UnknownOperationException",
            f"X-Amz-Target must start with {TARGET_PREFIX!r}; was {target!r}",
        )
    content_type = headers.get("content-type", "").partition(";")[0].strip()
    if content_type != CONTENT_TYPE:
        raise malformed(f"Content-Type must be {CONTENT_TYPE}; was {content_type!r}")


def _inflate(body: bytes, encoding: str) -> bytes:
    """The body as it was before compression, with a bound."""
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise malformed(f"Content-Encoding must be gzip or identity; was {encoding!r}")
    gzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        inflated = gzip.decompress(body, MAX_BODY_BYTES)
    except zlib.error as error:
        raise malformed(f"The body is not gzip: {error}") from None
    if gzip.unconsumed_tail:
        raise too_large()
    if not gzip.eof or gzip.unused_data:
        raise malformed("The body is not one whole gzip member")
    return inflated


def too_large() -> ServiceError:
    """The answer to a body over the bound."""
    detail = f"A request may hold {MAX_BODY_BYTES} bytes"
    return ServiceError("RequestEntityTooLargeException", detail, 413)
