"""What botocore does not do: write a body fast, compress it, tell an answer from a page of HTML.

The hooks act only on calls made inside `put_call`, in the same thread. So a client that the user
passed in keeps working as the user configured it, for all of the user's own calls.
"""

from __future__ import annotations

import contextlib
import json
import threading
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Final

_SMALLEST_GZIP_BYTES: Final = 512
# Log lines shrink to a sixth at level 1 already; level 6 takes three times as long for little more.
_GZIP_LEVEL: Final = 1
# The gzip module would take as long to import as all of this package's small modules.
_GZIP_WINDOW_BITS: Final = 16 + zlib.MAX_WBITS
_OK: Final = 200

_ANSWER_FIELDS: Final = frozenset(
    {"nextSequenceToken", "rejectedLogEventsInfo", "rejectedEntityInfo"}
)

_local = threading.local()


class PutCall:
    """One call of ``PutLogEvents`` as seen by the hooks."""

    def __init__(self, *, compress: bool, on_send: Callable[[], None]) -> None:
        self.compress = compress
        self.on_send = on_send
        self.body: bytes | None = None
        """What to send in place of the body that botocore writes."""
        self.compressed = False
        """The body went out compressed."""
        self.readable = True
        """What came back was an answer of the service."""


@contextlib.contextmanager
def put_call(*, compress: bool, on_send: Callable[[], None]) -> Iterator[PutCall]:
    """Let the hooks act on the call made in this block.

    Args:
        compress: compress the body where that makes it smaller.
        on_send: called when the request is complete and goes out.
    """
    _local.call = call = PutCall(compress=compress, on_send=on_send)
    try:
        yield call
    finally:
        _local.call = None


def install(client: Any) -> None:
    """Register the hooks with a client; again has no effect, nor has a client without events."""
    events = getattr(getattr(client, "meta", None), "events", None)
    if events is not None:
        operation = "cloudwatch-logs.PutLogEvents"
        # An id each: botocore ignores a second handler with a known id, whatever its event.
        events.register(f"before-call.{operation}", _prepare, unique_id="logspire-prepare")
        events.register(f"before-send.{operation}", _note_send, unique_id="logspire-note-send")
        events.register(f"response-received.{operation}", _check, unique_id="logspire-check")


def _prepare(params: dict[str, Any], **_: object) -> None:
    # Runs before the request is signed, so the signature is that of what goes out.
    call: PutCall | None = getattr(_local, "call", None)
    if call is None:
        return
    if call.body is not None:
        params["body"] = call.body
    if call.compress and "Content-Encoding" not in params["headers"]:
        _compress(params, call)


def _note_send(**_: object) -> None:
    call: PutCall | None = getattr(_local, "call", None)
    if call is not None:
        call.on_send()


def _compress(params: dict[str, Any], call: PutCall) -> None:
    body = params["body"]
    data = body.encode() if isinstance(body, str) else body
    if len(data) < _SMALLEST_GZIP_BYTES:
        return
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW_BITS)
    small = packer.compress(data) + packer.flush()
    if len(small) < len(data):
        params["body"] = small
        params["headers"]["Content-Encoding"] = "gzip"
        call.compressed = True


def _check(response_dict: dict[str, Any] | None, **_: object) -> None:
    call: PutCall | None = getattr(_local, "call", None)
    if call is not None and response_dict is not None:
        # botocore takes any status below 301 for a success. The service's own is 200; a 202 or 204
        # comes from something in between, which has stored nothing.
        call.readable = response_dict["status_code"] == _OK and _is_answer(response_dict)


def _is_answer(response: dict[str, Any]) -> bool:
    named = "x-amzn-requestid" in response["headers"]
    if not response["body"]:
        return named
    try:
        answer = json.loads(response["body"])
    except ValueError:
        return False
    # "__type" would be an error. Without the service's header, any gateway may have answered.
    is_ours = isinstance(answer, dict) and "__type" not in answer
    return is_ours and (named or _ANSWER_FIELDS.issuperset(answer))
