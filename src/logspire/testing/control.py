"""The control interface: what the Python object offers, over HTTP for another process.

Everything is under ``/_logspire/`` and unsigned, JSON both ways. ``GET`` reads (``summary``,
``calls``, ``events``, ``wait``), ``POST`` acts (``misbehave``, ``behave``, ``reset``).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from logspire.testing.errors import ServiceError
from logspire.testing.records import Call, Summary
from logspire.testing.service import Reply, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from logspire.testing.signature import SignedRequest

PREFIX = "/_logspire/"
_MAX_WAIT_S = 60.0

Arguments = dict[str, Any]


def answer(service: Service, incoming: SignedRequest) -> Reply:
    """Answer a request whose path starts with `PREFIX`."""
    url = urlsplit(incoming.target)
    action = ACTIONS.get((incoming.method, url.path.removeprefix(PREFIX)))
    if action is None:
        known = ", ".join(f"{method} {PREFIX}{name}" for method, name in ACTIONS)
        return _reply(404, {"message": f"Known are {known}"})
    try:
        arguments = dict(parse_qsl(url.query))
        if incoming.body:
            arguments.update(json.loads(incoming.body))
        return _reply(200, action(service, arguments))
    except (ValueError, TypeError, KeyError) as error:
        return _reply(400, {"message": str(error)})
    except ServiceError as error:
        return _reply(error.status, {"__type": error.code, "message": error.message})


def _reply(status: int, body: object) -> Reply:
    return Reply(status, json.dumps(body).encode(), "application/json")


def call_to_json(call: Call) -> dict[str, Any]:
    """A call as JSON. Log events become plain dicts again."""
    fields = dict(vars(call))
    fields["request"] = dict(call.request)
    if "logEvents" in fields["request"]:
        fields["request"]["logEvents"] = list(fields["request"]["logEvents"])
    return fields


def _summary(service: Service, _: Arguments) -> Mapping[str, Any]:
    with service.changed:
        return asdict(Summary.of(service.calls))


def _calls(service: Service, arguments: Arguments) -> list[dict[str, Any]]:
    with service.changed:
        calls = service.calls[int(arguments.get("start", 0)) :]
    return [call_to_json(call) for call in calls]


def _events(service: Service, arguments: Arguments) -> list[tuple[int, str, int]]:
    return list(service.events(arguments["group"], arguments["stream"]))


def _wait(service: Service, arguments: Arguments) -> dict[str, int]:
    """Wait until there are more calls than the caller knows; answers with their number."""
    known = int(arguments.get("calls", 0))
    timeout_s = min(float(arguments.get("timeout", 0)), _MAX_WAIT_S)
    with service.changed:
        service.changed.wait_for(lambda: len(service.calls) != known, timeout_s)
        return {"calls": len(service.calls)}


def _misbehave(service: Service, arguments: Arguments) -> dict[str, str]:
    service.faults.misbehave(**arguments)
    return {}


def _behave(service: Service, _: Arguments) -> dict[str, str]:
    service.faults.clear()
    return {}


def _reset(service: Service, _: Arguments) -> dict[str, str]:
    service.forget()
    return {}


ACTIONS: Mapping[tuple[str, str], Callable[[Service, Arguments], object]] = {
    ("GET", "summary"): _summary,
    ("GET", "calls"): _calls,
    ("GET", "events"): _events,
    ("GET", "wait"): _wait,
    ("POST", "misbehave"): _misbehave,
    ("POST", "behave"): _behave,
    ("POST", "reset"): _reset,
}
