"""The public surface as users type it. Never run: mypy and pyright, both strict, must accept it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from typing_extensions import assert_type

import logspire
from logspire import (
    CloudWatchLogFormatter,
    CloudWatchLogHandler,
    DeliveryStats,
    JSONFormatter,
    LogspireError,
    LogspireWarning,
    Loss,
    LossReason,
    install_as_watchtower,
    log_context,
    watchtower,
)
from logspire.testing import Call, Event, LocalCloudWatchLogs, RemoteCloudWatchLogs, Summary

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


def count_loss(loss: Loss) -> None:
    assert_type(loss.reason, LossReason)
    assert_type(loss.count, int)
    assert_type(loss.detail, str)


def every_keyword(client: CloudWatchLogsClient, session: object) -> logging.Handler:
    losses: list[Loss] = []
    named = CloudWatchLogHandler(
        "group",
        "{machine_name}",
        level="INFO",
        use_queues=True,
        send_interval=timedelta(seconds=1),
        flush_level=logging.ERROR,
        max_batch_size=1000,
        max_batch_count=10,
        max_message_size=1000,
        oversize="truncate",
        max_queue_size=10_000,
        queue_full="block",
        shutdown_timeout=0.5,
        compress=False,
        boto3_client=client,
        create_log_group=False,
        create_log_stream=False,
        log_group_retention_days=7,
        log_group_tags={"team": "shop"},
        log_group_kms_key_id="arn",
        log_group_class="STANDARD",
        entity={"keyAttributes": {"Type": "Service"}, "attributes": {}},
        json_serialize_default=repr,
        on_loss=count_loss,
    )
    CloudWatchLogHandler(
        log_group_name="group",
        log_stream_name="stream",
        boto3_session=session,
        boto3_profile_name=None,
        region_name="eu-west-1",
        endpoint_url="http://127.0.0.1:4586",
        on_loss=losses.append,
    )
    return named


def methods(handler: CloudWatchLogHandler, record: logging.LogRecord) -> None:
    assert_type(handler.flush(), bool)
    assert_type(handler.flush(timeout=timedelta(seconds=1)), bool)
    assert_type(handler.flush(2.5), bool)
    handler.close()
    handler.emit(record)
    handler.handle(record)
    handler.setFormatter(JSONFormatter())
    assert_type(handler.log_stream_name, str)
    handler.log_stream_name = "{logger_name}"
    assert_type(handler.log_group_name, str)
    assert_type(handler.shutting_down, bool)
    assert_type(handler.stats(), DeliveryStats)


class Handler(CloudWatchLogHandler):
    """A handler can be a base class."""

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)


def books(stats: DeliveryStats) -> int:
    assert_type(stats.losses, Mapping[LossReason, int])
    assert_type(stats.last_error, str | None)
    settled = stats.delivered + stats.lost + stats.held
    counts = stats.held_bytes + stats.batches + stats.split + stats.ignored + stats.entity_rejected
    as_dict: dict[str, Any] = vars(stats)
    return settled - stats.accepted + counts + len(as_dict)


def reasons(reason: LossReason) -> str:
    assert_type(LossReason("expired"), LossReason)
    lost_early = {LossReason.QUEUE_FULL, LossReason.EMPTY, LossReason.TOO_LARGE}
    lost_late = {LossReason.TOO_OLD, LossReason.TOO_NEW, LossReason.EXPIRED, LossReason.REFUSED}
    assert_type(lost_early | lost_late, set[LossReason])
    text: str = LossReason.SHUTDOWN
    return text + reason


def formatters(record: logging.LogRecord) -> None:
    text: logging.Formatter = CloudWatchLogFormatter(
        "{message}",
        "%H:%M",
        "{",
        validate=True,
        defaults={"user": "-"},
        json_serialize_default=str,
        add_log_record_attrs=("levelname",),
    )
    assert_type(text.format(record), str)
    assert_type(JSONFormatter(json_serialize_default=json.dumps).format(record), str)
    of_all = JSONFormatter(
        fields=["timestamp", "*"],
        rename_fields={"timestamp": "time"},
        static_fields={"service": "shop", "build": 7},
        dumps=json.dumps,
        max_message_size=262_144,
    )
    assert_type(of_all.members(record), dict[str, Any])
    assert_type(JSONFormatter("timestamp, level").format(record), str)
    CloudWatchLogFormatter(fmt="%(message)s", datefmt="%H:%M", style="%")
    JSONFormatter(fmt=None, datefmt=None, style="%", validate=True, defaults=None)


@log_context(job="nightly")
def bound(order: int) -> str:
    with log_context(request_id="r-17", order=order):
        return "done"


@log_context()
async def bound_async(order: int) -> str:
    return bound(order)


async def contexts() -> None:
    assert_type(bound(17), str)
    assert_type(await bound_async(order=17), str)


def errors() -> str:
    try:
        CloudWatchLogHandler(**json.loads("{}"))
    except LogspireError as error:
        as_exception: Exception = error
        return str(as_exception)
    warning: type[Warning] = LogspireWarning
    return warning.__name__ + logspire.__version__


def in_the_place_of_watchtower() -> None:
    install_as_watchtower()
    install_as_watchtower(on_loss=count_loss, shutdown_timeout=5)
    by_position = watchtower.CloudWatchLogHandler("group", "stream", False)  # noqa: FBT003
    assert_type(by_position.log_group_name, str)
    assert_type(by_position.use_queues, bool)
    assert_type(by_position.cwl_client, Any)
    assert_type(by_position.EXTRA_MSG_PAYLOAD_SIZE, int)
    assert_type(by_position.stats(), DeliveryStats)
    watchtower.CloudWatchLogHandler(log_group="group", stream_name="stream", on_loss=count_loss)
    formatter = watchtower.CloudWatchLogFormatter(add_log_record_attrs=["levelname"])
    formatter.add_log_record_attrs = ("levelname", "name")
    error: type[Exception] = watchtower.WatchtowerError
    warning: type[Warning] = watchtower.WatchtowerWarning
    print(watchtower.DEFAULT_LOG_STREAM_NAME, error, warning)


def local_service() -> None:
    by_hand = LocalCloudWatchLogs(host="127.0.0.1", port=0, credentials={"key": "secret"})
    by_hand.start()
    by_hand.stop()
    LocalCloudWatchLogs(verify_signatures=False, random=Random(7), verbose=True)
    with LocalCloudWatchLogs(region="eu-west-1", clock=lambda: 0, idle_timeout=None) as service:
        service.misbehave("throttle", operation=["PutLogEvents"], times=2, message="slowly")
        service.misbehave("slow", operation="PutLogEvents", seconds=0.5, probability=0.1)
        service.misbehave("error", error="InternalFailure", status=500)
        service.misbehave("poison", text="\0")
        service.behave()
        service.reset()
        environment: dict[str, str] = service.environment
        assert_type(service.endpoint_url, str)
        assert_type(service.summary, Summary)
        assert_type(service.calls, tuple[Call, ...])
        assert_type(service.events("group", "stream"), list[Event])
        assert_type(service.messages("group", "stream"), list[str])
        assert_type(service.wait_for(lambda: bool(environment), timeout=1), bool)


def what_arrived(call: Call, event: Event) -> None:
    assert_type(call.request, Mapping[str, Any])
    assert_type(call.status, int | None)
    assert_type(call.error, str | None)
    assert_type(call.misbehaviour, str | None)
    assert_type(call.compressed, bool)
    assert_type(call.time_ms + call.events_stored + call.peer_port, int)
    assert_type(call.wire_bytes + call.raw_bytes, int)
    assert_type(call.access_key + call.user_agent + call.request_id, str)
    assert_type((event.timestamp, event.message, event.ingestion_time), tuple[int, str, int])
    total = Summary.of([call])
    assert_type(total.batches + total.events_stored + total.events_rejected, int)
    assert_type(total.wire_bytes + total.raw_bytes, int)


def remote_service(service: RemoteCloudWatchLogs) -> None:
    service.misbehave("slow", seconds=1)
    assert_type(service.summary.refused, Mapping[str, int])
    assert_type([call.operation for call in service.calls if call.refused], list[str])


def pytest_fixture(cloudwatch_logs: LocalCloudWatchLogs) -> None:
    assert cloudwatch_logs.refused == 0
