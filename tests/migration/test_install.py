"""Logspire takes the place of ``import watchtower``, and says where it cannot."""

from __future__ import annotations

import pickle
import subprocess
from typing import TYPE_CHECKING

import pytest
from migration.conftest import IN_ITS_PLACE, run

import logspire
from logspire import watchtower

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # and the same on every Python

INSTALL = "import logspire, sys\nlogspire.install_as_watchtower()\n"


def output_of(program: str, path: str = "") -> str:
    return run("-c", program, environment={}, path=path).stdout.strip()


def test_an_import_finds_logspire_even_if_watchtower_is_not_installed() -> None:
    nothing_else_is_found = "sys.meta_path.clear()\n"
    program = INSTALL + nothing_else_is_found + "import watchtower\nprint(watchtower.__name__)"
    assert output_of(program) == "logspire.watchtower"


def test_a_sitecustomize_on_the_path_is_enough() -> None:
    program = "from watchtower import CloudWatchLogHandler as H\nprint(H.__module__)"
    assert output_of(program, path=IN_ITS_PLACE) == "logspire.watchtower"


def test_a_second_call_changes_nothing() -> None:
    program = INSTALL + "first = sys.modules['watchtower']\n" + INSTALL
    assert output_of(program + "print(sys.modules['watchtower'] is first)") == "True"


def test_of_several_calls_the_keywords_of_the_last_one_count() -> None:
    program = (
        "import logspire\n"
        "logspire.install_as_watchtower(shutdown_timeout=3)\n"
        "logspire.install_as_watchtower(max_queue_size=5_000)\n"
        "import watchtower\n"
        "settings = watchtower.CloudWatchLogHandler()._pipeline._settings\n"
        "print(settings.shutdown_timeout_s, settings.max_queue_bytes)"
    )
    assert output_of(program) == "10.0 5000"


def test_it_is_refused_once_watchtower_is_imported(tmp_path: Path) -> None:
    (tmp_path / "watchtower.py").touch()
    with pytest.raises(subprocess.CalledProcessError) as caught:
        output_of("import watchtower\n" + INSTALL, path=str(tmp_path))
    assert "LogspireError: watchtower is imported already, from" in caught.value.stderr
    assert str(tmp_path / "watchtower.py") in caught.value.stderr


def test_keywords_of_logspire_are_for_every_handler_that_is_not_given_them() -> None:
    program = (
        "logspire.install_as_watchtower(on_loss=print)\n"
        "import watchtower\n"
        "for keywords in {}, {'on_loss': repr}:\n"
        "    print(watchtower.CloudWatchLogHandler(**keywords)._pipeline._settings.on_loss)"
    )
    assert output_of("import logspire\n" + program).splitlines() == [str(print), str(repr)]


@pytest.mark.parametrize(
    ("for_all", "given"),
    [
        ("region_name='eu-west-1'", "boto3_client=client"),
        ("endpoint_url='http://localhost:4566'", "boto3_client=client"),
        ("boto3_session=boto3.Session()", "boto3_client=client"),
        ("boto3_session=boto3.Session()", "boto3_profile_name='shop'"),
    ],
)
def test_a_client_or_a_profile_of_the_code_wins_over_the_keywords_for_all(
    for_all: str, given: str
) -> None:
    program = (
        "import boto3, logspire\n"
        "client = boto3.client('logs', region_name='us-east-1')\n"
        f"logspire.install_as_watchtower({for_all}, shutdown_timeout=3)\n"
        "import watchtower\n"
        f"print(watchtower.CloudWatchLogHandler({given})._pipeline._settings.shutdown_timeout_s)"
    )
    assert output_of(program) == "3.0"


@pytest.mark.parametrize(
    ("keywords", "complaint"),
    [
        ("send_interval=1", "send_interval: watchtower has that"),
        ("oversize='cut'", "oversize must be one of"),
        ("over_size='drop'", "unexpected keyword argument 'over_size'"),
    ],
)
def test_a_keyword_that_would_be_no_good_is_refused_at_once(keywords: str, complaint: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        output_of(f"import logspire\nlogspire.install_as_watchtower({keywords})")
    assert complaint in caught.value.stderr


def test_a_reload_stays_with_logspire() -> None:
    program = INSTALL + (
        "import importlib, watchtower\n"
        "again = importlib.reload(watchtower)\n"
        "print(again is watchtower, issubclass(again.CloudWatchLogHandler,"
        " logspire.CloudWatchLogHandler))"
    )
    assert output_of(program) == "True True"


def test_a_reload_keeps_the_keywords_for_every_handler() -> None:
    program = (
        "import importlib, logspire\n"
        "logspire.install_as_watchtower(shutdown_timeout=3)\n"
        "import watchtower\n"
        "handler = importlib.reload(watchtower).CloudWatchLogHandler()\n"
        "print(handler._pipeline._settings.shutdown_timeout_s)"
    )
    assert output_of(program) == "3.0"


def test_find_spec_knows_the_module() -> None:
    program = INSTALL + "from importlib.util import find_spec\nprint(find_spec('watchtower').name)"
    assert output_of(program) == "logspire.watchtower"


def test_a_name_that_is_missing_is_named() -> None:
    with pytest.raises(AttributeError, match=r"Logspire stands in .* 'boto3'"):
        watchtower.boto3  # noqa: B018


def test_an_import_of_a_name_that_is_missing_says_who_lacks_it() -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        output_of(INSTALL + "from watchtower import boto3")
    assert "cannot import name 'boto3' from 'logspire.watchtower'" in caught.value.stderr


def test_importing_logspire_does_not_load_it() -> None:
    program = "import logspire, sys\nprint('logspire.watchtower' in sys.modules)"
    assert output_of(program) == "False"


def test_a_handler_is_one_of_logspire_too() -> None:
    assert isinstance(watchtower.CloudWatchLogHandler(), logspire.CloudWatchLogHandler)


def test_errors_and_formatters_survive_pickle() -> None:
    error = pickle.loads(pickle.dumps(watchtower.WatchtowerError("lost")))
    assert (type(error), str(error)) == (watchtower.WatchtowerError, "lost")
    formatter = watchtower.CloudWatchLogFormatter(add_log_record_attrs=["levelname"])
    assert pickle.loads(pickle.dumps(formatter)).add_log_record_attrs == ["levelname"]
