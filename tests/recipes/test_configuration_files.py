"""``docs/recipes/dict_config`` and ``docs/recipes/file_config``: strings and numbers only."""

from __future__ import annotations

import json
import os
import re
import runpy
import time
from typing import TYPE_CHECKING

import pytest
from recipes.running import PYTHON, RECIPES, SLACK_S, arrived

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recipes.running import Run

    from logspire.testing import LocalCloudWatchLogs

DATED_STREAM = re.escape(os.uname().nodename) + r"/%d/\d{4}-\d\d-\d\d"
DICT_CONFIGS = ["from_python.py", "from_json.py", "from_yaml.py"]


def members(text: str) -> dict[str, str]:
    """Return those of a JSON object that do not change from run to run."""
    found: dict[str, str] = json.loads(text)
    return {name: found[name] for name in ("level", "logger", "message", "customer")}


ORDER = {"level": "INFO", "logger": "shop", "message": "order 17 paid", "customer": "ann"}


@pytest.mark.parametrize("program", DICT_CONFIGS)
def test_a_dictionary_sets_up_console_and_cloudwatch(
    run: Run, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str], program: str
) -> None:
    if "yaml" in program:
        pytest.importorskip("yaml", reason="comes with the recipes extra")
    shop = run("dict_config", PYTHON, program, shutdown_timeout=30, environment=reachable)
    assert shop.wait() == 0, shop.output
    assert shop.output.splitlines() == ["looking for order 17", "order 17 paid"]
    ((stream, texts),) = arrived(cloudwatch_logs, "shop").items()
    assert [members(text) for text in texts] == [ORDER]
    assert re.fullmatch(DATED_STREAM % shop.process.pid, stream)


def test_an_ini_file_sets_up_console_and_cloudwatch(
    run: Run, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> None:
    shop = run("file_config", PYTHON, "program.py", shutdown_timeout=30, environment=reachable)
    assert shop.wait() == 0, shop.output
    assert shop.output.splitlines() == ["DEBUG looking for order 17", "INFO order 17 paid"]
    ((stream, texts),) = arrived(cloudwatch_logs, "shop").items()
    assert [members(text) for text in texts] == [ORDER]
    assert re.fullmatch(DATED_STREAM % shop.process.pid, stream)


def test_the_files_say_the_same_as_the_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    yaml = pytest.importorskip("yaml", reason="comes with the recipes extra")
    folder = RECIPES / "dict_config"
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)
    dictionary = runpy.run_path(str(folder / "from_python.py"))["LOGGING"]
    assert json.loads((folder / "logging.json").read_text()) == dictionary
    assert yaml.safe_load((folder / "logging.yaml").read_text()) == dictionary


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "program"), [("dict_config", "from_json.py"), ("file_config", "program.py")]
)
def test_unreachable_the_program_ends_in_the_time_that_is_configured(
    run: Run, unreachable: Mapping[str, str], recipe: str, program: str
) -> None:
    shop = run(recipe, PYTHON, program, shutdown_timeout=1, environment=unreachable)
    shop.wait_until_said("order 17 paid")
    since_s = time.monotonic()
    assert shop.wait() == 0
    assert time.monotonic() - since_s < 1 + SLACK_S
    (complaint,) = shop.complaints
    assert complaint.startswith("logspire: lost 1 record for log group 'shop': 1 shutdown")
