"""What ``import watchtower`` finds after `logspire.install_as_watchtower`.

The names, keywords and attributes of watchtower 3.4.0, with Logspire behind them. For code that
cannot be changed; other code is better off with ``logspire`` itself. ``docs/migration.md`` goes
through it keyword by keyword.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Mapping

from logspire import handler
from logspire.core.errors import InvalidValueError, LogspireError, LogspireWarning
from logspire.core.limits import CLOUDWATCH_LOGS
from logspire.core.naming import legal_stream_name
from logspire.formatters import cloudwatch
from logspire.formatters.strict_json import StrictEncoder, free_name
from logspire.formatters.strict_json import describe as _json_serialize_default

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta
    from typing import Any, Final

__all__ = [
    "DEFAULT_LOG_STREAM_NAME",
    "CloudWatchLogFormatter",
    "CloudWatchLogHandler",
    "WatchtowerError",
    "WatchtowerWarning",
]

__version__ = "3.4.0"
"""The version of watchtower whose interface this is."""

DEFAULT_LOG_STREAM_NAME: Final = "{machine_name}/{program_name}/{logger_name}/{process_id}"
"""The template of a stream's name, unless one is given."""
_DEFAULT_LOG_GROUP_NAME: Final = "watchtower"
_MISSING: Final = object()

WatchtowerError = LogspireError
WatchtowerWarning = LogspireWarning

# Keywords of Logspire's own that each handler gets, unless it is given them. A reload keeps them.
_for_all: dict[str, Any] = globals().get("_for_all", {})


def install_as_watchtower(**keywords: Any) -> None:
    """Let ``import watchtower`` find Logspire, for code that cannot be changed.

    Call it before anything imports watchtower, which need not be installed. Once is enough for the
    process and its forked children; a second call only sets ``keywords`` anew.

    Args:
        **keywords: of `CloudWatchLogHandler`, but for those that watchtower has as well: what
            every handler that is made through watchtower gets, unless the code gives it.

    Raises:
        LogspireError: watchtower is imported already, so that some code uses it.
        ValueError: a keyword has a value that is not allowed, or is one of watchtower's.
        TypeError: a value is of the wrong type, or there is no such keyword.
    """
    this = sys.modules[__name__]
    there = sys.modules.get("watchtower", this)
    if there is not this:
        raise LogspireError(
            f"watchtower is imported already, from {getattr(there, '__file__', 'nowhere')}: "
            "call install_as_watchtower() before that"
        )
    handler.CloudWatchLogHandler(**keywords)  # which says what is wrong with them
    theirs = sorted(keywords.keys() & _WATCHTOWERS)
    if theirs:
        raise InvalidValueError(
            f"{', '.join(theirs)}: watchtower has that, so the code that makes a handler gives it"
        )
    _for_all.clear()
    _for_all.update(keywords)
    sys.modules["watchtower"] = this


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"Logspire stands in for watchtower {__version__} here and has no {name!r}; "
        f"it has {', '.join(__all__)}"
    )


