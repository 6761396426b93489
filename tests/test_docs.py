"""The examples of the README and of the documentation do what they say, as they stand."""

import doctest
import inspect
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from patience import PATIENCE_S

import logspire.testing
import logspire.watchtower
from logspire import CloudWatchLogHandler, LossReason
from logspire.__main__ import main
from logspire.testing import LocalCloudWatchLogs

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(?P<kind>\S+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

# At exit all that was logged has ten seconds, unless a program says otherwise. That includes the
# import of the SDK, for which alone a busy machine takes longer.
PATIENT = """
import logspire
logspire.CloudWatchLogHandler.__init__.__kwdefaults__["shutdown_timeout"] = 100
"""
README_USE = """
if "LOGGING" in globals():
    import logging.config
    logging.config.dictConfig(LOGGING)
    logging.info("configured")
"""


def fences(page: Path, kind: str) -> list[str]:
    found = FENCE.finditer(page.read_text(encoding="utf-8"))
    return [match["text"] for match in found if match["kind"] == kind]


def run_against(
    service: LocalCloudWatchLogs, program: str, cwd: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PATIENT + program],
        check=False,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, **service.environment},
        text=True,
        timeout=PATIENCE_S,
    )


def refusals_but_for_what_is_missing(service: LocalCloudWatchLogs) -> set[str]:
    return set(service.summary.refused) - {"ResourceNotFoundException"}


@pytest.mark.parametrize("number", range(len(fences(ROOT / "README.md", "python"))))
def test_a_program_of_the_readme_delivers(
    number: int, cloudwatch_logs: LocalCloudWatchLogs, tmp_path: Path
) -> None:
    program = fences(ROOT / "README.md", "python")[number]
    run = run_against(cloudwatch_logs, program + README_USE, tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert cloudwatch_logs.summary.events_stored > 0
    assert refusals_but_for_what_is_missing(cloudwatch_logs) == set()


@pytest.mark.parametrize(
    "example", sorted((ROOT / "docs/examples").glob("*.py")), ids=lambda path: path.name
)
def test_an_example_of_the_documentation_delivers(
    example: Path, cloudwatch_logs: LocalCloudWatchLogs, tmp_path: Path
) -> None:
    program = example.read_text(encoding="utf-8")
    run = run_against(cloudwatch_logs, program, tmp_path)
    assert run.returncode == 0, run.stderr
    assert "logspire:" not in run.stderr
    assert cloudwatch_logs.summary.events_stored > 0
    assert refusals_but_for_what_is_missing(cloudwatch_logs) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_doctests_of_a_page_hold(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")  # restored, whatever an example sets
    defaults: Any = CloudWatchLogHandler.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "shutdown_timeout", 100)  # see PATIENT
    text = "\n".join(fences(page, "{doctest}"))
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.DocTestRunner(optionflags=flags).run(test).failed == 0


def test_every_keyword_is_documented_with_its_default() -> None:
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE)
    documented = {name: re.sub(r"[`\s]", "", default) for name, default in rows}
    parameters = inspect.signature(CloudWatchLogHandler).parameters
    actual = {
        name: repr(p.default).replace("'", '"').replace(" ", "") for name, p in parameters.items()
    }
    actual["level"] = "NOTSET"
    assert documented == actual


@pytest.mark.parametrize(
    ("module", "page"),
    [
        (logspire, "api.md"),
        (logspire.testing, "api-testing.md"),
        (logspire.watchtower, "api-watchtower.md"),
    ],
)
def test_every_public_name_is_in_the_reference(module: ModuleType, page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    described = re.findall(r"^\.\. auto\w+:: (\w+)(?:\(|$)", text, re.MULTILINE)
    names = {name for name in module.__all__ if not name.startswith("_")}
    assert names == set(described) - {"logspire"}


@pytest.mark.slow
@pytest.mark.skipif(find_spec("myst_parser") is None, reason="Sphinx is in the extra `docs`")
def test_the_reference_shows_what_each_formatter_is_made_with(tmp_path: Path) -> None:
    pages = [str(ROOT / "docs" / page) for page in ("api.md", "api-watchtower.md")]
    build = [sys.executable, "-m", "sphinx", "-q", "-b", "text", str(ROOT / "docs"), str(tmp_path)]
    subprocess.run([*build, *pages], check=True)
    text = "".join(page.read_text(encoding="utf-8") for page in tmp_path.glob("api*.txt"))
    shown = re.findall(r"^class logspire\S*?\.(\w+Formatter)\((\w+|\*args)[=,]", text, re.MULTILINE)
    assert sorted(shown) == [
        ("CloudWatchLogFormatter", "*args"),
        ("CloudWatchLogFormatter", "fmt"),
        ("JSONFormatter", "fmt"),
    ]


def test_the_help_of_every_command_is_in_the_reference(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    commands = re.findall(r"^    (\w+) ", capsys.readouterr().out, re.MULTILINE)
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    shown = re.findall(r"} python -m logspire (\w+) --help$", text, re.MULTILINE)
    assert shown == commands != []


def test_every_reason_for_a_loss_is_documented() -> None:
    text = (ROOT / "docs/guarantees.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [
        reason.value for reason in LossReason
    ]
