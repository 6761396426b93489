"""What a user may pass to the handler: each value is checked, the error says what is allowed."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

from logspire.aws.client import ClientOptions
from logspire.aws.logs import GroupOptions
from logspire.core import limits
from logspire.core.errors import InvalidTypeError, InvalidValueError, LogspireWarning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, TypeVar

    _T = TypeVar("_T")


# Room for the mark of a piece, "[12/34] ", and some text.
_SMALLEST_EVENT_BYTES: Final = 128
_SMALLEST_QUEUE_BYTES: Final = 4096
_LONGEST_S: Final = 366 * 86_400


def flag(keyword: str, value: Any) -> bool:
    """Return a truth value; strings such as ``"false"`` are refused rather than taken for true."""
    _check_type(keyword, value, bool, "True or False")
    return bool(value)


def choice(keyword: str, value: Any, allowed: Collection[_T]) -> _T:
    """Return one of the allowed values."""
    for candidate in allowed:
        if type(value) is type(candidate) and value == candidate:
            return candidate
    words = ", ".join(repr(candidate) for candidate in allowed)
    raise InvalidValueError(f"{keyword} must be one of {words}, not {value!r}")


def whole(keyword: str, value: Any, lowest: int, highest: int | None = None) -> int:
    """Return an integer within bounds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidTypeError(f"{keyword} must be an integer, not {_kind(value)}")
    if value < lowest or (highest is not None and value > highest):
        bounds = f"at least {lowest}" if highest is None else f"from {lowest} to {highest}"
        raise InvalidValueError(f"{keyword} must be {bounds}, not {value}")
    return int(value)


