"""What went over the wire, as the events of a client tell it."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from logspire.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

_OK: Final = 200
_REQUEST_ID: Final = "x-amzn-requestid"


class Exchange(Value):
    """One call, and its answer."""

    operation: str
    took_s: float
    status: int = 0
    """HTTP status; 0: there was no answer."""
    code: str = ""
    """The service's error code; a number where the answer is not the service's."""
    message: str = ""
    """What the service says: of the error, or why it rejected the entity."""
    error: Exception | None = None
    """Why there was no answer."""
    is_service: bool = False
    """The answer is one that the service, or an emulator, may have given."""
    ahead_s: float | None = None
    """How far the clock of this machine is ahead of the service's; the ``Date`` header has whole
    seconds, so half a second more or less."""

    @property
    def succeeded(self) -> bool:
        """Whether the service did what it was asked for."""
        return self.status == _OK and self.is_service and not self.code


class Exchanges:
    """The calls of a client, in order.

    Args:
        client: a botocore client that one thread uses.
    """

    def __init__(self, client: Any) -> None:
        self.all: list[Exchange] = []
        self._sent_s = self._sent_at_s = 0.0
        events = client.meta.events
        service = client.meta.service_model.service_id.hyphenize()
        events.register(f"before-send.{service}", self._note_send)
        events.register(f"response-received.{service}", self._note_answer)

    def last(self, operation: str) -> Exchange | None:
        """Return the last call of an operation."""
        return next((call for call in reversed(self.all) if call.operation == operation), None)

    def _note_send(self, **_: object) -> None:
        self._sent_s, self._sent_at_s = time.monotonic(), time.time()

    def _note_answer(
        self,
        response_dict: Mapping[str, Any] | None,
        parsed_response: Mapping[str, Any] | None,
        exception: Exception | None,
        event_name: str,
        **_: object,
    ) -> None:
        operation = event_name.rpartition(".")[2]
        took_s = time.monotonic() - self._sent_s
        if response_dict is None:
            self.all.append(Exchange(operation, took_s, error=exception))
            return
        parsed = parsed_response or {}
        error = parsed.get("Error", {})
        entity = parsed.get("rejectedEntityInfo", {})
        headers = {name.lower(): value for name, value in response_dict["headers"].items()}
        self.all.append(
            Exchange(
                operation,
                took_s,
                status=response_dict["status_code"],
                code=str(error.get("Code", "")),
                message=str(error.get("Message") or entity.get("errorType", "")),
                is_service=_REQUEST_ID in headers or _is_object(response_dict["body"]),
                ahead_s=_ahead_s(headers.get("date", ""), self._sent_at_s + took_s / 2),
            )
        )


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body or b"{}"), dict)
    except ValueError:
        return False


def _ahead_s(date: str, now_s: float) -> float | None:
    """Return how far ``now_s`` is ahead of a date that was cut to whole seconds."""
    try:
        return now_s - (parsedate_to_datetime(date).timestamp() + 0.5)
    except (TypeError, ValueError):
        return None
