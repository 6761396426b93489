"""What the service tells of the calls that it got."""

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from patience import PATIENCE_S

from logspire.testing import LocalCloudWatchLogs, Summary

Put = Callable[..., Any]


def test_a_call_is_recorded_with_all_that_came(
    put: Put, service: LocalCloudWatchLogs, clock: Callable[[], int]
) -> None:
    put("é")
    call = service.calls[-1]
    assert (call.operation, call.status, call.error) == ("PutLogEvents", 200, None)
    assert call.time_ms == clock()
    assert call.request["logGroupName"] == "group"
    assert list(call.request["logEvents"]) == [{"timestamp": clock(), "message": "é"}]
    assert call.events_stored == 1
    assert call.raw_bytes == call.wire_bytes > 50
    assert not call.compressed
    assert "Botocore" in call.user_agent
    assert call.peer_port > 0


def test_a_record_cannot_be_changed(put: Put, service: LocalCloudWatchLogs) -> None:
    put("m")
    with pytest.raises(dataclasses.FrozenInstanceError):
        service.calls[0].operation = "Other"  # type: ignore[misc]


def test_the_record_shares_its_texts_with_the_store(put: Put, service: LocalCloudWatchLogs) -> None:
    put("a long message")
    recorded = service.calls[-1].request["logEvents"][0]["message"]
    assert recorded is service.events("group", "stream")[0].message


def test_a_compressed_call_is_recorded_with_both_sizes(
    service: LocalCloudWatchLogs, send: Callable[..., Any]
) -> None:
    assert send("CreateLogGroup", {"logGroupName": "g" * 500}, compress=True).status == 200
    call = service.calls[-1]
    assert call.compressed
    assert call.wire_bytes < 500 < call.raw_bytes


def test_calls_over_one_connection_share_its_port(put: Put, service: LocalCloudWatchLogs) -> None:
    put("1")
    put("2")
    assert len({call.peer_port for call in service.calls}) == 1


def test_the_summary_adds_up(put: Put, service: LocalCloudWatchLogs) -> None:
    service.misbehave("throttle", times=1)
    with pytest.raises(Exception, match="Throttling"):
        put("refused")
    put("1", "2")
    total = sum(call.wire_bytes for call in service.calls)
    assert service.summary == Summary(
        calls={"CreateLogGroup": 1, "CreateLogStream": 1, "PutLogEvents": 2},
        batches=1,
        events_stored=2,
        events_rejected=0,
        wire_bytes=total,
        raw_bytes=total,
        refused={"ThrottlingException": 1},
    )
    assert service.refused == 1


def test_waiting_ends_when_the_predicate_is_true(put: Put, service: LocalCloudWatchLogs) -> None:
    sender = threading.Thread(target=put, args=("m",))
    sender.start()
    assert service.wait_for(
        lambda: service.messages("group", "stream") == ["m"], timeout=PATIENCE_S
    )
    sender.join()


def test_waiting_for_nothing_ends_at_its_timeout(service: LocalCloudWatchLogs) -> None:
    assert not service.wait_for(lambda: False, timeout=0.01)


def test_reset_forgets_everything(put: Put, service: LocalCloudWatchLogs) -> None:
    put("m")
    service.misbehave("throttle")
    service.reset()
    assert service.calls == ()
    assert service.messages("group", "stream") == []
    client = service.client()
    client.create_log_group(logGroupName="group")
    client.close()


def test_what_arrived_can_be_asked_after_the_service_stopped() -> None:
    with LocalCloudWatchLogs() as service:
        client = service.client()
        client.create_log_group(logGroupName="group")
        client.close()
    assert service.summary.calls == {"CreateLogGroup": 1}


def test_a_service_that_starts_again_has_its_address_and_its_memory() -> None:
    service = LocalCloudWatchLogs()
    with service:
        client = service.client()
        client.create_log_group(logGroupName="group")
    with service:
        assert len(client.describe_log_groups()["logGroups"]) == 1
    client.close()


def test_before_its_start_a_service_has_no_address() -> None:
    with pytest.raises(RuntimeError, match="start it"):
        _ = LocalCloudWatchLogs().endpoint_url


@pytest.mark.parametrize("arguments", [{"credentials": {}}, {"idle_timeout": 0}])
def test_arguments_that_make_no_sense_are_named(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        LocalCloudWatchLogs(**arguments)


def test_the_fixture_gives_a_service_that_runs(cloudwatch_logs: LocalCloudWatchLogs) -> None:
    client = cloudwatch_logs.client()
    assert client.describe_log_groups()["logGroups"] == []
    client.close()


def test_loading_the_plugin_loads_no_server() -> None:
    program = (
        "import sys, logspire.testing.pytest_plugin\n"
        "print([m for m in ('botocore', 'http.server') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert run.stdout.strip() == "[]"
