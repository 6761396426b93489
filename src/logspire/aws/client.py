"""Where the client comes from, and when: at the first call, in the thread that makes it."""

from __future__ import annotations

import contextlib
import os
import threading
from threading import Lock  # once for all: see logspire.delivery.threads

from logspire._version import __version__
from logspire.aws import hooks
from logspire.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

CONNECT_TIMEOUT_S: Final = 5.0
# Read time-outs near the end of a process, in seconds: steps, as each takes another client.
_HURRIED_TIMEOUTS_S: Final = (10.0, 5.0, 2.0, 1.0, 0.5)
# A call that takes longer is taken for lost, and its events are sent again: not too short, or a
# slow service would store everything twice.
READ_TIMEOUT_S: Final = 20.0


class ClientOptions(Value):
    """What the user said about the client; see ``CloudWatchLogHandler``."""

    client: Any = None
    session: Any = None
    profile_name: str | None = None
    region_name: str | None = None
    endpoint_url: str | None = None


class ClientSource:
    """Makes the client lazily, once, for all threads.

    A client that the user passed in is used as it is.
    """

    def __init__(self, options: ClientOptions) -> None:
        self._options = options
        self._lock = Lock()
        self._client: Any = None
        self.is_own = options.client is None
        """Whether the client is made here."""
        self._longest_wait_s = READ_TIMEOUT_S
        self._forked = False

    def get(self) -> Any:
        """Return the client; imports botocore and makes it if there is none.

        Raises:
            TimeoutError: another thread is still waiting for credentials.
            Exception: whatever botocore raises for a missing region, profile or library.
        """
        # Not for ever: credentials may hang, and this may be the main thread, at exit.
        lock = self._lock
        if not lock.acquire(timeout=self._longest_wait_s):
            raise TimeoutError("there is no client yet: credentials take too long")
        try:
            if self._client is None:
                self._client = self._make() if self.is_own else self._take_theirs()
                hooks.install(self._client)
            return self._client
        finally:
            lock.release()

    def renew(self, failed: Any) -> None:
        """Make a new client for the next call, which looks for credentials and region again.

        Args:
            failed: the client that was not let in; if another thread has made a new one since,
                that one stays.
        """
        with self._lock_if_free() as locked:
            if locked and self._client is failed:
                self._client = None

    def limit_wait(self, seconds: float) -> None:
        """Let calls of clients made from now on give up after about ``seconds``."""
        step = next((s for s in _HURRIED_TIMEOUTS_S if s <= seconds), _HURRIED_TIMEOUTS_S[-1])
        if step < self._longest_wait_s:
            self._longest_wait_s = step
            with self._lock_if_free() as locked:
                if locked:
                    self._client = None

    def close(self) -> None:
        """Close idle connections of our own client; it stays usable."""
        with self._lock_if_free() as locked:
            if locked and self._client is not None and self.is_own:
                self._client.close()

    @contextlib.contextmanager
    def _lock_if_free(self) -> Iterator[bool]:
        """Take the lock unless a client is being made at this moment, which may take for ever."""
        lock = self._lock
        locked = lock.acquire(blocking=False)
        try:
            yield locked
        finally:
            if locked:
                lock.release()

    def after_fork_in_child(self) -> None:
        """Do not share connections, nor locks that a thread of the parent held, with the parent."""
        self._lock = Lock()
        self._client = None
        self._forked = True

    def _take_theirs(self) -> Any:
        client = self._options.client
        if self._forked and hasattr(client, "close"):
            # Only drops the connections, which the parent goes on using: two processes that talk
            # on one socket would read each other's answers. The next call opens new ones.
            client.close()
        return client

    def _make(self) -> Any:
        with _importing_for(self._longest_wait_s):
            _set_up_sdk()
            session = self._options.session or new_session(self._options)
        # The part that may take long, as it may call a program or a service: outside of the lock
        # that other handlers and `fork` wait for. The session remembers what it found; it would
        # look again if that was nothing.
        find = getattr(session, "get_credentials", None)  # all that boto3 makes have it
        if find is not None and find() is None:
            raise _no_credentials()
        with _importing_for(self._longest_wait_s):
            return self._make_from(session)

    def _make_from(self, session: Any) -> Any:
        from botocore.config import Config  # noqa: PLC0415

        config = Config(
            connect_timeout=min(CONNECT_TIMEOUT_S, self._longest_wait_s),
            read_timeout=self._longest_wait_s,
            # Our own retries rule: they know what is worth it, and when the process ends.
            retries={"total_max_attempts": 1, "mode": "standard"},
            # Our batches are valid already, and checking 10 000 events takes as long as sending.
            parameter_validation=False,
            user_agent_extra=f"logspire/{__version__}",
        )
        make = session.client if self._options.session is not None else session.create_client
        where = {
            "region_name": self._options.region_name,
            "endpoint_url": self._options.endpoint_url,
        }
        return make("logs", config=config, **where)