def seconds(keyword: str, value: Any) -> float:
    """Return a number of seconds, given as a number or a ``timedelta``."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not (isinstance(value, (int, float)) or _is_real(value)):
        raise InvalidTypeError(
            f"{keyword} must be a number of seconds or a timedelta, not {_kind(value)}"
        )
    number: float = value
    # Compared before it is made a float, for which an integer can be too large; and written so
    # that NaN is refused as well.
    if not 0 <= number <= _LONGEST_S:
        raise InvalidValueError(f"{keyword} must be 0 or more seconds, a year at most, not {value}")
    return float(number)


def level_number(keyword: str, value: Any) -> int:
    """Return a level, given as a number or a name."""
    number = logging.getLevelName(value) if isinstance(value, str) else value
    if isinstance(number, int) and not isinstance(number, bool):
        return int(number)
    error = InvalidValueError if isinstance(value, str) else InvalidTypeError
    raise error(f"{keyword} must be the name or number of a level, not {_kind(value)}")


def function(keyword: str, value: Any) -> Callable[..., Any] | None:
    """Return something that can be called, or ``None``."""
    if value is not None and not callable(value):
        raise InvalidTypeError(f"{keyword} must be callable, not {_kind(value)}")
    checked: Callable[..., Any] | None = value
    return checked


def log_group_name(value: Any) -> str:
    """Return the name of a log group."""
    name = _text("log_group_name", value)
    if len(name) > limits.LOG_GROUP_NAME_MAX_CHARS or not set(name) <= limits.LOG_GROUP_NAME_CHARS:
        raise InvalidValueError(
            "log_group_name must have 1 to 512 characters out of a-z A-Z 0-9 . - _ / #, "
            f"not {value!r}"
        )
    if name.startswith("aws/"):
        raise InvalidValueError(f"log_group_name must not start with aws/, as {value!r} does")
    return name


def entity(value: Any) -> dict[str, dict[str, str]] | None:
    """Return an entity for ``PutLogEvents``, or ``None``."""
    if value is None:
        return None
    _check_type("entity", value, Mapping, "a mapping")
    unknown = set(value) - {"keyAttributes", "attributes"}
    if unknown or "keyAttributes" not in value:
        raise InvalidValueError(
            "entity must have 'keyAttributes' and may have 'attributes', "
            f"not {sorted(map(str, value))}"
        )
    checked = {key: _string_mapping(f"entity[{key!r}]", value[key]) for key in value}
    keys = len(checked["keyAttributes"])
    if keys not in limits.ENTITY_KEY_ATTRIBUTES:
        raise InvalidValueError(f"entity['keyAttributes'] must have 2 to 4 entries, not {keys}")
    if len(checked.get("attributes", ())) > limits.ENTITY_ATTRIBUTES_MAX:
        raise InvalidValueError(
            f"entity['attributes'] must have at most {limits.ENTITY_ATTRIBUTES_MAX} entries"
        )
    return checked


def batch_limits(max_batch_size: Any, max_batch_count: Any, max_message_size: Any) -> limits.Limits:
    """Return the limits of the service, lowered to what the user wants."""
    service = limits.CLOUDWATCH_LOGS
    batch_bytes = whole(
        "max_batch_size", max_batch_size, _SMALLEST_EVENT_BYTES, service.batch_bytes
    )
    event_bytes = whole(
        "max_message_size", max_message_size, _SMALLEST_EVENT_BYTES, service.event_bytes
    )
    return limits.Limits(
        batch_bytes=batch_bytes,
        batch_count=whole("max_batch_count", max_batch_count, 1, service.batch_count),
        # An event that fits no batch could never leave.
        event_bytes=min(event_bytes, batch_bytes),
        overhead_bytes=service.overhead_bytes,
        span_ms=service.span_ms,
        age_ms=service.age_ms,
        ahead_ms=service.ahead_ms,
    )


def queue_bytes(value: Any) -> int:
    """Return the bound of the queue."""
    return whole("max_queue_size", value, _SMALLEST_QUEUE_BYTES)


def client(**given: Any) -> ClientOptions:
    """Return where the client comes from; refuse choices of which one would have to be ignored."""
    client, session = given["boto3_client"], given["boto3_session"]
    others = [name for name, value in given.items() if value is not None and name != "boto3_client"]
    if client is not None and others:
        raise InvalidValueError(
            f"boto3_client is complete in itself: leave out {', '.join(others)}"
        )
    if client is not None and not callable(getattr(client, "put_log_events", None)):
        raise InvalidTypeError(f"boto3_client must be a client for 'logs', not {_kind(client)}")
    if session is not None and not callable(getattr(session, "client", None)):
        raise InvalidTypeError(f"boto3_session must be a boto3 session, not {_kind(session)}")
    if session is not None and given["boto3_profile_name"] is not None:
        raise InvalidValueError("boto3_session has a profile already: leave out boto3_profile_name")
    url = _optional_text("endpoint_url", given["endpoint_url"])
    if url is not None and not url.startswith(("http://", "https://")):
        raise InvalidValueError(f"endpoint_url must start with http:// or https://, not {url!r}")
    return ClientOptions(
        client=client,
        session=session,
        profile_name=_optional_text("boto3_profile_name", given["boto3_profile_name"]),
        region_name=_optional_text("region_name", given["region_name"]),
        endpoint_url=url,
    )


def group(
    *,
    create_log_group: Any,
    create_log_stream: Any,
    log_group_retention_days: Any,
    log_group_tags: Any,
    log_group_kms_key_id: Any,
    log_group_class: Any,
    retention_of_existing: bool = False,
) -> GroupOptions:
    """Return what may be created, and how."""
    idle = {
        "log_group_retention_days": log_group_retention_days,
        "log_group_tags": log_group_tags,
        "log_group_kms_key_id": log_group_kms_key_id,
        "log_group_class": log_group_class,
    }
    if retention_of_existing:
        del idle["log_group_retention_days"]
    given = [name for name, value in idle.items() if value is not None]
    if given and create_log_group is False:
        message = f"no effect with create_log_group=False: {', '.join(given)}"
        warnings.warn(message, LogspireWarning, stacklevel=3)
    days, kind = log_group_retention_days, log_group_class
    return GroupOptions(
        create_group=flag("create_log_group", create_log_group),
        create_stream=flag("create_log_stream", create_log_stream),
        retention_days=None
        if days is None
        else choice("log_group_retention_days", days, limits.RETENTION_DAYS),
        tags=_tags(log_group_tags),
        kms_key_id=_optional_text("log_group_kms_key_id", log_group_kms_key_id),
        log_group_class=None
        if kind is None
        else choice("log_group_class", kind, limits.LOG_GROUP_CLASSES),
        retention_of_existing=retention_of_existing,
    )


def _tags(value: Any) -> dict[str, str] | None:
    """Return tags for a log group, or ``None``; the source is ``CreateLogGroup``."""
    if value is None:
        return None
    checked = _string_mapping("log_group_tags", value)
    if len(checked) > limits.TAGS_MAX:
        raise InvalidValueError(
            f"log_group_tags must have at most {limits.TAGS_MAX} tags, not {len(checked)}"
        )
    for key, word in checked.items():
        if not 1 <= len(key) <= limits.TAG_KEY_MAX_CHARS or len(word) > limits.TAG_VALUE_MAX_CHARS:
            raise InvalidValueError(
                f"log_group_tags must have keys of 1 to {limits.TAG_KEY_MAX_CHARS} and values of "
                f"at most {limits.TAG_VALUE_MAX_CHARS} characters, not {key!r}: {word!r}"
            )
    return checked


def _text(keyword: str, value: Any) -> str:
    """Return a string that is not empty."""
    _check_type(keyword, value, str, "a string")
    if not value:
        raise InvalidValueError(f"{keyword} must not be empty")
    return str(value)


def _optional_text(keyword: str, value: Any) -> str | None:
    """Return a string that is not empty, or ``None``."""
    return None if value is None else _text(keyword, value)


def _string_mapping(keyword: str, value: Any) -> dict[str, str]:
    _check_type(keyword, value, Mapping, "a mapping of strings to strings")
    for key, word in value.items():
        if not isinstance(key, str) or not isinstance(word, str):
            raise InvalidTypeError(f"{keyword} must map strings to strings, not {key!r}: {word!r}")
    return dict(value)


def _check_type(keyword: str, value: Any, kind: type, words: str) -> None:
    if not isinstance(value, kind):
        raise InvalidTypeError(f"{keyword} must be {words}, not {_kind(value)}")


def _is_real(value: Any) -> bool:
    """Return whether it is a fraction, say, or a number of NumPy."""
    from numbers import Real  # noqa: PLC0415 - nobody else needs it

    return isinstance(value, Real)


def _kind(value: Any) -> str:
    shown = f" {value!r}" if isinstance(value, (int, float, str)) else ""
    return type(value).__name__ + shown
