"""A strict local CloudWatch Logs, to test programs that log to it.

It speaks the real protocol on a loopback port, so any client can talk to it. It refuses what the
real service refuses, can be told to misbehave, and tells what it received::

    with LocalCloudWatchLogs() as service:
        service.misbehave("throttle", operation="PutLogEvents", times=2)
        run_my_program(endpoint_url=service.endpoint_url)
        assert service.messages("my-group", "my-stream") == ["hello"]

``python -m logspire.testing`` runs it as a process of its own, and pytest has the fixture
``cloudwatch_logs``. It imports nothing from the rest of logspire: it is its judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logspire.testing.local import LocalCloudWatchLogs
    from logspire.testing.records import Call, Event, Summary
    from logspire.testing.remote import RemoteCloudWatchLogs

__all__ = ["Call", "Event", "LocalCloudWatchLogs", "RemoteCloudWatchLogs", "Summary"]

_HOMES = {
    "Call": "records",
    "Event": "records",
    "LocalCloudWatchLogs": "local",
    "RemoteCloudWatchLogs": "remote",
    "Summary": "records",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: every pytest run imports this package."""
    from importlib import import_module  # noqa: PLC0415 -- as said

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
