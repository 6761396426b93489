"""The functions of ``docs/recipes/aws_lambda``: AWS's own runtime client, frozen in between."""

from __future__ import annotations

import json
import re
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from recipes.lambda_runtime import STREAM, LambdaRuntime, Outcome
from recipes.running import PYTHON, RECIPES, SLACK_S

from logspire.testing import LocalCloudWatchLogs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from recipes.running import Program, Run

    Start = Callable[..., Program]

pytest.importorskip("awslambdaric", reason="comes with the recipes extra, and to Linux only")

FUNCTIONS = ["synchronous", "flushing"]
ANSWERED = Outcome("response", {"statusCode": 200})
LONGEST_WAIT = re.compile(r"(flush\(timeout=|send_interval=)2\b")
PATIENT_S = 60
"""A busy machine needs seconds for the SDK."""


@pytest.fixture
def runtime() -> Iterator[LambdaRuntime]:
    with LambdaRuntime() as runtime:
        yield runtime


@pytest.fixture
def start(run: Run, runtime: LambdaRuntime, tmp_path: Path) -> Start:
    """Starts a function, and freezes it before its first invocation.

    With ``patient``, one that waits for as long as it takes until its records are delivered.
    """

    def start(function: str, environment: Mapping[str, str], *, patient: bool = False) -> Program:
        folder = shutil.copytree(RECIPES / "aws_lambda", tmp_path / "aws_lambda")
        if patient:
            file = folder / f"{function}.py"
            text, found = LONGEST_WAIT.subn(rf"\g<1>{PATIENT_S}", file.read_text())
            assert found == 1
            file.write_text(text)
        environment = {**environment, **runtime.environment}
        command = (PYTHON, "-m", "awslambdaric", f"{function}.lambda_handler")
        program = run("aws_lambda", *command, cwd=folder, environment=environment)
        runtime.freeze(program)
        return program

    return start


def all_steps(orders: int) -> list[tuple[int, str]]:
    return [(order, step) for order in range(orders) for step in ("begin", "end")]


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
    function = start(name, reachable, patient=True)
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
    function = start(name, reachable, patient=True)
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
        function = start(name, service.environment, patient=True)
        for order in range(3):
            assert runtime.invoke(function, {"order": order}) == ANSWERED
            service.stop()  # closes every connection, as the real one does with silent ones
            service.start()
        assert steps(service) == all_steps(3)
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
    orders = 2
    # One that waits too short a time, on a busy machine, leaves its records to the next as well.
    while (arrived := steps(cloudwatch_logs)) != all_steps(orders):
        assert orders < 100, arrived
        assert runtime.invoke(function, {"order": orders}) == ANSWERED
        orders += 1
        time.sleep(0.2)  # frozen, while the wait between tries, 5 seconds at most, goes on


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_unreachable_an_invocation_takes_a_bounded_time_more(
    start: Start, runtime: LambdaRuntime, unreachable: Mapping[str, str], name: str
) -> None:
    function = start(name, unreachable)
    since_s = time.monotonic()
    assert runtime.invoke(function, {"order": 1}) == ANSWERED
    waits_s = {"synchronous": 2 * 2, "flushing": 2}[name]  # for two records, for one flush
    assert time.monotonic() - since_s < waits_s + SLACK_S
