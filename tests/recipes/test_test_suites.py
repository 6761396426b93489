"""The tests of ``docs/recipes/test_suites``, run by a pytest of their own, as a user's project."""

from __future__ import annotations

import shutil
import socket
import time
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest
from recipes.running import PYTHON, RECIPES, SLACK_S

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from recipes.running import Run

pytestmark = pytest.mark.slow

SHUTDOWN_TIMEOUT_S = 10  # the handler's own

# Installed, the plugin is found by pytest. From a bare tree it is named.
INSTALLED = entry_points(group="pytest11", name="logspire")
PLUGIN = () if INSTALLED else ("-p", "logspire.testing.pytest_plugin")


@pytest.mark.parametrize("file", ["test_with_fixture.py", "test_with_moto.py"])
def test_the_tests_of_a_project_pass_and_talk_to_nobody_else(
    run: Run, unreachable: Mapping[str, str], tmp_path: Path, file: str
) -> None:
    folder = shutil.copytree(RECIPES / "test_suites", tmp_path / "project")
    with socket.create_server(("127.0.0.1", 0)) as somebody_else:
        url = f"http://127.0.0.1:{somebody_else.getsockname()[1]}"
        names = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS")
        environment = {**unreachable, **dict.fromkeys(names, url)}
        suite = run(
            "test_suites",
            *(PYTHON, "-m", "pytest", "-q", *PLUGIN, file),
            cwd=folder,
            environment=environment,
        )
        assert suite.wait() == 0, suite.output
        assert "2 passed" in suite.output
        somebody_else.settimeout(0)
        with pytest.raises(BlockingIOError):
            somebody_else.accept()


ON_IMPORT = """
import shop

shop.set_up_logging()


def test_an_order_is_placed() -> None:
    shop.place_order(17)
"""


def test_unreachable_a_suite_that_logs_on_import_passes_and_ends_in_time(
    run: Run, unreachable: Mapping[str, str], tmp_path: Path
) -> None:
    folder = shutil.copytree(RECIPES / "test_suites", tmp_path / "project")
    (folder / "test_on_import.py").write_text(ON_IMPORT)
    command = (PYTHON, "-m", "pytest", "-q", "test_on_import.py")
    suite = run("test_suites", *command, cwd=folder, environment=unreachable)
    suite.wait_until_said("1 passed")
    since_s = time.monotonic()
    assert suite.wait() == 0, suite.output
    assert time.monotonic() - since_s < SHUTDOWN_TIMEOUT_S + SLACK_S
    (complaint,) = suite.complaints
    assert complaint.startswith("logspire: lost 1 record for log group 'shop': 1 shutdown")
