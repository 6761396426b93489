"""`logging.config` sets the handler up."""

import configparser
import io
import logging
import logging.config
import time
from typing import Any

import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler
from logspire.testing import LocalCloudWatchLogs


def configuration(**handler: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "logspire.JSONFormatter"}},
        "handlers": {
            "cloudwatch": {
                "class": "logspire.CloudWatchLogHandler",
                "log_group_name": "group",
                "log_stream_name": "stream",
                **handler,
            }
        },
        "loggers": {"tests.configured": {"level": "INFO", "handlers": ["cloudwatch"]}},
    }


def configured() -> CloudWatchLogHandler:
    handlers = logging.getLogger("tests.configured").handlers
    (handler,) = (h for h in handlers if isinstance(h, CloudWatchLogHandler))
    return handler


def test_every_keyword_can_be_given_as_plain_data(cloudwatch_logs: LocalCloudWatchLogs) -> None:
    logging.config.dictConfig(
        configuration(
            level="INFO",
            formatter="json",
            use_queues=True,
            send_interval=0.5,
            flush_level="ERROR",
            max_batch_size=500_000,
            max_batch_count=1000,
            max_message_size=100_000,
            oversize="truncate",
            max_queue_size=1_000_000,
            queue_full="block",
            shutdown_timeout=3,
            compress=False,
            region_name="us-east-1",
            endpoint_url=cloudwatch_logs.endpoint_url,
            create_log_group=True,
            create_log_stream=True,
            log_group_retention_days=7,
            log_group_tags={"team": "web"},
            log_group_kms_key_id=None,
            log_group_class="STANDARD",
            entity={"keyAttributes": {"Type": "Service", "Name": "shop"}},
            json_serialize_default=None,
            on_loss="ext://builtins.print",
        )
    )
    log = logging.getLogger("tests.configured")
    log.info("hello %s", "world", extra={"user": 7})
    log.debug("below the level")
    handler = configured()
    assert handler.flush(PATIENCE_S), handler.stats()
    (message,) = cloudwatch_logs.messages("group", "stream")
    assert '"message": "hello world"' in message
    assert '"user": 7' in message
    handler.close()


def test_a_bad_keyword_in_the_configuration_is_named() -> None:
    with pytest.raises(ValueError, match="cloudwatch") as raised:
        logging.config.dictConfig(configuration(queue_full="drop"))
    assert "queue_full must be one of" in str(raised.value.__cause__)


def test_configured_again_with_records_queued_it_is_quick_and_all_arrive(
    cloudwatch_logs: LocalCloudWatchLogs,
) -> None:
    logging.config.dictConfig(configuration(shutdown_timeout=100))
    log, first = logging.getLogger("tests.configured"), configured()
    cloudwatch_logs.misbehave("unavailable")
    for number in range(500):
        log.info("first %d", number)
    since_s = time.monotonic()
    logging.config.dictConfig(configuration(shutdown_timeout=100))
    assert time.monotonic() - since_s < 30  # it waits neither for delivery nor for a time-out
    assert first.stats().held == 500
    cloudwatch_logs.behave()
    second = configured()
    assert second is not first
    for number in range(500):
        log.info("second %d", number)
    assert second.flush(PATIENCE_S), second.stats()
    assert first.flush(PATIENCE_S), first.stats()
    expected = [f"{which} {number}" for which in ("first", "second") for number in range(500)]
    assert sorted(cloudwatch_logs.messages("group", "stream")) == sorted(expected)
    second.close()


def test_a_handler_kept_across_a_configuration_that_closed_it_goes_on(
    cloudwatch_logs: LocalCloudWatchLogs,
) -> None:
    logging.config.dictConfig(configuration())
    kept = configured()
    other = logging.getLogger("tests.kept")
    other.addHandler(kept)
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
    other.warning("after")
    assert kept.flush(PATIENCE_S)
    assert cloudwatch_logs.messages("group", "stream") == ["after"]
    kept.close()


def test_existing_loggers_that_are_disabled_send_nothing_more_but_what_they_had(
    cloudwatch_logs: LocalCloudWatchLogs,
) -> None:
    logging.config.dictConfig(configuration())
    handler, log = configured(), logging.getLogger("tests.configured")
    log.info("queued")
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
    log.info("disabled")
    assert handler.flush(PATIENCE_S)
    assert cloudwatch_logs.messages("group", "stream") == ["queued"]
    handler.close()


FILE = """
[loggers]
keys=root,configured
[handlers]
keys=cloudwatch
[formatters]
keys=plain
[formatter_plain]
class=logspire.CloudWatchLogFormatter
format=%(levelname)s %(message)s
[logger_root]
handlers=
[logger_configured]
qualname=tests.configured
level=INFO
handlers=cloudwatch
[handler_cloudwatch]
class=logspire.CloudWatchLogHandler
level=INFO
formatter=plain
args=("group", "stream")
kwargs={"send_interval": 0.1, "log_group_tags": {"team": "web"}, "region_name": "us-east-1"}
"""


def test_a_configuration_file_sets_it_up_with_positional_and_keyword_arguments(
    cloudwatch_logs: LocalCloudWatchLogs,
) -> None:
    parser = configparser.RawConfigParser()
    parser.read_file(io.StringIO(FILE))
    logging.config.fileConfig(parser, disable_existing_loggers=False)
    logging.getLogger("tests.configured").info("hello")
    handler = configured()
    assert handler.flush(PATIENCE_S), handler.stats()
    assert cloudwatch_logs.messages("group", "stream") == ["INFO hello"]
    handler.close()
