"""The handler: what ``logging`` calls, and what users construct."""

from __future__ import annotations

import logging
import os
import sys
import time
import weakref
from threading import get_ident

from logspire import options
from logspire.aws.client import ClientSource
from logspire.aws.logs import CloudWatchLogs
from logspire.core.event import OVERSIZE
from logspire.core.limits import CLOUDWATCH_LOGS
from logspire.core.naming import StreamTemplate
from logspire.delivery.intake import QUEUE_FULL
from logspire.delivery.lifecycle import PROCESS
from logspire.delivery.pipeline import Pipeline, Settings
from logspire.delivery.report import complain
from logspire.delivery.senders import deliverers
from logspire.formatters.asctime import own_of_logging
from logspire.formatters.cloudwatch import CloudWatchLogFormatter
from logspire.formatters.twin import FOLLOWED, Twin

if sys.platform == "win32":
    import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from typing import Any, Final

    from logspire.core.ledger import DeliveryStats, Loss

_NAMES_KEPT: Final = 1024
_HANDLER_FORMAT: Final = own_of_logging(logging.Handler, "format")


class CloudWatchLogHandler(logging.Handler):
    """Sends log records to Amazon CloudWatch Logs.

    Constructing it does no I/O, starts no thread, and cannot fail because AWS, a region or
    credentials are missing. A logging call formats the record, hands it over and returns; a
    background thread delivers. The log group and the log stream are created when the service says
    that they are missing.

    Args:
        log_group_name: name of the log group.
        log_stream_name: template of the stream's name, from ``{machine_name}``,
            ``{program_name}``, ``{process_id}``, ``{logger_name}``, ``{thread_name}``,
            ``{level_name}`` and ``{strftime:FORMAT}`` (UTC). Whatever it yields is made legal.
        level: as in ``logging.Handler``.
        use_queues: ``False`` delivers within the logging call, which then blocks.
        send_interval: seconds (or a ``timedelta``) that a record waits for company at the longest.
        flush_level: a record at or above this level is sent at once, without blocking.
        max_batch_size: bytes of one call, as the service counts; at most 1 048 576.
        max_batch_count: events of one call; at most 10 000.
        max_message_size: bytes of one event, 26 bytes of overhead included; at most 1 048 576.
        oversize: ``"split"``, ``"truncate"`` or ``"drop"`` for a message over it.
        max_queue_size: bytes of memory that records may take until they are delivered.
        queue_full: ``"drop_oldest"``, ``"drop_newest"`` or ``"block"`` beyond that.
        shutdown_timeout: seconds that `close` waits, and that all waits at exit share.
        compress: send request bodies with gzip where that makes them smaller.
        boto3_client: a client to use as it is, instead of the four keywords that follow.
        boto3_session: a session to make the client from.
        boto3_profile_name: a profile to make the session from.
        region_name: region of the client.
        endpoint_url: URL of the service, for emulators and private endpoints.
        create_log_group: create a missing group.
        create_log_stream: create a missing stream.
        log_group_retention_days: retention of a group that this handler creates.
        log_group_tags: tags of a group that this handler creates.
        log_group_kms_key_id: KMS key of a group that this handler creates.
        log_group_class: class of a group that this handler creates.
        entity: the ``entity`` of ``PutLogEvents``.
        json_serialize_default: for dict messages; makes something for JSON of a value that it does
            not know. ``None``: ISO 8601 for dates, else ``repr``.
        on_loss: called with a `Loss` from a thread of its own, at most once a second for each
            reason; ``None`` writes a line to standard error.

    Raises:
        ValueError: a value is not allowed; the message names the keyword and what is.
        TypeError: a value is of the wrong type.

    All methods are safe to call from any thread, and from signal handlers. In a forked child the
    handler starts empty; the parent delivers what it held.
    """

    # Whether log_group_retention_days is for a group that exists, too, as watchtower has it.
    _retention_of_existing = False

    def __init__(
        self,
        log_group_name: str = "logspire",
        log_stream_name: str = "{machine_name}/{program_name}/{process_id}",
        *,
        level: int | str = logging.NOTSET,
        use_queues: bool = True,
        send_interval: float | timedelta = 5,
        flush_level: int | str | None = None,
        max_batch_size: int = CLOUDWATCH_LOGS.batch_bytes,
        max_batch_count: int = CLOUDWATCH_LOGS.batch_count,
        max_message_size: int = CLOUDWATCH_LOGS.event_bytes,
        oversize: str = "split",
        max_queue_size: int = 64 * 1024 * 1024,
        queue_full: str = "drop_oldest",
        shutdown_timeout: float | timedelta = 10,
        compress: bool = True,
        boto3_client: Any = None,
        boto3_session: Any = None,
        boto3_profile_name: str | None = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        create_log_group: bool = True,
        create_log_stream: bool = True,
        log_group_retention_days: int | None = None,
        log_group_tags: Mapping[str, str] | None = None,
        log_group_kms_key_id: str | None = None,
        log_group_class: str | None = None,
        entity: Mapping[str, Mapping[str, str]] | None = None,
        json_serialize_default: Callable[[Any], Any] | None = None,
        on_loss: Callable[[Loss], object] | None = None,
    ) -> None:
        group_name = options.log_group_name(log_group_name)
        self.log_stream_name = log_stream_name
        client = options.client(
            boto3_client=boto3_client,
            boto3_session=boto3_session,
            boto3_profile_name=boto3_profile_name,
            region_name=region_name,
            endpoint_url=endpoint_url,
        )
        group = options.group(
            create_log_group=create_log_group,
            create_log_stream=create_log_stream,
            log_group_retention_days=log_group_retention_days,
            log_group_tags=log_group_tags,
            log_group_kms_key_id=log_group_kms_key_id,
            log_group_class=log_group_class,
            retention_of_existing=self._retention_of_existing,
        )
        self._source = ClientSource(client)
        service = CloudWatchLogs(
            group_name,
            self._source,
            group=group,
            entity=options.entity(entity),
            compress=options.flag("compress", compress),
        )
        settings = Settings(
            limits=options.batch_limits(max_batch_size, max_batch_count, max_message_size),
            send_interval_s=options.seconds("send_interval", send_interval),
            oversize=options.choice("oversize", oversize, OVERSIZE),
            max_queue_bytes=options.queue_bytes(max_queue_size),
            queue_full=options.choice("queue_full", queue_full, QUEUE_FULL),
            shutdown_timeout_s=options.seconds("shutdown_timeout", shutdown_timeout),
            synchronous=not options.flag("use_queues", use_queues),
            on_loss=options.function("on_loss", on_loss),
        )
        self._flush_level = (
            None if flush_level is None else options.level_number("flush_level", flush_level)
        )
        level = options.level_number("level", level)
        formatter = CloudWatchLogFormatter(
            json_serialize_default=options.function(
                "json_serialize_default", json_serialize_default
            )
        )
        # From here on nothing fails: logging.shutdown also finds a handler that is half made.
        self._pipeline = Pipeline(service, settings)
        super().__init__(level)
        self.formatter: logging.Formatter | None = formatter
        self._twin: Twin | None = None
        self.log_group_name = group_name
        self.shutting_down: bool = False
        # Dropped without close(): what is held is delivered in the background, the thread ends.
        weakref.finalize(self, self._pipeline.release).atexit = False

    @property
    def log_stream_name(self) -> str:
        """The template of the stream's name; may be assigned at any time, for later records.

        Raises:
            ValueError: a template with an unknown field.
            TypeError: not a string.
        """
        return self._naming[0].text

    @log_stream_name.setter
    def log_stream_name(self, template: str) -> None:
        # With it the names that it has yielded, by what they depend on. Replaced together: a thread
        # that still works with the old pair puts its name where nobody will look.
        self._naming: tuple[StreamTemplate, dict[object, str]] = (StreamTemplate(template), {})

    def handle(self, record: logging.LogRecord) -> Any:
        """Filter and emit, without the lock that ``logging.Handler`` takes.

        A lock around formatting would let threads queue for each other, and a signal handler that
        logs would wait for the frame that it interrupted. Nothing here needs one.
        """
        accepted: Any = self.filter(record)
        if accepted is not True and isinstance(accepted, logging.LogRecord):
            record = accepted  # since Python 3.12 a filter may replace it
        if accepted:
            self.emit(record)
        return accepted

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as its formatter writes it."""
        formatter = self.formatter
        if type(formatter) is not FOLLOWED or logging.Handler.format is not _HANDLER_FORMAT:
            return super().format(record)
        twin = self._twin
        if twin is None or twin.original is not formatter:
            self._twin = twin = Twin(formatter)
        return twin.format(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Format a record and hand it over for delivery.

        Does not block, but for ``queue_full="block"`` and ``use_queues=False``. An exception, as
        of arguments that do not fit the message, goes to ``handleError``.
        """
        try:
            pipeline = self._pipeline
            if get_ident() in deliverers and pipeline.ignores(record.name):
                return
            text = self.format(record)
            if type(text) is not str:
                text = _exact_text(text)
            try:
                timestamp_ms = int(record.created * 1000)
            except (TypeError, ValueError, OverflowError):
                # Not a time at all (NaN, None): when it arrives says more than no record.
                timestamp_ms = int(time.time() * 1000)
            template, names = self._naming
            stream = None if template.per_record else names.get(PROCESS.id)
            if stream is None:
                stream = self._stream_name(record, timestamp_ms)
            if self._flush_level is not None and record.levelno >= self._flush_level:
                pipeline.put((stream, timestamp_ms, text), urgent=True)
            else:
                pipeline.put((stream, timestamp_ms, text))
            self.shutting_down = False
        except Exception:  # noqa: BLE001 - the contract of logging.Handler.emit
            try:
                self.handleError(record)
            except Exception:  # noqa: BLE001 - it prints the record, whose repr may raise as well
                complain()

    def flush(self, timeout: float | timedelta | None = None) -> bool:  # type: ignore[override]  # tells more
        """Deliver everything logged before, and wait for it.

        Args:
            timeout: seconds (or a ``timedelta``) to wait at most; ``None`` stands for
                ``shutdown_timeout``.

        Returns:
            ``True`` if all that was held is delivered; ``False`` at the timeout, or if some of it
            was lost. Never waits, and returns ``False`` where something is held, while the calling
            thread holds the lock of the ``logging`` module, as ``dictConfig`` does.
        """
        limit_s = None if timeout is None else options.seconds("timeout", timeout)
        return self._pipeline.flush(limit_s)

    def close(self) -> None:
        """Deliver what is held, end the thread, free connections.

        Blocks for ``shutdown_timeout`` seconds at most; what is not delivered by then is lost, and
        reported. Called by ``dictConfig`` it returns at once, and the thread ends when all is
        delivered. A later record starts the handler again.
        """
        self.shutting_down = True
        self._pipeline.close()
        super().close()

    def stats(self) -> DeliveryStats:
        """Return what became of the records so far, in this process; does not block."""
        return self._pipeline.stats()

    def _stream_name(self, record: logging.LogRecord, timestamp_ms: int) -> str:
        template, names = self._naming
        key: object = PROCESS.id
        if template.per_record:
            second = timestamp_ms // 1000 if template.uses_time else 0
            key = (key, record.name, record.threadName, record.levelname, second)
        name = names.get(key)
        if name is None:
            name = template.render(self._stream_fields(record), timestamp_ms / 1000)
            if len(names) >= _NAMES_KEPT:
                names.clear()
            names[key] = name
        return name

    def _stream_fields(self, record: logging.LogRecord) -> dict[str, object]:
        """Return the values of the fields of a stream template."""
        path = sys.argv[0] if getattr(sys, "argv", None) else ""
        program = path.replace("\\", "/").rpartition("/")[2]
        return {
            "machine_name": _machine_name(),
            "program_name": program or "python",
            "process_id": os.getpid(),
            "logger_name": record.name,
            "thread_name": record.threadName,
            "level_name": record.levelname,
        }

    def __repr__(self) -> str:
        level = logging.getLevelName(self.level)
        return f"<{type(self).__name__} {self.log_group_name} {self.log_stream_name} ({level})>"


def _machine_name() -> str:
    """Return what ``socket.gethostname`` does, without that module where there is no need."""
    if sys.platform == "win32":
        return socket.gethostname()
    return os.uname().nodename


def _exact_text(text: object) -> str:
    """Return what a formatter made as exactly ``str``: later code relies on its methods."""
    if isinstance(text, str):
        return str.__str__(text)
    raise TypeError(f"the formatter returned {type(text).__name__}, not str")
