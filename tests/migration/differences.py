"""What programs do that Logspire takes otherwise than watchtower: a log group for each.

Run as a program, with the real watchtower or with Logspire in its place. It must not know which.
"""

import io
import logging

from migration.using import client, log_to, logger_for, main, use
from watchtower import CloudWatchLogFormatter, CloudWatchLogHandler


def fail() -> None:
    raise KeyError("no such order")


@use
def closed(group: str) -> None:
    handler = CloudWatchLogHandler(group, "s")
    log_to(handler, "before")
    log_to(handler, "after")


@use
def exception_with_a_mapping(group: str) -> None:
    handler = CloudWatchLogHandler(group, "s")
    try:
        fail()
    except KeyError:
        logger_for(handler).exception({"order": 17})
    handler.close()


@use
def exception_with_an_empty_text(group: str) -> None:
    handler = CloudWatchLogHandler(group, "s")
    try:
        fail()
    except KeyError:
        logger_for(handler).exception("")
    handler.close()


@use
def arguments_that_do_not_fit(group: str) -> None:
    handler = CloudWatchLogHandler(group, "s")
    try:
        logger_for(handler).info("%d", "x")
    except TypeError:
        log_to(handler, "raised into the application")
    else:
        log_to(handler, "the application went on")


@use
def handler_after_it(group: str) -> None:
    handler, after = CloudWatchLogHandler(group, "s"), io.StringIO()
    handler.formatter.add_log_record_attrs = ["levelname"]
    logger = logger_for(handler)
    logger.addHandler(logging.StreamHandler(after))
    logger.info({"order": 17})
    handler.setFormatter(CloudWatchLogFormatter())
    log_to(handler, after.getvalue())


@use
def attribute_that_is_not_there(group: str) -> None:
    handler = CloudWatchLogHandler(group, "s")
    handler.setFormatter(CloudWatchLogFormatter(add_log_record_attrs=["user", "levelname"]))
    log_to(handler, "text")


@use
def attribute_asctime(group: str) -> None:
    handler = CloudWatchLogHandler(group, "s")
    handler.setFormatter(CloudWatchLogFormatter(None, "today", add_log_record_attrs=["asctime"]))
    log_to(handler, "text")


@use
def long_text(group: str) -> None:
    log_to(CloudWatchLogHandler(group, "s"), "x" * 300_000)


@use
def over_max_message_size(group: str) -> None:
    log_to(CloudWatchLogHandler(group, "s", max_message_size=150), "x" * 200)


@use
def not_a_number(group: str) -> None:
    log_to(CloudWatchLogHandler(group, "s"), {"ratio": float("nan")})


@use
def keys_that_are_no_strings(group: str) -> None:
    log_to(CloudWatchLogHandler(group, "s"), {("a", "b"): 1})


@use
def formatter_that_returns_nothing(group: str) -> None:
    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return "" if record.msg == "secret" else record.getMessage()

    handler = CloudWatchLogHandler(group, "s")
    handler.setFormatter(Formatter())
    log_to(handler, "before", "secret", "after")


@use
def colon_in_a_stream_name(group: str) -> None:
    log_to(CloudWatchLogHandler(group, "{logger_name}:{strftime:today}"), "text")


@use
def nothing_logged(group: str) -> None:
    CloudWatchLogHandler(group, "s").close()


@use
def records_of_botocore(group: str) -> None:
    theirs, handler = client(), CloudWatchLogHandler(group, "s")
    handler.setFormatter(logging.Formatter("%(name)s"))
    handler.addFilter(lambda record: str(record.msg).startswith("Making request"))
    logger = logging.getLogger("botocore")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    theirs.describe_log_groups()
    logger.removeHandler(handler)
    handler.close()


if __name__ == "__main__":
    main()
