"""The coroutines of ``docs/recipes/asyncio``. Their console shows what is to arrive."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from recipes.running import PYTHON, RECIPES, SLACK_S, arrived, copy_with

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from recipes.running import Run

    from logspire.testing import LocalCloudWatchLogs

PACKERS = ["ann", "bob", "eve"]


def test_the_records_of_coroutines_arrive_in_order_each_with_its_context(
    run: Run, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    program = run("asyncio", PYTHON, "packers.py", "20", shutdown_timeout=30, environment=reachable)
    assert program.wait() == 0, program.output
    ((_, texts),) = arrived(cloudwatch_logs, "warehouse").items()
    assert texts == program.output.splitlines()
    assert (texts[0], texts[-1]) == ("INFO [-] opens", "INFO [-] closes")
    for name in PACKERS:
        mine = [text for text in texts if f"[{name}]" in text]
        packed = [f"INFO [{name}] packed order {number}" for number in range(20)]
        assert mine == [*packed, f"INFO [{name}] goes home"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_cancelled_coroutines_log_on_their_way_out_arrives(
    run: Run, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str], number: int
) -> None:
    program = run(
        "asyncio", PYTHON, "packers.py", "100000", shutdown_timeout=30, environment=reachable
    )
    program.wait_until_said("[eve] packed order 5\n")
    assert program.stop(number) == 0, program.output
    ((_, texts),) = arrived(cloudwatch_logs, "warehouse").items()
    assert texts == program.output.splitlines()
    assert sorted(texts[-3:]) == [f"INFO [{name}] goes home" for name in PACKERS]


@pytest.mark.slow
def test_unreachable_the_loop_turns_on_and_the_program_ends_in_time(
    run: Run, unreachable: Mapping[str, str], tmp_path: Path
) -> None:
    packers = copy_with(1, RECIPES / "asyncio", tmp_path / "asyncio") / "packers.py"
    packers.write_text(packers.read_text().replace("shutdown", "send_interval=60, shutdown"))
    program = run(
        "asyncio", PYTHON, packers.name, "20", cwd=packers.parent, environment=unreachable
    )
    program.wait_until_said("opens")
    # To wait for one record would take a minute, `send_interval`, even where none is to come.
    program.wait_until_said("closes", timeout=40)
    since_s = time.monotonic()
    assert program.wait() == 0
    assert time.monotonic() - since_s < 1 + SLACK_S
    (complaint,) = program.complaints
    assert complaint.startswith("logspire: lost 65 records for log group 'warehouse': 65 shutdown")
