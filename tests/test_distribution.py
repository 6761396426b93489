"""What is installed is all of the package and nothing else, and it is what the tests import."""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

import logspire

TREE = Path(__file__).parents[1] / "src"


def installed() -> Distribution | None:
    """Return Logspire as it was installed from a wheel; not so by ``pip install --editable``."""
    found = next(iter(distributions(name="logspire")), None)
    files = () if found is None else found.files or ()
    return found if any(file.name == "py.typed" for file in files) else None


WHEEL = installed()
pytestmark = pytest.mark.skipif(WHEEL is None, reason="Logspire runs from its tree")


def files() -> set[str]:
    assert WHEEL is not None
    assert WHEEL.files is not None
    return {file.as_posix() for file in WHEEL.files if file.suffix != ".pyc"}


def test_the_tests_import_what_is_installed_and_not_the_tree() -> None:
    assert WHEEL is not None
    assert logspire.__file__ == str(WHEEL.locate_file("logspire/__init__.py"))
    assert str(TREE) not in sys.path


def test_the_wheel_has_the_whole_package_and_nothing_beside_it() -> None:
    package = {path.relative_to(TREE).as_posix() for path in TREE.rglob("*") if path.is_file()}
    package = {path for path in package if "__pycache__" not in path}
    assert {path for path in files() if not path.startswith("logspire-")} == package
    assert "logspire/py.typed" in package


def test_the_wheel_comes_with_its_licence_and_its_pytest_plugin() -> None:
    assert WHEEL is not None
    assert any(path.endswith("/licenses/LICENSE") for path in files())
    assert WHEEL.metadata["License-Expression"] == "Apache-2.0"
    plugins = WHEEL.entry_points.select(group="pytest11")
    assert [plugin.value for plugin in plugins] == ["logspire.testing.pytest_plugin"]


def test_boto3_and_botocore_are_all_that_it_needs() -> None:
    assert WHEEL is not None
    needed = [line for line in WHEEL.requires or () if "extra ==" not in line]
    assert {re.split(r"[<>=!~ ;]", line)[0] for line in needed} == {"boto3", "botocore"}
    assert WHEEL.version == logspire.__version__
