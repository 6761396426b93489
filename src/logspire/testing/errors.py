"""The one exception with which the service refuses a call."""

from __future__ import annotations


class ServiceError(Exception):
    """A call is refused: what the caller gets as ``__type``, ``message`` and HTTP status.

    Args:
        code: The error's name on the wire, such as ``ResourceNotFoundException``.
        message: A sentence for the person who reads the caller's traceback.
        status: HTTP status. Services that speak AWS JSON answer 400 to everything that is the
            caller's doing, refused credentials and throttling included.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid_parameter(message: str) -> ServiceError:
    """The service's answer to a value that breaks one of its rules."""
    return ServiceError("InvalidParameterException", message)


def malformed(message: str) -> ServiceError:
    """The service's answer to a body that it cannot read: not JSON, or a value of another type."""
    return ServiceError("SerializationException", message)


def not_found(what: str) -> ServiceError:
    """The service's answer when ``what`` ("log group", "log stream") is not there."""
    return ServiceError("ResourceNotFoundException", f"The specified {what} does not exist.")


def already_exists(what: str) -> ServiceError:
    """The service's answer when ``what`` ("log group", "log stream") is there already."""
    return ServiceError("ResourceAlreadyExistsException", f"The specified {what} already exists")
