"""The functions of ``docs/recipes/aws_lambda``: AWS's own runtime client, frozen in between."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from recipes.lambda_runtime import STREAM, LambdaRuntime, Outcome
from recipes.running import PYTHON

from logspire.testing import LocalCloudWatchLogs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from recipes.running import Program, Run

    Start = Callable[[str, Mapping[str, str]], Program]

pytest.importorskip("awslambdaric", reason="comes with the recipes extra, and to Linux only")

FUNCTIONS = ["synchronous", "flushing"]
ANSWERED = Outcome("response", {"statusCode": 200})


@pytest.fixture
def runtime() -> Iterator[LambdaRuntime]:
    with LambdaRuntime() as runtime:
        yield runtime


@pytest.fixture
def start(run: Run, runtime: LambdaRuntime) -> Start:
    """Starts a function, and freezes it before its first invocation."""

    def start(function: str, environment: Mapping[str, str]) -> Program:
        environment = {**environment, **runtime.environment}
        command = (PYTHON, "-m", "awslambdaric", f"{function}.lambda_handler")
        program = run("aws_lambda", *command, environment=environment)
        runtime.freeze(program)
        return program

    return start


def steps(service: LocalCloudWatchLogs) -> list[tuple[int, str]]:
    records = map(json.loads, service.messages("orders", STREAM))
    return [(record["order"], record["step"]) for record in records]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_records_of_an_invocation_are_there_when_the_process_is_frozen(
    start: Start,
    runtime: LambdaRuntime,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
    name: str,
) -> None:
    function = start(name, reachable)
    expected: list[tuple[int, str]] = []
    for order in range(5):
        assert runtime.invoke(function, {"order": order}) == ANSWERED
        expected += [(order, "begin"), (order, "end")]
        assert steps(cloudwatch_logs) == expected
    assert function.output == ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_was_logged_before_the_function_failed_is_there_too(
    start: Start,
    runtime: LambdaRuntime,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
    name: str,
) -> None:
    function = start(name, reachable)
    kind, error = runtime.invoke(function, {"order": -1})
    assert (kind, error["errorMessage"]) == ("error", "no such order")
    assert steps(cloudwatch_logs) == [(-1, "begin")]
    assert runtime.invoke(function, {"order": 1}) == ANSWERED
    assert steps(cloudwatch_logs) == [(-1, "begin"), (1, "begin"), (1, "end")]
    assert function.complaints == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_connections_that_were_closed_during_the_freeze_cost_no_record(
    start: Start, runtime: LambdaRuntime, name: str
) -> None:
    with LocalCloudWatchLogs() as service:
        function = start(name, service.environment)
        for order in range(3):
            assert runtime.invoke(function, {"order": order}) == ANSWERED
            service.stop()  # closes every connection, as the real one does with silent ones
            service.start()
        assert steps(service) == [(n, step) for n in range(3) for step in ("begin", "end")]
    assert function.output == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_after_an_outage_a_later_invocation_delivers_what_was_kept(
    start: Start,
    runtime: LambdaRuntime,
    cloudwatch_logs: LocalCloudWatchLogs,
    reachable: Mapping[str, str],
    name: str,
) -> None:
    function = start(name, reachable)
    assert runtime.invoke(function, {"order": 0}) == ANSWERED
    cloudwatch_logs.misbehave("unavailable")
    assert runtime.invoke(function, {"order": 1}) == ANSWERED
    cloudwatch_logs.behave()
    order = 2
    while (1, "begin") not in steps(cloudwatch_logs):
        assert order < 100
        assert runtime.invoke(function, {"order": order}) == ANSWERED
        order += 1
        time.sleep(0.2)  # frozen, while the wait between tries, 5 seconds at most, goes on
    assert runtime.invoke(function, {"order": order}) == ANSWERED
    arrived = steps(cloudwatch_logs)
    assert arrived == [(n, step) for n in range(order + 1) for step in ("begin", "end")]


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_unreachable_an_invocation_takes_a_bounded_time_more(
    start: Start, runtime: LambdaRuntime, unreachable: Mapping[str, str], name: str
) -> None:
    function = start(name, unreachable)
    since_s = time.monotonic()
    assert runtime.invoke(function, {"order": 1}) == ANSWERED
    waits_s = {"synchronous": 2 * 2, "flushing": 2}[name]  # for two records, for one flush
    assert time.monotonic() - since_s < waits_s + 5