class CloudWatchLogFormatter(cloudwatch.CloudWatchLogFormatter):
    """Formats text as text, mappings as JSON, in the shape that watchtower's formatter gives it.

    Args:
        *args: as in ``logging.Formatter``.
        json_serialize_default: what to make of a value that JSON does not know. ``None``: ISO 8601
            for dates, else ``repr``.
        add_log_record_attrs: names of attributes of the record, which become members beside those
            of the mapping, or beside ``msg`` where the message is text. An attribute that the
            record does not have is left out.
        **kwargs: as in ``logging.Formatter``.

    Both keywords are attributes as well, and may be changed at any time. ``fmt`` is for text alone.
    """

    # An attribute there, too.
    add_log_record_attrs: Iterable[str] | None = ()  # type: ignore[assignment]

    def __init__(
        self,
        *args: Any,
        json_serialize_default: Callable[[Any], Any] | None = None,
        add_log_record_attrs: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.json_serialize_default = json_serialize_default or _json_serialize_default
        if add_log_record_attrs is not None:
            self.add_log_record_attrs = add_log_record_attrs

    @property
    def json_serialize_default(self) -> Callable[[Any], Any]:
        """What to make of a value that JSON does not know."""
        return self._json.default

    @json_serialize_default.setter
    def json_serialize_default(self, function: Callable[[Any], Any]) -> None:
        self._json = StrictEncoder(function)

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of one log event. Leaves ``record`` as it is."""
        names = self.add_log_record_attrs or ()  # None says the same there
        message: Any = record.msg
        is_mapping = isinstance(message, Mapping)
        if not (names or is_mapping):
            return super().format(record)
        trouble = self._trouble(record)
        if not (names or trouble):
            return self._json.encode(message)
        # A copy, to add to: the mapping belongs to the application.
        members = dict(message) if is_mapping else {"msg": record.getMessage()}
        for name in names:
            value = self._attribute(record, name)
            if name != "msg" and value is not _MISSING:
                members[name] = value
        for name, text in trouble.items():
            members[name if name in names else free_name(name, members)] = text
        return self._json.encode(members)

    def _attribute(self, record: logging.LogRecord, name: str) -> Any:
        """Return an attribute, or what ``logging.Formatter`` would set."""
        if name == "asctime":
            return self.formatTime(record, self.datefmt)
        if name == "message":
            return str(record.msg) if isinstance(record.msg, Mapping) else record.getMessage()
        return getattr(record, name, _MISSING)


class _Given:
    """An attribute that tells what the constructor was given; setting it later changes nothing."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        if instance is None:
            return self
        try:
            return vars(instance)[self._name]
        except KeyError:
            raise AttributeError(self._name) from None

    def __set__(self, instance: object, value: object) -> None:
        attributes = vars(instance)
        if attributes.get("_is_made") and value != attributes[self._name]:
            _warn(f"assigning {self._name} has no effect: the constructor takes it")
        attributes[self._name] = value


# For type checkers an attribute of the type that stands beside it.
_given: Any = _Given

# Of watchtower's own methods: what a subclass makes of them would not be heard of.
_NEVER_CALLED: Final = frozenset(
    {
        "_dequeue_batch",
        "_ensure_log_group",
        "_get_log_group_arn",
        "_get_machine_name",
        "_idempotent_call",
        "_init_state",
        "_paginate",
        "_size",
        "_submit_batch",
        "_tag_log_group",
        "_truncate",
    }
)


class CloudWatchLogHandler(handler.CloudWatchLogHandler):
    """`logspire.CloudWatchLogHandler` with the constructor and the attributes of watchtower's.

    Args:
        log_group_name: name of the log group.
        log_stream_name: template of the stream's name, in which ``{program_name}`` is the whole of
            ``sys.argv[0]`` without colons. An empty one stands for the default.
        use_queues: ``False`` delivers within the logging call.
        send_interval: seconds (or a ``timedelta``) that a record waits for company at the longest.
        max_batch_size: bytes of one call.
        max_batch_count: events of one call.
        boto3_client: a client to use as it is.
        boto3_profile_name: a profile to make the client from.
        create_log_group: create a missing group.
        log_group_tags: tags of a group that this handler creates.
        json_serialize_default: for dict messages.
        log_group_retention_days: retention of the group, also of one that exists.
        create_log_stream: create a missing stream.
        max_message_size: bytes of one event, 26 bytes of overhead included.
        log_group: old name of ``log_group_name``.
        stream_name: old name of ``log_stream_name``.
        level: as in ``logging.Handler``.
        **keywords: any other of `logspire.CloudWatchLogHandler`.

    Raises:
        ValueError: a value is not allowed; it is a ``WatchtowerError``, too.
        TypeError: a value is of the wrong type; it is that, too.

    Sizes and counts over the limits of the service are lowered to them, with a warning.
    """

    EXTRA_MSG_PAYLOAD_SIZE: int = CLOUDWATCH_LOGS.overhead_bytes
    _retention_of_existing = True

    log_group_name: str = _given()
    use_queues: bool = _given()
    send_interval: float | timedelta = _given()
    max_batch_size: int = _given()
    max_batch_count: int = _given()
    json_serialize_default: Callable[[Any], Any] = _given()
    log_group_retention_days: int | None = _given()
    create_log_stream: bool = _given()
    max_message_size: int = _given()

    def __init__(  # noqa: PLR0917 - as many by position as watchtower has
        self,
        log_group_name: str = _DEFAULT_LOG_GROUP_NAME,
        log_stream_name: str = DEFAULT_LOG_STREAM_NAME,
        use_queues: bool = True,  # noqa: FBT001, FBT002
        send_interval: float | timedelta = 5,
        max_batch_size: int = CLOUDWATCH_LOGS.batch_bytes,
        max_batch_count: int = CLOUDWATCH_LOGS.batch_count,
        boto3_client: Any = None,
        boto3_profile_name: str | None = None,
        create_log_group: bool = True,  # noqa: FBT001, FBT002
        log_group_tags: Mapping[str, str] | None = None,
        json_serialize_default: Callable[[Any], Any] | None = None,
        log_group_retention_days: int | None = None,
        create_log_stream: bool = True,  # noqa: FBT001, FBT002
        max_message_size: int = CLOUDWATCH_LOGS.event_bytes,
        log_group: str | None = None,
        stream_name: str | None = None,
        level: int | str = logging.NOTSET,
        **keywords: Any,
    ) -> None:
        given = {
            "log_group_name": _renamed(
                "log_group_name", log_group_name, _DEFAULT_LOG_GROUP_NAME, "log_group", log_group
            ),
            "use_queues": bool(use_queues),
            "send_interval": send_interval,
            "max_batch_size": _lowered("max_batch_size", max_batch_size),
            "max_batch_count": _lowered("max_batch_count", max_batch_count),
            "json_serialize_default": json_serialize_default or _json_serialize_default,
            "log_group_retention_days": log_group_retention_days or None,
            "create_log_stream": bool(create_log_stream),
            "max_message_size": _lowered("max_message_size", max_message_size),
        }
        vars(self).update(given)
        name = _renamed(
            "log_stream_name", log_stream_name, DEFAULT_LOG_STREAM_NAME, "stream_name", stream_name
        )
        if log_group_tags and create_log_group:
            _warn("log_group_tags are for a group that this handler creates: others keep theirs")
        super().__init__(
            **{**_for_all_with(boto3_client, boto3_profile_name), **given, **keywords},
            log_stream_name=name or DEFAULT_LOG_STREAM_NAME,
            boto3_client=boto3_client,
            boto3_profile_name=boto3_profile_name,
            create_log_group=bool(create_log_group),
            log_group_tags=log_group_tags or None,
            level=level,
        )
        self.formatter: logging.Formatter | None = CloudWatchLogFormatter(
            json_serialize_default=json_serialize_default
        )
        self._is_made = True

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        unheard = sorted(_NEVER_CALLED & vars(cls).keys())
        if unheard:
            _warn(f"Logspire never calls what {cls.__name__} overrides: {', '.join(unheard)}")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{type(self).__name__} stands in for watchtower's handler and has no {name!r}"
        )

    @property
    def cwl_client(self) -> Any:
        """The client in use; made now, which may block, if there is none yet."""
        return self._source.get()

    def _stream_name(self, record: logging.LogRecord, timestamp_ms: int) -> str:
        if type(self)._get_stream_name is CloudWatchLogHandler._get_stream_name:  # noqa: SLF001
            return super()._stream_name(record, timestamp_ms)
        return legal_stream_name(self._get_stream_name(record))

    def _get_stream_name(self, message: logging.LogRecord) -> str:
        """Return the name of the stream for a record; there for subclasses that have their own."""
        template, _ = self._naming  # not by the names that are kept: emit() would take one of them
        return template.render(self._stream_fields(message), message.created)

    def _stream_fields(self, record: logging.LogRecord) -> dict[str, object]:
        path = sys.argv[0] if getattr(sys, "argv", None) else ""
        return {**super()._stream_fields(record), "program_name": path.replace(":", "")}


