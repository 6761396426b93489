"""Credentials that expire: the handler goes on with the renewed ones, and nothing is lost."""

from __future__ import annotations

import json
import os
import sys
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from patience import PATIENCE_S

from logspire.testing import LocalCloudWatchLogs

from .situations import GROUP, Result, Situation, situations

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from logspire import CloudWatchLogHandler

pytestmark = pytest.mark.slow  # and the same on every Python

KEYS = {f"KEY{number}": "secret" for number in range(100)}
ROLE = "/latest/meta-data/iam/security-credentials/"


class Issuer:
    """Issues credentials over HTTP, as a container's agent and an instance's metadata do.

    Args:
        lifetime_s: seconds for which they are said to be good.
    """

    def __init__(self, lifetime_s: float) -> None:
        self._lifetime = timedelta(seconds=lifetime_s)
        self._lock = threading.Lock()
        self._key = 0
        self._revoked = False
        self.on_renewal: Callable[[], object] = lambda: None
        issuer = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path == ROLE  # which an instance asks for before the credentials
                self._answer("role" if name else issuer.issue())

            def do_PUT(self) -> None:
                self._answer("token for the metadata")

            def _answer(self, text: str) -> None:
                self.send_response(200)
                self.send_header("x-aws-ec2-metadata-token-ttl-seconds", "21600")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def issue(self) -> str:
        with self._lock:
            if self._revoked:
                self._key, self._revoked = self._key + 1, False
                self.on_renewal()
            expires = datetime.now(timezone.utc) + self._lifetime
        issued = {"AccessKeyId": f"KEY{self._key}", "SecretAccessKey": "secret"}
        until = {"Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return json.dumps({**issued, **until, "Token": "t", "Code": "Success", "Version": 1})

    def revoke(self) -> None:
        """Issue another key to whoever asks from now on."""
        with self._lock:
            self._revoked = True

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def make_issuer() -> Iterator[Callable[[float], Issuer]]:
    made: list[Issuer] = []

    def make(lifetime_s: float) -> Issuer:
        made.append(Issuer(lifetime_s))
        return made[-1]

    yield make
    for issuer in made:
        issuer.stop()


@pytest.fixture
def cloudwatch_logs() -> Iterator[LocalCloudWatchLogs]:
    """A service that knows all the keys that an issuer may come to issue."""
    with LocalCloudWatchLogs(credentials=KEYS) as service:
        yield service


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, Issuer], None]:
    """Makes an issuer the one place that credentials come from."""

    def choose(source: str, issuer: Issuer) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
            monkeypatch.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "config"))
        if source == "container":
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", issuer.url + "/credentials")
        elif source == "instance":
            monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", issuer.url)
            monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "30")  # not 1, on a busy machine
        else:
            ask = f"import urllib.request as u; print(u.urlopen('{issuer.url}/x').read().decode())"
            script = tmp_path / "ask.py"
            script.write_text(ask.replace('"Token"', '"SessionToken"'))
            config = f"[default]\ncredential_process = {sys.executable} {script}\n"
            (tmp_path / "config").write_text(config)

    return choose


@pytest.mark.parametrize("source", ["container", "instance", "process"])
def test_credentials_that_the_service_calls_expired_are_asked_for_again(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_issuer: Callable[[float], Issuer],
    make_handler: Callable[..., CloudWatchLogHandler],
    use: Callable[[str, Issuer], None],
    log: logging.Logger,
    source: str,
) -> None:
    issuer = make_issuer(3600)
    issuer.on_renewal = cloudwatch_logs.behave
    use(source, issuer)
    handler = make_handler()
    for number in range(300):
        if number in {100, 200}:
            issuer.revoke()  # first: who is refused at once must find the next key
            cloudwatch_logs.misbehave("expired_token")
        log.info("%d", number)
        if number % 50 == 0:
            assert handler.flush(PATIENCE_S), handler.stats()
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages(GROUP, "stream") == [str(number) for number in range(300)]
    refused = [c.access_key for c in cloudwatch_logs.calls if c.error == "ExpiredTokenException"]
    assert refused == ["KEY0", "KEY1"]
    assert cloudwatch_logs.calls[-1].access_key == "KEY2"


# Not those of an instance: the SDK takes them for good when they are about to expire, in case the
# metadata service is the one that fails.
@pytest.mark.parametrize("source", ["container", "process"])
@pytest.mark.parametrize("theirs", ["nothing", "boto3_session", "boto3_client"])
def test_credentials_about_to_expire_are_renewed_without_a_refused_call(
    cloudwatch_logs: LocalCloudWatchLogs,
    make_issuer: Callable[[float], Issuer],
    make_handler: Callable[..., CloudWatchLogHandler],
    use: Callable[[str, Issuer], None],
    log: logging.Logger,
    source: str,
    theirs: str,
) -> None:
    issuer = make_issuer(60)  # the SDK renews ten minutes before the end: at each call, that is
    use(source, issuer)
    given: dict[str, Any] = {}
    if theirs != "nothing":
        session = boto3.session.Session()
        given = {theirs: session if theirs == "boto3_session" else session.client("logs")}
    handler = make_handler(**given)
    for number in range(3):
        issuer.revoke()
        log.info("%d", number)
        assert handler.flush(PATIENCE_S), handler.stats()
    assert cloudwatch_logs.messages(GROUP, "stream") == [str(number) for number in range(3)]
    keys = [c.access_key for c in cloudwatch_logs.calls if c.events_stored]
    assert len(set(keys)) == 3
    assert set(cloudwatch_logs.summary.refused) == {"ResourceNotFoundException"}


FORKED = Situation(
    "credentials-expire-in-a-fork",
    """
    from logspire.testing import RemoteCloudWatchLogs
    issued = '{"Version": 1, "AccessKeyId": "testing", "SecretAccessKey": "testing"}'
    with open("ask.py", "w") as script:
        script.write(f"open('asked', 'a').write('x'); print({issued!r})")
    with open("config", "w") as config:
        config.write(f"[default]\\ncredential_process = {sys.executable} ask.py\\n")
    os.environ["AWS_CONFIG_FILE"] = "config"
    log.addHandler(make("{process_id}", send_interval=0.05))
    log.info("before")
    assert handlers[0].flush(100)
    RemoteCloudWatchLogs(os.environ["AWS_ENDPOINT_URL"]).misbehave("expired_token", times=6)
    child = os.fork()
    for number in range(100):
        log.info(number)
    delivered = handlers[0].flush(100)
    if not child:
        os._exit(0 if delivered else 1)
    _, status = os.waitpid(child, 0)
    with open("asked") as asked:
        leave(child=child, parent=os.getpid(), delivered=delivered, status=status,
              asked=len(asked.read()))
    """,
    environment={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@situations(FORKED)
def test_credentials_that_expire_at_a_fork_are_renewed_on_both_sides(result: Result) -> None:
    findings = result.findings
    assert (findings["delivered"], findings["status"]) == (True, 0)
    numbers = [str(number) for number in range(100)]
    assert result.stored[str(findings["parent"])] == ["before", *numbers]
    assert result.stored[str(findings["child"])] == numbers
    assert result.misbehaved == {"expired_token": 6}
    assert findings["asked"] > 2
