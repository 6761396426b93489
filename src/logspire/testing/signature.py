"""AWS Signature Version 4, verified as the service does it.

Source: AWS IAM user guide, "Signature Version 4 signing process", and the answers
of the service as its callers report them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

from logspire.testing.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "logs"
MAX_SKEW = timedelta(minutes=5)
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_PART = re.compile(r"\s*([A-Za-z]+)=([^,\s]+)\s*")


@dataclass(frozen=True)
class SignedRequest:
    """What a signature covers.

    Attributes:
        method: HTTP method.
        target: Path and query as in the request line.
        headers: By lower-case name; repeated ones joined with a comma.
        body: As sent, that is before inflation.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class _Authorization:
    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def access_key(headers: Mapping[str, str]) -> str:
    """The access key that a request names, verified or not; empty if it names none."""
    found = re.search(r"Credential=([^/,\s]+)/", headers.get("authorization", ""))
    return found[1] if found else ""


def verify(
    request: SignedRequest, *, secrets: Mapping[str, str], region: str, now: datetime
) -> None:
    """Refuse a request that is not signed with one of the known secrets.

    Args:
        request: The request as it came.
        secrets: Secret keys by access key.
        region: The one region that signatures may be for.
        now: The time to hold the signature's date against, with a time zone.

    Raises:
        ServiceError: ``MissingAuthenticationTokenException``, ``IncompleteSignatureException``,
            ``UnrecognizedClientException`` or ``InvalidSignatureException``.
    """
    authorization = _parse(request.headers)
    secret = secrets.get(authorization.access_key)
    if secret is None:
        raise ServiceError(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    _check_date(request.headers["x-amz-date"], authorization, now)
    _check_scope(authorization, region)
    _check_coverage(request, authorization)
    expected = _sign(request, authorization, secret)
    if not hmac.compare_digest(expected, authorization.signature):
        raise _invalid(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method."
        )


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidSignatureException", message)


def _incomplete(message: str) -> ServiceError:
    return ServiceError("IncompleteSignatureException", message)


def _parse(headers: Mapping[str, str]) -> _Authorization:
    written = headers.get("authorization")
    if not written:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = written.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Unsupported AWS algorithm: {algorithm!r}")
    parts = {found[1]: found[2] for found in map(_PART.fullmatch, rest.split(",")) if found}
    missing = {"Credential", "SignedHeaders", "Signature"} - parts.keys()
    if missing:
        raise _incomplete(f"Authorization header requires {', '.join(sorted(missing))}")
    if "x-amz-date" not in headers:
        raise _incomplete("Authorization header requires existence of an 'X-Amz-Date' header")
    try:
        key, date, region, service, _ = parts["Credential"].rsplit("/", 4)
    except ValueError:
        raise _incomplete(f"Credential must have five parts: {parts['Credential']!r}") from None
    names = tuple(parts["SignedHeaders"].split(";"))
    return _Authorization(key, date, region, service, names, parts["Signature"])


def _check_date(written: str, authorization: _Authorization, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(written, _DATE_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        raise _incomplete(f"X-Amz-Date must be in ISO-8601 'basic format': {written!r}") from None
    if signed_at.strftime("%Y%m%d") != authorization.date:
        raise _invalid("Date in Credential scope does not match YYYYMMDD from X-Amz-Date")
    allowed = f"({now.strftime(_DATE_FORMAT)} +- 5 min.)"
    if signed_at < now - MAX_SKEW:
        raise _invalid(f"Signature expired: {written} is now earlier than {allowed}")
    if signed_at > now + MAX_SKEW:
        raise _invalid(f"Signature not yet current: {written} is still later than {allowed}")


def _check_scope(authorization: _Authorization, region: str) -> None:
    if authorization.service != SERVICE:
        raise _invalid(f"Credential should be scoped to correct service: '{SERVICE}'.")
    if authorization.region != region:
        raise _invalid(
            f"Credential should be scoped to a valid region, not '{authorization.region}'."
        )


def _check_coverage(request: SignedRequest, authorization: _Authorization) -> None:
    """The host and every ``x-amz-`` header must be signed, and the body be what was signed."""
    required = {"host", *(name for name in request.headers if name.startswith("x-amz-"))}
    unsigned = required - set(authorization.signed_headers)
    if unsigned:
        raise _invalid(f"Headers present but not signed: {', '.join(sorted(unsigned))}")
    absent = set(authorization.signed_headers) - request.headers.keys()
    if absent:
        raise _invalid(f"Headers signed but not present: {', '.join(sorted(absent))}")
    claimed = request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    if claimed not in {"UNSIGNED-PAYLOAD", hashlib.sha256(request.body).hexdigest()}:
        raise _invalid("X-Amz-Content-Sha256 does not match the body")


def _sign(request: SignedRequest, authorization: _Authorization, secret: str) -> str:
    canonical = hashlib.sha256(_canonical_request(request, authorization).encode()).hexdigest()
    date = request.headers["x-amz-date"]
    to_sign = f"{ALGORITHM}\n{date}\n{authorization.scope}\n{canonical}"
    key = b"AWS4" + secret.encode()
    for part in (*authorization.scope.split("/"), to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def _canonical_request(request: SignedRequest, authorization: _Authorization) -> str:
    url = urlsplit(request.target)
    pairs = parse_qsl(url.query, keep_blank_values=True)
    query = sorted((quote(key, safe="-_.~"), quote(value, safe="-_.~")) for key, value in pairs)
    headers = [
        f"{name}:{' '.join(request.headers[name].split())}\n"
        for name in authorization.signed_headers
    ]
    payload = request.headers.get("x-amz-content-sha256")
    return "\n".join(
        (
            request.method,
            quote(url.path or "/", safe="/-_.~%"),
            "&".join(f"{key}={value}" for key, value in query),
            "".join(headers),
            ";".join(authorization.signed_headers),
            payload or hashlib.sha256(request.body).hexdigest(),
        )
    )
