"""The protocol: compression, chunks, keep-alive, and requests that no client would send."""

import gzip
import http.client
import json
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from patience import PATIENCE_S

from logspire.testing import LocalCloudWatchLogs

Send = Callable[..., Any]


@pytest.fixture
def open_service() -> Iterator[LocalCloudWatchLogs]:
    """A service that takes unsigned calls."""
    with LocalCloudWatchLogs(verify_signatures=False) as service:
        yield service


@pytest.fixture
def connection(open_service: LocalCloudWatchLogs) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(
        urlsplit(open_service.endpoint_url).netloc, timeout=PATIENCE_S
    )
    yield connection
    connection.close()


def headers(operation: str) -> dict[str, str]:
    return {
        "X-Amz-Target": f"Logs_20140328.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }


def test_a_compressed_body_is_inflated(send: Send, service: LocalCloudWatchLogs) -> None:
    assert send("CreateLogGroup", {"logGroupName": "zipped"}, compress=True).status == 200
    assert service.calls[0].request == {"logGroupName": "zipped"}


@pytest.mark.parametrize(
    "body",
    [b"not gzip", gzip.compress(b"{}")[:-4], gzip.compress(b"{}") * 2],
    ids=["no header", "cut short", "two members"],
)
def test_a_body_that_is_not_gzip_is_refused(send: Send, body: bytes) -> None:
    answer = send("DescribeLogGroups", body=body, headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.code) == (400, "SerializationException")


def test_an_unknown_encoding_is_refused(send: Send) -> None:
    answer = send("DescribeLogGroups", headers={"Content-Encoding": "br"})
    assert answer.code == "SerializationException"


def test_a_body_that_inflates_without_end_is_refused(send: Send) -> None:
    answer = send("DescribeLogGroups", body=b" " * 17 * 1024 * 1024, compress=True)
    assert (answer.status, answer.code) == (413, "RequestEntityTooLargeException")


def test_a_body_over_the_bound_is_refused_unread(
    connection: http.client.HTTPConnection,
) -> None:
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(2**40))
    connection.endheaders()
    assert connection.getresponse().status == 413


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"\xff", b'{"limit": NaN}', b"[" * 100_000],
    ids=["cut short", "list", "no text", "NaN", "deep"],
)
def test_a_body_that_is_no_json_object_is_refused(send: Send, body: bytes) -> None:
    answer = send("DescribeLogGroups", body=body)
    assert (answer.status, answer.code) == (400, "SerializationException")


def test_another_content_type_is_refused(send: Send) -> None:
    answer = send("DescribeLogGroups", headers={"Content-Type": "application/json"})
    assert answer.code == "SerializationException"


@pytest.mark.parametrize("target", ["Logs_20140328.MakeCoffee", "DynamoDB.PutItem", ""])
def test_an_unknown_operation_is_refused(send: Send, target: str) -> None:
    answer = send("", headers={"X-Amz-Target": target})
    assert (answer.status, answer.code) == (400, "UnknownOperationException")


def test_an_unsigned_call_does_not_learn_what_is_wrong_with_its_body(send: Send) -> None:
    answer = send("DescribeLogGroups", body=b"{", credentials=None)
    assert answer.code == "MissingAuthenticationTokenException"


def test_members_that_the_model_does_not_know_are_ignored(send: Send) -> None:
    assert send("DescribeLogGroups", {"fromTheFuture": 1}).status == 200


def test_every_answer_has_a_request_id_of_its_own(send: Send, service: LocalCloudWatchLogs) -> None:
    ids = [send(operation).headers["x-amzn-RequestId"] for operation in ("DescribeLogGroups", "X")]
    assert ids == [call.request_id for call in service.calls]
    assert len(set(ids)) == 2


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_known(connection: http.client.HTTPConnection, method: str) -> None:
    connection.request(method, "/")
    response = connection.getresponse()
    assert response.status == 405
    assert (response.read() == b"") is (method == "HEAD")


def test_chunks_are_put_together(connection: http.client.HTTPConnection) -> None:
    chunks = iter([b'{"logGroupName":', b' "chunked"}'])
    connection.request("POST", "/", chunks, headers("CreateLogGroup"), encode_chunked=True)
    assert connection.getresponse().read() == b"{}"
    connection.request("POST", "/", b"{}", headers("DescribeLogGroups"))
    groups = json.load(connection.getresponse())["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["chunked"]


def test_a_caller_that_expects_100_continue_gets_it_before_its_body(
    open_service: LocalCloudWatchLogs,
) -> None:
    url = urlsplit(open_service.endpoint_url)
    with socket.create_connection(
        (str(url.hostname), int(url.port or 0)), timeout=PATIENCE_S
    ) as raw:
        raw.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\n"
            b"X-Amz-Target: Logs_20140328.DescribeLogGroups\r\n"
            b"Content-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert raw.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        raw.sendall(b"{}")
        assert raw.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_an_idle_connection_is_closed() -> None:
    with LocalCloudWatchLogs(idle_timeout=0.05) as service:
        url = urlsplit(service.endpoint_url)
        with socket.create_connection(
            (str(url.hostname), int(url.port or 0)), timeout=PATIENCE_S
        ) as raw:
            assert raw.recv(1) == b""


def test_a_caller_that_leaves_in_mid_body_is_not_recorded(
    open_service: LocalCloudWatchLogs, connection: http.client.HTTPConnection
) -> None:
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b"{")
    connection.close()
    connection.request("POST", "/", b"{}", headers("DescribeLogGroups"))
    assert connection.getresponse().status == 200
    assert len(open_service.calls) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_keep_connections_open(
    open_service: LocalCloudWatchLogs, connection: http.client.HTTPConnection
) -> None:
    connection.request("POST", "/", b"{}", headers("DescribeLogGroups"))
    connection.getresponse().read()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)  # lives until the parent has seen what it waits for
        os._exit(0)
    os.close(reading)
    open_service.stop()
    assert connection.sock.recv(1) == b""
    os.close(writing)
    os.waitpid(child, 0)
