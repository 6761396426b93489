"""The one place where an exception of botocore becomes an outcome of ours."""

from __future__ import annotations

from logspire.core.retry import Outcome, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final


# Codes whose meaning is the same for every operation we call. Codes, not exception classes: half
# of them (ThrottlingException first of all) are not in the service model. Everything that is not
# here may work later.
_VERDICTS: Final = {
    "DataAlreadyAcceptedException": Verdict.DELIVERED,
    # A policy may allow some log streams and not others.
    "AccessDenied": Verdict.DENIED,
    "AccessDeniedException": Verdict.DENIED,
    "ResourceNotFoundException": Verdict.MISSING,
    "InvalidParameterException": Verdict.REFUSED,
    "ValidationException": Verdict.REFUSED,
    "SerializationException": Verdict.REFUSED,
    "RequestEntityTooLargeException": Verdict.REFUSED,
}
_TOO_LARGE_STATUS: Final = 413
# Whoever answers so may be satisfied by a client that reads its credentials again.
CREDENTIAL_CODES: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
# Raised without any call. Not a missing region or profile: then there is no client to renew.
_CREDENTIAL_ERRORS: Final = frozenset(
    {
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "TokenRetrievalError",
        "SSOError",
        "LoginError",
    }
)
# These very classes: ReadTimeoutError is an HTTPClientError too, but says that the service is slow.
_DISCONNECTED_ERRORS: Final = frozenset({"ConnectionClosedError", "HTTPClientError"})
_BAD_REQUEST_ERRORS: Final = frozenset({"ParamValidationError"})


def outcome_of(error: Exception) -> Outcome:
    """Return what an exception from a call means.

    Exceptions of botocore are told by class names, so that this module imports nothing heavy.
    """
    names = _class_names(error)
    detail = _on_one_line(f"{type(error).__name__}: {_without_header(str(error))}")
    if "ClientError" in names:
        # botocore's own words, without its note on retries, which are ours.
        said = _on_one_line(str(error)).replace(" (reached max retries: 0)", "")
        return Outcome(_verdict_of_answer(error), said)
    if type(error).__name__ in _DISCONNECTED_ERRORS:
        return Outcome(Verdict.DISCONNECTED, detail)
    if names & _BAD_REQUEST_ERRORS:
        return Outcome(Verdict.REFUSED, detail)
    return Outcome(Verdict.RETRY, detail)


def code_of(error: Exception) -> str:
    """Return the service's error code, ``""`` if the error is not an answer of the service."""
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    return str(response.get("Error", {}).get("Code", ""))


def status_of(error: Exception) -> int:
    """Return the HTTP status, 0 if the error is not an answer of the service."""
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return 0
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)


def is_about_credentials(error: Exception) -> bool:
    """Whether a new client, which looks for credentials again, may fare better."""
    if code_of(error) in CREDENTIAL_CODES:
        return True
    return not _CREDENTIAL_ERRORS.isdisjoint(_class_names(error))


def _without_header(words: str) -> str:
    """Leave out a header that ``http.client`` refused: a session token with a line end, say."""
    start, refused, _ = words.partition("Invalid header value")
    return f"{start}{refused}: a line end in the credentials?" if refused else words


def _on_one_line(words: str) -> str:
    """Escape what does not print: whoever answered may have put lines of their own into it."""
    if words.isprintable():
        return words
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in words)


def _class_names(error: Exception) -> set[str]:
    return {cls.__name__ for cls in type(error).__mro__}


def _verdict_of_answer(error: Exception) -> Verdict:
    if status_of(error) == _TOO_LARGE_STATUS:
        return Verdict.REFUSED
    return _VERDICTS.get(code_of(error), Verdict.RETRY)