def _for_all_with(client: Any, profile_name: str | None) -> dict[str, Any]:
    """Return the keywords for all handlers, without those in whose place the code has its own."""
    if client is not None:
        replaced = {"boto3_session", "region_name", "endpoint_url"}
    else:
        replaced = set() if profile_name is None else {"boto3_session"}
    return {name: value for name, value in _for_all.items() if name not in replaced}


# The names of the parameters, each of which has an annotation.
_WATCHTOWERS: Final = frozenset(CloudWatchLogHandler.__init__.__annotations__)


def _renamed(new: str, value: Any, default: str, old: str, old_value: Any) -> Any:
    """Return what was given by either name of a keyword."""
    if old_value is None:
        return value
    if value != default:
        raise InvalidValueError(f"{old} is the old name of {new}: give one of them")
    warnings.warn(f"{old} is the old name of {new}", DeprecationWarning, stacklevel=3)
    return old_value


_MOST: Final = {
    "max_batch_size": CLOUDWATCH_LOGS.batch_bytes,
    "max_batch_count": CLOUDWATCH_LOGS.batch_count,
    "max_message_size": CLOUDWATCH_LOGS.event_bytes,
}


def _lowered(keyword: str, value: Any) -> Any:
    """Return a number as it is, or the service's limit if it is over that."""
    most = _MOST[keyword]
    if not isinstance(value, int) or value <= most:
        return value
    message = f"{keyword}={value} is over the limit of the service, and is taken for {most}"
    _warn(message, stacklevel=4)
    return most


def _warn(message: str, stacklevel: int = 3) -> None:
    warnings.warn(message, WatchtowerWarning, stacklevel=stacklevel)
