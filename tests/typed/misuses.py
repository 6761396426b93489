"""What type checkers must refuse. Never run.

Each comment must be needed: mypy (``warn_unused_ignores``) and pyright
(``reportUnnecessaryTypeIgnoreComment``) complain of one that hides nothing.
"""

from __future__ import annotations

import logging

from logspire import (
    CloudWatchLogFormatter,
    CloudWatchLogHandler,
    JSONFormatter,
    Loss,
    LossReason,
    install_as_watchtower,
    log_context,
)
from logspire.testing import LocalCloudWatchLogs


def on_loss(loss: Loss, _: str) -> None:
    loss.count = 0  # type: ignore[misc]
    loss.how_many  # type: ignore[attr-defined]  # noqa: B018


def arguments() -> None:
    CloudWatchLogHandler(17)  # type: ignore[arg-type]
    CloudWatchLogHandler("group", "stream", logging.INFO)  # type: ignore[call-arg]
    CloudWatchLogHandler(log_group="group")  # type: ignore[call-arg]
    CloudWatchLogHandler(send_interval="5")  # type: ignore[arg-type]
    CloudWatchLogHandler(log_group_retention_days="7")  # type: ignore[arg-type]
    CloudWatchLogHandler(log_group_tags={"team": 1})  # type: ignore[dict-item]
    CloudWatchLogHandler(entity={"keyAttributes": "Service"})  # type: ignore[dict-item]
    CloudWatchLogHandler(json_serialize_default=1)  # type: ignore[arg-type]
    CloudWatchLogHandler(on_loss=on_loss)  # type: ignore[arg-type]


def results(handler: CloudWatchLogHandler) -> None:
    handler.flush("soon")  # type: ignore[arg-type]
    handler.stats().accepted = 1  # type: ignore[misc]
    handler.log_stream_name = None  # type: ignore[assignment]
    number: int = LossReason.EMPTY  # type: ignore[assignment]
    text: str = handler.stats().last_error  # type: ignore[assignment]
    print(number, text)


def formatters() -> None:
    CloudWatchLogFormatter(style="!")  # type: ignore[arg-type]
    CloudWatchLogFormatter(add_log_record_attrs=[1])  # type: ignore[list-item]
    JSONFormatter(fields=7)  # type: ignore[arg-type]
    JSONFormatter(rename_fields=["level"])  # type: ignore[arg-type]
    JSONFormatter(dumps="json.dumps")  # type: ignore[arg-type]
    JSONFormatter(field="level")  # type: ignore[call-arg]


@log_context(job="nightly")
def bound(order: int) -> str:
    return str(order)


def contexts() -> None:
    log_context({"job": "nightly"})  # type: ignore[call-arg]
    bound("17")  # type: ignore[arg-type]


def in_the_place_of_watchtower() -> None:
    install_as_watchtower("group")  # type: ignore[call-arg]


def testing_kit(service: LocalCloudWatchLogs) -> None:
    LocalCloudWatchLogs("127.0.0.1")  # type: ignore[call-arg]
    service.misbehave(times=2)  # type: ignore[call-arg]
    service.summary.batches = 1  # type: ignore[misc]
