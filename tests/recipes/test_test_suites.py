"""The tests of ``docs/recipes/test_suites``, run by a pytest of their own, as a user's project."""

from __future__ import annotations

import shutil
import socket
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest
from recipes.running import PYTHON, RECIPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from recipes.running import Run

pytestmark = pytest.mark.slow

# Installed, the plugin is found by pytest. From a bare tree it is named.
INSTALLED = entry_points(group="pytest11", name="logspire")
PLUGIN = () if INSTALLED else ("-p", "logspire.testing.pytest_plugin")


@pytest.mark.parametrize("file", ["test_with_fixture.py", "test_with_moto.py"])
def test_the_tests_of_a_project_pass_and_talk_to_nobody_else(
    run: Run, unreachable: Mapping[str, str], tmp_path: Path, file: str
) -> None:
    folder = shutil.copytree(RECIPES / "test_suites", tmp_path / "project")
    with socket.create_server(("127.0.0.1", 0)) as somebody_else:
        port = somebody_else.getsockname()[1]
        environment = {**unreachable, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
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
