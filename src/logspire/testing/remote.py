"""The same questions and orders for a service that runs in another process."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from logspire.testing.control import PREFIX
from logspire.testing.records import Call, Event, Summary

if TYPE_CHECKING:
    from collections.abc import Callable

_TIMEOUT_S = 70.0
#: Loopback needs no proxy, whatever the environment says.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RemoteCloudWatchLogs:
    """Talks to the control interface of a ``python -m logspire.testing``.

    Its members mean what they mean in `LocalCloudWatchLogs`. Each is an HTTP request, and blocks.

    Args:
        endpoint_url: The one that the process printed.

    Raises:
        OSError: From every member, if nothing answers there.
        ValueError: From every member, with what the service says is wrong with the arguments.
    """

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url: str = endpoint_url.rstrip("/")

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call so far."""
        return tuple(Call(**fields) for fields in self._get("calls"))

    @property
    def summary(self) -> Summary:
        """The calls so far in numbers."""
        return Summary(**self._get("summary"))

    @property
    def refused(self) -> int:
        """How many calls did not get what they asked for."""
        return sum(self.summary.refused.values())

    def events(self, group: str, stream: str) -> list[Event]:
        """The events of a stream, in the order in which they arrived."""
        return [Event(*fields) for fields in self._get("events", group=group, stream=stream)]

    def messages(self, group: str, stream: str) -> list[str]:
        """The texts of `events`."""
        return [event.message for event in self.events(group, stream)]

    def wait_for(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Wait until something is true; looked at again after every call to the service."""
        deadline = time.monotonic() + timeout
        known = self._get("wait")["calls"]
        while not predicate():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            known = self._get("wait", calls=known, timeout=left_s)["calls"]
        return True

    def misbehave(self, kind: str, **details: Any) -> None:
        """From now on, misbehave. Takes the arguments of `LocalCloudWatchLogs.misbehave`."""
        self._post("misbehave", kind=kind, **details)

    def behave(self) -> None:
        """Stop every misbehaviour."""
        self._post("behave")

    def reset(self) -> None:
        """Forget everything."""
        self._post("reset")

    def _get(self, action: str, **arguments: str | float) -> Any:
        return self._request(f"{action}?{urlencode(arguments)}", None)

    def _post(self, action: str, **arguments: object) -> None:
        self._request(action, json.dumps(arguments).encode())

    def _request(self, path: str, body: bytes | None) -> Any:
        url = self.endpoint_url + PREFIX + path
        request = urllib.request.Request(url, data=body)  # noqa: S310 -- the URL that it printed
        try:
            with _opener.open(request, timeout=_TIMEOUT_S) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(json.load(error)["message"]) from None
