"""Answers that a service, a proxy or a broken cable may give: strategies for Hypothesis."""

import gzip
import json
import zlib
from typing import Any

from fuzz.raw_server import Answer
from hypothesis import strategies as st

CODES = (
    "ThrottlingException", "ResourceNotFoundException", "InvalidParameterException",
    "DataAlreadyAcceptedException", "ExpiredTokenException", "AccessDeniedException",
    "OperationAbortedException", "ResourceAlreadyExistsException", "SerializationException",
    "RequestEntityTooLargeException", "InternalFailure", "404", "", "Nonsense",
)  # fmt: skip
# Those that http.client, urllib3 or botocore treat in a way of their own, and some that nobody has.
STATUSES = (
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 226, 299, 300, 301, 302, 304, 307, 308,
    400, 401, 403, 404, 407, 408, 413, 415, 429, 431, 500, 501, 502, 503, 504, 599, 600, 999,
)  # fmt: skip

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([2**31, -(2**63), 10**400, 0.5, float("nan"), float("inf")]),
    st.text(max_size=6),
    st.sampled_from(CODES),
)
anything: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
rejections = st.one_of(
    anything,
    st.dictionaries(
        st.sampled_from(
            ["tooOldLogEventEndIndex", "expiredLogEventEndIndex", "tooNewLogEventStartIndex", "x"]
        ),
        anything,
    ),
)
# What the service says when it has stored the events, and the like.
successes = st.fixed_dictionaries(
    {},
    optional={
        "rejectedLogEventsInfo": rejections,
        "rejectedEntityInfo": anything,
        "nextSequenceToken": anything,
        "ResponseMetadata": anything,
        "Error": anything,
    },
)
codes = st.sampled_from(CODES) | st.sampled_from(CODES).map(
    lambda code: f"com.amazonaws.logs#{code}:http://internal.amazon.com/"
)
errors = st.fixed_dictionaries(
    {"__type": codes | anything},
    optional={"message": anything, "Message": anything, "code": codes | anything},
)
texts = st.one_of(
    st.one_of(successes, errors, anything).map(json.dumps),
    st.sampled_from(
        [
            "",
            " ",
            "null",
            "<html><body>502 Bad Gateway</body></html>",
            "[" * 100_000,
            '{"a":' * 100_000,
            '{"rejectedLogEventsInfo": {"tooOldLogEventEndIndex": ' + "9" * 5000 + "}}",
            '{"a": "\\ud800"}',
            '{"a": 1} trailing',
        ]
    ),
)
bodies = st.one_of(
    texts.map(str.encode),
    texts.map(lambda text: text.encode("utf-16")),
    texts.map(lambda text: b"\xef\xbb\xbf" + text.encode()),
    texts.map(lambda text: text.encode()[: len(text) // 2]),
    texts.map(lambda text: gzip.compress(text.encode())),
    texts.map(lambda text: zlib.compress(text.encode())),
    st.binary(max_size=40),
)
chunk_sizes = st.sampled_from([b"%x", b"%x;ext=1", b"-%x", b"%xffffffff", b"0x%x", b"", b"zz"])
odd_headers = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"Content-Encoding: gzip",
                b"Content-Encoding: deflate, br",
                b"Content-Type: text/html; charset=nonsense",
                b"Location: http://127.0.0.1:1/",
                b"Location: nowhere",
                b"Retry-After: -1",
                b"Connection: upgrade",
                b"Date: yesterday",
                b"x-amzn-RequestId: 1",
                b"X-Amzn-Errortype: ",
                b"x-amz-crc32: 1",
                b"no colon",
                b": no name",
                b"A: " + b"a" * 70_000,
                b"A: b\r\n folded",
            ]
        ),
        codes.map(lambda code: b"x-amzn-query-error: " + code.encode() + b";Sender"),
        codes.map(lambda code: b"x-amzn-query-error: " + code.encode()),
        codes.map(lambda code: b"X-Amzn-Errortype: " + code.encode()),
        st.binary(max_size=12),
    ),
    max_size=3,
)
ends = st.sampled_from(["close"] * 12 + ["reset", "keep", "keep"])


@st.composite
def http_answers(draw: st.DrawFn) -> Answer:
    """Something that begins like an answer: status, headers, body, none of them to be trusted."""
    status = draw(st.one_of(st.just(200), st.sampled_from(STATUSES)))
    body = draw(bodies)
    end = draw(ends)
    headers = draw(odd_headers)
    framing = draw(st.sampled_from(["length"] * 4 + ["lie", "chunked", "none"]))
    payload = body
    if framing == "length":
        headers.append(b"Content-Length: %d" % len(body))
    elif framing == "lie":
        told = draw(st.sampled_from([b"0", b"1", b"-1", b"", b"one", b"999999", b"1, 2", b"2"]))
        headers.append(b"Content-Length: " + told)
    elif framing == "chunked":
        headers.append(b"Transfer-Encoding: chunked")
        size = draw(chunk_sizes)
        head = size % len(body) if b"%" in size else size
        payload = head + b"\r\n" + body + draw(st.sampled_from([b"\r\n0\r\n\r\n", b"\r\n", b""]))
    version = draw(st.sampled_from([b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/0.9", b"HTTP/3", b"X"]))
    head = b"\r\n".join([b"%s %d Odd" % (version, status), *headers])
    data = head + b"\r\n\r\n" + payload
    before = draw(st.sampled_from([b""] * 8 + [b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n"]))
    return Answer(before + data, end, is_genuine=status == 200 and _says_stored(body, headers))


def _says_stored(body: bytes, headers: list[bytes]) -> bool:
    """Whether it may be taken for an answer of the service, if it arrives as it is."""
    if not body:
        return b"x-amzn-RequestId: 1" in headers
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and "__type" not in answer  # that would be an error


no_answers = st.builds(
    Answer,
    st.binary(max_size=30) | st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK"]),
    st.sampled_from(["close", "reset"]),
)
answers = st.one_of(http_answers(), http_answers(), http_answers(), no_answers)
