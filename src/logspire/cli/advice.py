"""What to do when something does not work, by what the SDK or the service said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from logspire.aws.errors import CREDENTIAL_CODES, code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from logspire.aws.exchanges import Exchange

NO_REGION: Final = "Pass --region-name, or set AWS_DEFAULT_REGION, or `region` in the profile."
NO_CREDENTIALS: Final = (
    "On AWS, give the instance, task, pod or function a role. Elsewhere run `aws configure` or "
    "`aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
)
CLOCK: Final = "Set the clock of this machine, best by NTP: the service refuses other signatures."
NOT_THE_SERVICE: Final = (
    "Something else answers at this address: a proxy, a login page of a network, or a wrong "
    "endpoint_url. Look at HTTPS_PROXY and NO_PROXY, and at the endpoint above."
)
NO_GROUP: Final = (
    "Create the log group, or let the handler do it: with logs:CreateLogGroup, and without "
    "--no-create-log-group."
)
NO_STREAM: Final = (
    "Name a log stream that exists with --log-stream-name, or let the handler create it: with "
    "logs:CreateLogStream, and without --no-create-log-stream."
)
KMS: Final = (
    "The key must exist, be enabled, be in the same region, and its policy must let "
    "logs.REGION.amazonaws.com use it: see the page about permissions."
)
ENTITY: Final = "See the entity of PutLogEvents in the API reference: Type and Name are required."
NOT_YET: Final = "It was stored. What is stored can be read some seconds later: look again."
NOT_NEEDED: Final = "Delivery does not need this permission: logs:GetLogEvents, for this log group."
UNSENT: Final = (
    "The call could not be made, or its answer not be read: look at the endpoint above, at "
    "HTTPS_PROXY and NO_PROXY, and for a line end in the credentials."
)
_NETWORK: Final = (
    "Check region or endpoint_url, network, firewall, DNS and proxies; in a VPC without internet "
    "access, the endpoint for com.amazonaws.REGION.logs."
)
_RENEW: Final = (
    "Renew the credentials: `aws sso login`, or assume the role again, or unset AWS_SESSION_TOKEN "
    "if it belongs to another key."
)
_SLOW: Final = "It takes long: give it more with --timeout, and look at machine and network."
_BY_HAND: Final = (
    "Run by hand what is to give the credentials, or look at its file: `aws sts "
    "get-caller-identity` finds them in the same way."
)
_WRONG_KEY: Final = (
    "The service does not know this key: it is mistyped, deleted or inactive, of another partition "
    "(aws-cn, aws-us-gov), or the region is not enabled for the account."
)

# By class: of botocore's exceptions, or of Python's.
_BY_CLASS: Final = {
    "ProfileNotFound": "Name a profile that is in the file, or unset AWS_PROFILE.",
    "ConfigParseError": "Correct the file: it must be INI, with a [section] before the first key.",
    "NoRegionError": NO_REGION,
    "InvalidRegionError": "The name of a region is such as eu-central-1.",
    "NoCredentialsError": NO_CREDENTIALS,
    "PartialCredentialsError": "Give both, the access key and the secret key.",
    "InvalidConfigError": "Correct the profile that it names.",
    "CredentialRetrievalError": _BY_HAND,
    "MetadataRetrievalError": "The credentials service does not answer: is there a role?",
    "MultiFactorError": (
        "A handler cannot ask for a code. Use credentials that need none, or put temporary ones "
        "into the environment: `aws configure export-credentials --format env`."
    ),
    "EndpointConnectionError": _NETWORK,
    "ConnectTimeoutError": _NETWORK,
    "ReadTimeoutError": f"The address takes connections but does not answer. {_NETWORK}",
    "ConnectionClosedError": f"Something closes the connection. {_NETWORK}",
    "ProxyConnectionError": "Look at HTTPS_PROXY, HTTP_PROXY and NO_PROXY: that proxy is used.",
    "SSLError": "Set AWS_CA_BUNDLE if a proxy has certificates of its own; check the clock.",
    "SSOError": "Run `aws sso login` with this profile.",
    "TokenRetrievalError": "Run `aws sso login` with this profile.",
    "LoginError": "Run `aws login` with this profile.",
}
# By step, where nothing better is known of the exception.
_BY_STEP: Final = {
    "configuration": "Look at the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name.",
    "credentials": _BY_HAND,
    "endpoint": (
        "The endpoint must be a URL: http:// or https://, a host, and perhaps a port. Not every "
        "region has one for AWS_USE_FIPS_ENDPOINT or AWS_USE_DUALSTACK_ENDPOINT."
    ),
    "connection": UNSENT,
}
_BY_CODE: Final = {
    # Not of CloudWatch Logs, whose denials are told by `on_denial`.
    "AccessDenied": (
        "The trust policy of the role must admit who assumes it; a user or a role needs a policy "
        "with sts:AssumeRole for it as well."
    ),
    "ExpiredToken": _RENEW,
    "ExpiredTokenException": _RENEW,
    "InvalidClientTokenId": _WRONG_KEY,
    "UnrecognizedClientException": _WRONG_KEY,
    "InvalidSignatureException": (
        "The secret key does not fit the access key, or the endpoint is of another region, or the "
        "clock is wrong: see above."
    ),
    "IncompleteSignature": "Look for blanks and line ends in the access key.",
    "MissingAuthenticationToken": NOT_THE_SERVICE,
    "MissingAuthenticationTokenException": NOT_THE_SERVICE,
    "RequestExpired": CLOCK,
    "UnknownOperationException": NOT_THE_SERVICE,
    "SignatureDoesNotMatch": "The secret key does not fit the access key.",
    "ThrottlingException": (
        "The account is at a limit of calls a second. The handler waits and tries again; look at "
        "the quotas of CloudWatch Logs."
    ),
    "LimitExceededException": "The account has as many of these as it may have: delete some.",
    "OptInRequired": "Enable the region for the account.",
}
_PASSES: Final = "This usually passes: try again. The handler waits and tries again."
_SERVER_ERROR: Final = 500
_TOO_MANY_REQUESTS: Final = 429


def on_no_region(environment: Mapping[str, str]) -> str:
    """Return what to do where no region was found."""
    if environment.get("AWS_DEFAULT_REGION") == "":
        return "AWS_DEFAULT_REGION is set, but empty, and so hides what the profile says: unset it."
    if environment.get("AWS_REGION"):
        return f"AWS_REGION is set, but boto3 does not read it. {NO_REGION}"
    return NO_REGION


def on_exception(error: Exception, step: str) -> str:
    """Return what to do about an exception that ended a step, ``""`` if nobody knows."""
    by_class = (_BY_CLASS.get(cls.__name__) for cls in type(error).__mro__)
    words = (_BY_CODE.get(code_of(error)), *by_class, _BY_STEP.get(step))
    return next(filter(None, words), "")


def on_answer(call: Exchange) -> str:
    """Return what to do about a call that failed."""
    if call.error is not None:
        return on_exception(call.error, "connection")
    is_another = call.code.isdigit() and call.status < _SERVER_ERROR
    if not call.is_service or is_another:
        return NOT_THE_SERVICE
    if "KMS" in call.message:
        return KMS
    if is_denial(call):
        return on_denial(call)
    if call.status >= _SERVER_ERROR and call.code not in _BY_CODE:
        return _PASSES
    unknown = f"Look for {call.code} of {call.operation} in the API reference of CloudWatch Logs."
    return _BY_CODE.get(call.code, unknown)


def is_denial(call: Exchange) -> bool:
    """Whether a call was refused for want of a permission."""
    return call.code in {"AccessDenied", "AccessDeniedException"}


def is_passing(call: Exchange) -> bool:
    """Whether the same call may do later: there were too many, or the service is not well."""
    is_throttled = call.status == _TOO_MANY_REQUESTS or "Throttl" in call.code
    return is_throttled or call.status >= _SERVER_ERROR


def is_about_credentials(call: Exchange) -> bool:
    """Whether a call was refused because of who signed it, or how."""
    return call.code in CREDENTIAL_CODES


def on_denial(call: Exchange) -> str:
    """Return what to do about a missing permission."""
    tagging = call.operation == "CreateLogGroup" and "tag" in call.message.lower()
    action = "TagResource" if tagging else call.operation
    option = " --read-back" if call.operation == "GetLogEvents" else ""
    return (
        f"Allow logs:{action} for this log group; "
        f"`python -m logspire policy{option}` prints what is needed."
    )


def on_hang(step: str) -> str:
    """Return what to do about a step that did not end in time."""
    if step == "credentials":
        return (
            "A metadata service, a credential_process or a token service does not answer: run it "
            "by hand. AWS_EC2_METADATA_DISABLED=true where there is no instance."
        )
    if step == "read_back":
        return NOT_YET
    return _NETWORK if step == "connection" else _SLOW
