"""Uses each keyword of watchtower, and what else programs rely on: a log group for each.

Run as a program, with the real watchtower or with Logspire in its place. It must not know which.
"""

import contextlib
import decimal
import logging
import logging.config
import time

import boto3
import watchtower
from botocore.config import Config
from migration.using import client, log_to, logger_for, main, use
from patience import PATIENCE_S
from watchtower import CloudWatchLogFormatter, CloudWatchLogHandler

TAGS = {"team": "shop", "stage": "test"}


def wait_until_arrived(group: str, stream: str) -> None:
    reader, deadline_s = client(), time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        with contextlib.suppress(reader.exceptions.ResourceNotFoundException):
            if reader.get_log_events(logGroupName=group, logStreamName=stream)["events"]:
                return
        time.sleep(0.05)
    raise AssertionError("nothing arrived")


@use
def defaults(group: str) -> None:
    log_to(CloudWatchLogHandler(), group)  # to the group "watchtower"


@use
def log_group_name(group: str) -> None:
    log_to(CloudWatchLogHandler(group), "by position")
    log_to(CloudWatchLogHandler(log_group_name=group), "by name")


@use
def log_stream_name(group: str) -> None:
    fields = "{machine_name}_{program_name}_{logger_name}_{process_id}_{thread_name}"
    log_to(CloudWatchLogHandler(group, fields + "_{strftime:%Y}"), "a template")
    handler = CloudWatchLogHandler(group, log_stream_name="")
    handler.log_stream_name = "assigned"
    log_to(handler, "to the stream assigned")


@use
def use_queues(group: str) -> None:
    handler = CloudWatchLogHandler(group, "s", False)  # noqa: FBT003 - as people write it
    logger_for(handler).info("within the call")
    events = client().get_log_events(logGroupName=group, logStreamName="s")["events"]
    assert [event["message"] for event in events] == ["within the call"]


@use
def send_interval(group: str) -> None:
    handler = CloudWatchLogHandler(group, "s", send_interval=1)
    logger_for(handler).info("arrives by itself")
    wait_until_arrived(group, "s")
    handler.close()


@use
def max_batch_size(group: str) -> None:
    log_to(CloudWatchLogHandler(group, "s", max_batch_size=300), *(str(n) * 90 for n in range(5)))


@use
def max_batch_count(group: str) -> None:
    log_to(CloudWatchLogHandler(group, "s", max_batch_count=2), *(str(n) for n in range(5)))


@use
def boto3_client(group: str) -> None:
    config = Config(user_agent_extra="made-by-the-program")
    theirs = boto3.client("logs", config=config)
    handler = CloudWatchLogHandler(group, "s", boto3_client=theirs)
    assert handler.cwl_client is theirs
    log_to(handler, "by a client of the program")


@use
def boto3_profile_name(group: str) -> None:
    log_to(CloudWatchLogHandler(group, "s", boto3_profile_name="other"), "by a profile")


@use
def create_log_group(group: str) -> None:
    client().create_log_group(logGroupName=group)
    log_to(CloudWatchLogHandler(group, "s", create_log_group=False), "to a group that exists")


@use
def log_group_tags(group: str) -> None:
    log_to(CloudWatchLogHandler(group, "s", log_group_tags=TAGS), "to a group with tags")


@use
def json_serialize_default(group: str) -> None:
    for serialize in (None, str, lambda _: None):
        handler = CloudWatchLogHandler(group, "s", json_serialize_default=serialize)
        log_to(handler, {"price": decimal.Decimal("9.90"), "tags": {"new"}, "order": 17})


@use
def log_group_retention_days(group: str) -> None:
    log_to(CloudWatchLogHandler(group, "s", log_group_retention_days=7), "to a new group")


@use
def retention_of_a_group_that_exists(group: str) -> None:
    client().create_log_group(logGroupName=group)
    handler = CloudWatchLogHandler(group, "s", log_group_retention_days=7, create_log_group=False)
    log_to(handler, "to a group without retention")


@use
def create_log_stream(group: str) -> None:
    client().create_log_group(logGroupName=group)
    client().create_log_stream(logGroupName=group, logStreamName="s")
    log_to(CloudWatchLogHandler(group, "s", create_log_stream=False), "to a stream that exists")


@use
def max_message_size(group: str) -> None:
    log_to(CloudWatchLogHandler(group, "s", max_message_size=300), "x" * 200, "y" * 274)


@use
def log_group(group: str) -> None:
    log_to(CloudWatchLogHandler(log_group=group), "by the old name")


@use
def stream_name(group: str) -> None:
    log_to(CloudWatchLogHandler(group, stream_name="s"), "by the old name")


@use
def args(group: str) -> None:
    by_position = (group, "s", True, 60, 1024, 10, None, None, True, {}, None, None, True, 1024)
    handler = CloudWatchLogHandler(*by_position, None, None, logging.ERROR)
    logger_for(handler).warning("below the level")
    log_to(handler, "at the level", level=logging.ERROR)


@use
def kwargs(group: str) -> None:
    handler = CloudWatchLogHandler(group, "s", level="ERROR")
    logger_for(handler).warning("below the level")
    log_to(handler, "at the level", level=logging.ERROR)


@use
def formatter(group: str) -> None:
    handler = CloudWatchLogHandler(group, "s")
    handler.formatter.add_log_record_attrs = ["levelname", "msg", "process", "name"]
    handler.formatter.add_log_record_attrs.append("lineno")
    log_to(handler, "text", {"request": "hello", "name": "of the mapping"}, {})


@use
def formatter_with_a_format(group: str) -> None:
    handler = CloudWatchLogHandler(group, "s")
    handler.setFormatter(CloudWatchLogFormatter("%(levelname)s %(name)s %(message)s"))
    log_to(handler, "text", {"request": "hello"})


@use
def formatter_subclass(group: str) -> None:
    class Formatter(CloudWatchLogFormatter):
        add_log_record_attrs = ("levelname",)

        def format(self, record: logging.LogRecord) -> str:
            record.msg = {"location": record.name, "message": record.msg}
            return str(super().format(record))

    handler = CloudWatchLogHandler(group, "s")
    handler.setFormatter(Formatter())
    log_to(handler, "text")


@use
def stream_named_by_a_subclass(group: str) -> None:
    class Handler(CloudWatchLogHandler):
        def _get_stream_name(self, message: logging.LogRecord) -> str:
            return f"{message.levelname}/{super()._get_stream_name(message)}"

    log_to(Handler(group, "s"), "one", "two")


@use
def dict_config(group: str) -> None:
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {
                "cloudwatch": {
                    "class": "watchtower.CloudWatchLogHandler",
                    "log_group_name": group,
                    "log_stream_name": "{logger_name}",
                },
            },
            "loggers": {"configured": {"level": "INFO", "handlers": ["cloudwatch"]}},
        }
    )
    logging.getLogger("configured").info("by the name of the class")


@use
def errors_and_warnings(group: str) -> None:
    try:
        CloudWatchLogHandler(group, boto3_client=client(), boto3_profile_name="other")
    except watchtower.WatchtowerError:
        log_to(CloudWatchLogHandler(group, "s"), "WatchtowerError")
    assert issubclass(watchtower.WatchtowerWarning, UserWarning)


if __name__ == "__main__":
    main()
