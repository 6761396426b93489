"""The identifiers of a trace are on its records, and nothing is imported for them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from formatters.making import parse, record_of

from logspire import JSONFormatter, log_context

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow  # and the same on every Python

TRACE = ("trace_id", "span_id", "xray_trace_id", "xray_segment_id")
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "orders",
    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8"
    ";Sampled=1",
}


def identifiers(**arguments: Any) -> dict[str, str]:
    members = parse(JSONFormatter(**arguments).format(record_of("hi")))
    return {name: value for name, value in members.items() if name in TRACE}


# OpenTelemetry


@pytest.fixture
def tracer() -> Any:
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="in the extra `recipes`")
    return sdk.TracerProvider().get_tracer("test")


def test_a_span_has_its_identifiers_in_hexadecimal(tracer: Any) -> None:
    with tracer.start_as_current_span("outer") as outer:
        with tracer.start_as_current_span("inner") as span:
            context = span.get_span_context()
            expected = {
                "trace_id": f"{context.trace_id:032x}",
                "span_id": f"{context.span_id:016x}",
            }
            assert identifiers() == expected
        assert identifiers()["span_id"] == f"{outer.get_span_context().span_id:016x}"


def test_outside_of_a_span_there_are_none(tracer: Any) -> None:
    with tracer.start_as_current_span("outer"):
        pass
    assert identifiers() == {}


def test_each_task_has_the_identifiers_of_its_own_span(tracer: Any) -> None:
    async def handle(number: int) -> bool:
        with tracer.start_as_current_span(f"request {number}") as span:
            await asyncio.sleep(0)
            return identifiers()["span_id"] == f"{span.get_span_context().span_id:016x}"

    async def main() -> list[bool]:
        return await asyncio.gather(*map(handle, range(10)))

    assert asyncio.run(main()) == [True] * 10


def test_they_are_fields_like_any_other(tracer: Any) -> None:
    names = {"trace_id": "traceId"}
    formatter = JSONFormatter(fields="span_id message trace_id", rename_fields=names)
    with tracer.start_as_current_span("outer"):
        assert list(parse(formatter.format(record_of("hi")))) == ["span_id", "message", "traceId"]


def test_a_trace_id_that_the_application_logs_itself_is_kept(tracer: Any) -> None:
    with tracer.start_as_current_span("outer"):
        members = parse(JSONFormatter().format(record_of("hi", trace_id="mine")))
        with log_context(trace_id="bound"):
            assert identifiers()["trace_id"] == "bound"
    assert members["trace_id"] == "mine"


# X-Ray


@pytest.fixture(scope="module")
def sdk() -> Iterator[Any]:
    core = pytest.importorskip("aws_xray_sdk.core")
    core.xray_recorder.configure(sampling=False, context_missing="LOG_ERROR")
    yield core
    core.xray_recorder.emitter._socket.close()  # the SDK leaves it to the end of the process


@pytest.fixture
def recorder(sdk: Any) -> Iterator[Any]:
    sdk.xray_recorder.clear_trace_entities()
    yield sdk.xray_recorder
    sdk.xray_recorder.clear_trace_entities()


def test_a_segment_and_its_subsegments_have_identifiers(recorder: Any) -> None:
    segment = recorder.begin_segment("order")
    assert identifiers() == {"xray_trace_id": segment.trace_id, "xray_segment_id": segment.id}
    subsegment = recorder.begin_subsegment("payment")
    expected = {"xray_trace_id": segment.trace_id, "xray_segment_id": subsegment.id}
    assert identifiers() == expected
    recorder.end_subsegment()
    assert identifiers()["xray_segment_id"] == segment.id


def test_without_a_segment_nothing_is_told_and_the_sdk_has_nothing_to_complain_of(
    recorder: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert recorder.context.context_missing == "LOG_ERROR"
    assert identifiers() == {}
    assert caplog.records == []


def test_a_segment_of_another_thread_is_not_told(recorder: Any) -> None:
    recorder.begin_segment("order")
    seen: list[dict[str, str]] = []
    thread = threading.Thread(target=lambda: seen.append(identifiers()))
    thread.start()
    thread.join()
    assert seen == [{}]


def test_a_segment_that_stands_for_none_is_not_told(recorder: Any) -> None:
    models = pytest.importorskip("aws_xray_sdk.core.models.dummy_entities")
    recorder.set_trace_entity(models.DummySegment())
    assert identifiers() == {}


def test_tasks_have_the_identifiers_of_their_own_segments() -> None:
    program = """
import asyncio
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.async_context import AsyncContext

async def handle(number):
    segment = xray_recorder.begin_segment(f"order {number}")
    await asyncio.sleep(0)
    return identifiers() == {"xray_trace_id": segment.trace_id, "xray_segment_id": segment.id}

async def main():
    xray_recorder.configure(context=AsyncContext(), sampling=False)
    return await asyncio.gather(*[asyncio.create_task(handle(n)) for n in range(5)])

print(json.dumps({"right": asyncio.run(main()), "after": identifiers()}))
"""
    pytest.importorskip("aws_xray_sdk")
    assert run(program) == {"right": [True] * 5, "after": {}}


# Lambda


def test_in_lambda_the_trace_of_the_invocation_is_told() -> None:
    told = run("print(json.dumps(identifiers()))", **LAMBDA)
    assert told == {
        "xray_trace_id": "1-5759e988-bd862e3fe1be46a994272793",
        "xray_segment_id": "53995c3f42cd8ad8",
    }


def test_in_lambda_a_subsegment_of_the_sdk_is_told() -> None:
    program = """
from aws_xray_sdk.core import xray_recorder
with xray_recorder.in_subsegment("payment") as subsegment:
    within = identifiers()["xray_segment_id"] == subsegment.id
print(json.dumps([within, identifiers()["xray_segment_id"]]))
"""
    pytest.importorskip("aws_xray_sdk")
    assert run(program, LAMBDA_TASK_ROOT="/nowhere", **LAMBDA) == [True, "53995c3f42cd8ad8"]


@pytest.mark.parametrize("header", ["", "nonsense;=;a=b", "Root="])
def test_in_lambda_without_a_trace_there_is_none(header: str) -> None:
    environment = {**LAMBDA, "_X_AMZN_TRACE_ID": header}
    assert run("print(json.dumps(identifiers()))", **environment) == {}


# Neither


def test_neither_package_is_imported_for_it() -> None:
    program = """
identifiers()
print(json.dumps([name for name in sys.modules if name.startswith(("opentelemetry", "aws_xray"))]))
"""
    assert run(program) == []


@pytest.mark.parametrize("name", ["opentelemetry.trace", "aws_xray_sdk.core"])
def test_a_package_that_is_only_half_imported_is_left_alone(name: str) -> None:
    program = f"""
import types
sys.modules[{name!r}] = types.ModuleType({name!r})
print(json.dumps(identifiers()))
"""
    assert run(program) == {}


def run(program: str, **environment: str) -> Any:
    """Run a program in a process of its own; return what it printed."""
    head = f"""
import json, logging, sys
from logspire import JSONFormatter
def identifiers():
    members = json.loads(JSONFormatter().format(logging.makeLogRecord({{}})))
    return {{name: value for name, value in members.items() if name in {TRACE}}}
"""
    done = subprocess.run(
        [sys.executable, "-c", head + program],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