def _set_up_sdk() -> None:
    # Imported here, not above: it takes a quarter of a second, and `import logspire` a fraction of
    # that. And botocore, not boto3: that would pull in concurrent.futures, which cannot be imported
    # any more once the interpreter ends (its thread pools want to be told), so a program that logs
    # and leaves would lose everything.
    import encodings.idna  # noqa: F401, PLC0415 - the first call would, outside of the lock

    from botocore.httpsession import create_urllib3_context  # noqa: PLC0415

    create_urllib3_context()  # OpenSSL sets itself up, under locks of its own


def new_session(options: ClientOptions) -> Any:
    """Return a botocore session, as the client is made from; it reads no file before it must."""
    import botocore.session  # noqa: PLC0415

    # A session of our own: boto3's default one must not be used by two threads at once, and the
    # application may be using it at this moment.
    session = botocore.session.Session(profile=options.profile_name)
    if options.region_name is not None:
        # Also for STS, where a role is assumed: that happens before there is a client.
        session.set_config_variable("region", options.region_name)
    session.register_component("data_loader", _shared_loader(session))
    providers = session.get_component("credential_provider")  # made here, asked later
    for provider in providers.providers:
        if hasattr(provider, "_prompter"):
            provider._prompter = _refuse_code  # noqa: SLF001 - there is no public way
    return session


def _refuse_code(_prompt: str) -> str:
    # botocore would ask on the terminal, its echo turned off, from a thread in the background.
    raise PermissionError("the profile has mfa_serial: a handler cannot ask for a code")


def _no_credentials() -> Exception:
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415

    return NoCredentialsError()


# What botocore reads the service model with, by AWS_DATA_PATH. It keeps what it has read: 10 MB,
# and half a second to read them, once for all handlers. One thread at a time: see `_importing`.
_loaders: dict[str | None, Any] = {}


def _shared_loader(session: Any) -> Any:
    from botocore.loaders import create_loader  # noqa: PLC0415

    data_path = session.get_config_variable("data_path")
    if data_path not in _loaders:
        _loaders[data_path] = create_loader(data_path)
    return _loaders[data_path]


# A child that is forked while another thread imports finds the locks of half-imported modules, and
# those of OpenSSL, taken for good. So a fork waits until that is over: a fraction of a second.
_importing = threading.RLock()
_LONGEST_FORK_DELAY_S: Final = 3.0
_forking = threading.local()


@contextlib.contextmanager
def _importing_for(longest_wait_s: float) -> Iterator[None]:
    lock = _importing  # a fork in the block, by a signal handler, makes another
    if not lock.acquire(timeout=longest_wait_s):
        raise TimeoutError("there is no client yet: another handler is making one")
    try:
        yield
    finally:
        lock.release()


def _before_fork() -> None:
    _forking.waited = _importing.acquire(timeout=_LONGEST_FORK_DELAY_S)


def _after_fork_in_parent() -> None:
    if _forking.waited:
        _importing.release()


def _after_fork_in_child() -> None:
    global _importing  # noqa: PLW0603 - the old one may belong to a thread that is not here
    _importing = type(_importing)()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
