"""The notebook of ``docs/recipes/jupyter`` in a real kernel (ipykernel), driven by nbclient."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from recipes.running import PYTHON, SLACK_S, arrived

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from recipes.running import Program, Run

    from logspire.testing import LocalCloudWatchLogs

    Execute = Callable[..., Program]

pytest.importorskip("ipykernel", reason="comes with the recipes extra")
pytest.importorskip("nbclient", reason="comes with the recipes extra")
pytestmark = pytest.mark.slow

DRIVER = str(Path(__file__).with_name("notebook.py"))
SET_UP, WORK, FLUSH = "0", "1", "2"


@pytest.fixture
def execute(run: Run, tmp_path: Path) -> Execute:
    """Runs cells by their number in a new kernel, which may be told to ``restart`` in between."""

    def execute(*steps: str, environment: Mapping[str, str], timeout: float) -> Program:
        folders = dict.fromkeys(("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"), str(tmp_path / "own"))
        return run(
            "jupyter",
            *(PYTHON, DRIVER, "notebook.py", *steps),
            environment={**environment, **folders},
            shutdown_timeout=timeout,
        )

    return execute


def test_a_cell_that_is_run_again_doubles_nothing(
    execute: Execute, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    steps = (SET_UP, WORK, SET_UP, SET_UP, WORK, FLUSH)
    notebook = execute(*steps, environment=reachable, timeout=30)
    notebook.wait_until_said("[2] True")
    ((_, texts),) = arrived(cloudwatch_logs, "notebooks").items()
    assert texts == ["loaded 1000 rows"] * 2
    assert notebook.wait() == 0, notebook.output
    below = [
        line.strip() for line in notebook.output.splitlines() if line[:2] in {"[0", "[1", "[2"}
    ]
    assert below == ["[0]", "[1]", "[0]", "[0]", "[1]", "[2] True"]
    assert notebook.complaints == []


def test_a_restarted_kernel_and_one_that_is_closed_deliver_what_they_hold(
    execute: Execute, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    steps = (SET_UP, WORK, "restart", SET_UP, WORK)
    notebook = execute(*steps, environment=reachable, timeout=30)
    assert notebook.wait() == 0, notebook.output
    assert list(arrived(cloudwatch_logs, "notebooks").values()) == [["loaded 1000 rows"]] * 2


def test_unreachable_cells_run_and_the_kernel_ends_in_time(
    execute: Execute, unreachable: Mapping[str, str]
) -> None:
    notebook = execute(SET_UP, WORK, FLUSH, environment=unreachable, timeout=1)
    notebook.wait_until_said("[2] False")
    since_s = time.monotonic()
    assert notebook.wait() == 0, notebook.output
    assert time.monotonic() - since_s < 1 + SLACK_S
