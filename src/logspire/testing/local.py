"""The service as a Python object: start it, point a program at it, ask what arrived."""

from __future__ import annotations

import threading
import time
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

from logspire.testing import control
from logspire.testing.model import service_model
from logspire.testing.records import Call, Event, Summary
from logspire.testing.server import Server
from logspire.testing.service import Reply, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from mypy_boto3_logs import CloudWatchLogsClient
    from typing_extensions import Self

    from logspire.testing.signature import SignedRequest

DEFAULT_REGION = "us-east-1"
DEFAULT_CREDENTIALS: Mapping[str, str] = {"testing": "testing"}
#: The service closes idle connections after about this many seconds, as callers report.
DEFAULT_IDLE_TIMEOUT_S = 6.0
_LAST_PORT = 65_535


class LocalCloudWatchLogs:
    """A strict CloudWatch Logs on a port of this machine, for tests.

    A context manager: it serves from ``__enter__`` to ``__exit__``, from threads of its own.
    Starting takes a few milliseconds. All methods may be called from any thread, and before and
    after the service runs too. A forked child must not use its copy.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        region: Region that callers must sign for.
        credentials: Secret keys by access key. Callers must sign with one of them.
        verify_signatures: ``False`` takes calls unsigned, or signed by anybody.
        clock: Returns the service's time, in milliseconds since 1970 UTC. It decides what is too
            old or too new; signatures are checked against the real time.
        idle_timeout: Seconds after which the service closes a silent connection, as the real one
            does; ``None`` for never.
        random: Decides misbehaviour with a probability; a fixed seed unless given.
        verbose: Print each request to stderr.

    Raises:
        ValueError: Naming the argument and what is allowed.
        OSError: From ``__enter__``, if the port is taken.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        region: str = DEFAULT_REGION,
        credentials: Mapping[str, str] = DEFAULT_CREDENTIALS,
        verify_signatures: bool = True,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        idle_timeout: float | None = DEFAULT_IDLE_TIMEOUT_S,
        random: Random | None = None,
        verbose: bool = False,
    ) -> None:
        if not region:
            raise ValueError("region must not be empty")
        if not 0 <= port <= _LAST_PORT:
            raise ValueError(f"port must be from 0 to {_LAST_PORT}; was {port!r}")
        if not credentials or not all(key and secret for key, secret in credentials.items()):
            raise ValueError("credentials must hold at least one access key with its secret")
        if idle_timeout is not None and not idle_timeout > 0:
            raise ValueError(f"idle_timeout must be over 0, or None; was {idle_timeout!r}")
        self.region = region
        self.credentials: dict[str, str] = dict(credentials)
        self._address = (host, port)
        self._idle_timeout_s = idle_timeout
        self._verbose = verbose
        self._server: Server | None = None
        self._endpoint_url = ""
        self._service = Service(
            region=region,
            secrets=self.credentials,
            verify_signatures=verify_signatures,
            clock=clock,
            random=random or Random(0),  # noqa: S311 -- for tests that repeat, not for secrets
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start to serve. After a `stop` it comes back on the same port, and remembers all.

        Raises:
            OSError: If the port is taken.
        """
        if self._server is not None:
            return
        # Now, not at the first call: reading it makes botocore log, which could reach the handler
        # under test, from a thread of the service.
        service_model()
        self._server = Server(
            self._address,
            self._answer,
            idle_timeout_s=self._idle_timeout_s,
            verbose=self._verbose,
        )
        self._address = (self._address[0], self._server.server_port)
        self._endpoint_url = f"http://{self._address[0]}:{self._address[1]}"
        self._server.start()

    def stop(self) -> None:
        """Stop to serve: every connection is closed, hanging calls end. Waits for the threads."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _answer(self, incoming: SignedRequest, peer_port: int) -> Reply:
        if incoming.target.startswith(control.PREFIX):
            return control.answer(self._service, incoming)
        if incoming.method != "POST":
            body = b'{"__type": "UnknownOperationException", "message": "Only POST is known"}'
            return Reply(405, body)
        return self._service.answer(incoming, peer_port)

    @property
    def endpoint_url(self) -> str:
        """For ``endpoint_url=`` of a boto3 client.

        Raises:
            RuntimeError: If the service was never started.
        """
        if not self._endpoint_url:
            raise RuntimeError(
                "the service has no address yet: start it, or use it in a with statement"
            )
        return self._endpoint_url

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that point an unchanged program at this service."""
        access_key, secret = next(iter(self.credentials.items()))
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret,
        }

    def client(self, **keywords: Any) -> CloudWatchLogsClient:
        """An ordinary botocore client for this service.

        Args:
            keywords: For botocore's ``create_client``, over those that point it here.
        """
        access_key, secret = next(iter(self.credentials.items()))
        defaults = {
            "endpoint_url": self.endpoint_url,
            "region_name": self.region,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret,
        }
        # A port of this machine is reached without a proxy, whatever the environment says.
        keywords["config"] = Config(proxies={}).merge(keywords.get("config") or Config())
        with _session_lock:
            client = _botocore_session().create_client("logs", **{**defaults, **keywords})
        return cast("CloudWatchLogsClient", client)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call so far, in the order in which they were decided."""
        with self._service.changed:
            return tuple(self._service.calls)

    @property
    def summary(self) -> Summary:
        """The calls so far in numbers."""
        return Summary.of(self.calls)

    @property
    def refused(self) -> int:
        """How many calls did not get what they asked for, misbehaviour included."""
        return sum(call.refused for call in self.calls)

    def events(self, group: str, stream: str) -> list[Event]:
        """The events of a stream, in the order in which they arrived.

        Returns:
            Nothing if there is no such group or stream.
        """
        return self._service.events(group, stream)

    def messages(self, group: str, stream: str) -> list[str]:
        """The texts of `events`."""
        return [event.message for event in self.events(group, stream)]

    def wait_for(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Wait until something is true of the service; looked at again after every call.

        Args:
            predicate: Must not wait for anything itself.
            timeout: Seconds.

        Returns:
            Whether it became true in time.
        """
        with self._service.changed:
            return bool(self._service.changed.wait_for(predicate, timeout))

    def misbehave(
        self,
        kind: str,
        *,
        operation: str | Iterable[str] | None = None,
        times: int | None = None,
        probability: float = 1.0,
        seconds: float | None = None,
        error: str | None = None,
        status: int | None = None,
        message: str | None = None,
        text: str | None = None,
    ) -> None:
        """From now on, misbehave. Several may be on: a call meets the first that applies to it.

        Args:
            kind: Such as ``"throttle"``; an unknown one raises an error that names all.
            operation: Name or names of the operations that meet it; all, unless given.
            times: How many calls meet it; for ever, unless given.
            probability: How likely such a call meets it, over 0 and at most 1.
            seconds: The delay for ``"slow"``; the end of the silence for ``"hang"``.
            error: Error name for ``"error"``.
            status: HTTP status for ``"error"``.
            message: Text of the error, for the kinds that answer with one.
            text: For ``"poison"``: what a log event must hold for its batch to be refused.

        Raises:
            ValueError: Naming the argument and what is allowed.
        """
        self._service.faults.misbehave(
            kind,
            operation=operation,
            times=times,
            probability=probability,
            seconds=seconds,
            error=error,
            status=status,
            message=message,
            text=text,
        )

    def behave(self) -> None:
        """Stop every misbehaviour. A call that hangs already goes on hanging."""
        self._service.faults.clear()

    def reset(self) -> None:
        """Forget everything: groups, events, calls, misbehaviours."""
        self._service.forget()


#: A botocore session makes its parts when it first needs them, and is not thread-safe in that.
_session_lock = threading.Lock()


@lru_cache(maxsize=1)
def _botocore_session() -> botocore.session.Session:
    """One for all clients: each would read the service model again, which takes 100 ms."""
    return botocore.session.Session()
