"""What is public in the real watchtower is there, and the migration page goes through all of it."""

from __future__ import annotations

import inspect
import logging
import re
from pathlib import Path

import pytest

import logspire
from logspire import watchtower as ours

real = pytest.importorskip("watchtower", reason="watchtower is in the extra `bench`")

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/migration.md"


def rows(heading: str) -> dict[str, list[str]]:
    """Return the table under a heading of the page: the cells by the name in the first."""
    _, _, after = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")
    table = re.findall(r"^\| `(\w+)` \|(.*)\|$", after.split("\n## ")[0], re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in table}


def public_names_of_module() -> set[str]:
    return {
        name
        for name, value in vars(real).items()
        if not name.startswith("_") and getattr(value, "__module__", "watchtower") == "watchtower"
        if not inspect.ismodule(value)
    }


def public_attributes_of_handler() -> set[str]:
    handler = real.CloudWatchLogHandler(create_log_group=False, boto3_client=object())
    theirs = {*vars(handler), *vars(real.CloudWatchLogHandler)}
    return {name for name in theirs - set(dir(logging.Handler())) if not name.startswith("_")}


def test_every_public_name_is_there() -> None:
    assert "CloudWatchLogHandler" in public_names_of_module()
    assert public_names_of_module() - set(ours.__all__) == set()


def test_the_keywords_are_there_in_the_same_order() -> None:
    theirs = list(inspect.signature(real.CloudWatchLogHandler).parameters)[:-2]
    assert list(inspect.signature(ours.CloudWatchLogHandler).parameters)[: len(theirs)] == theirs


def test_the_page_has_every_keyword_with_both_defaults() -> None:
    theirs = inspect.signature(real.CloudWatchLogHandler).parameters
    mine = inspect.signature(ours.CloudWatchLogHandler).parameters
    names = [name for name in theirs if name not in {"args", "kwargs"}]
    documented = {name: cells[:2] for name, cells in rows("Keyword by keyword").items()}
    assert documented == {
        name: [shown(theirs[name].default), shown(mine[name].default)] for name in names
    }


def test_readme_and_page_name_the_defaults_that_differ_once_the_import_is_changed() -> None:
    theirs = inspect.signature(real.CloudWatchLogHandler).parameters
    mine = inspect.signature(logspire.CloudWatchLogHandler).parameters
    differ = {
        name
        for name in theirs.keys() & mine.keys()
        if (theirs[name].default or None) != (mine[name].default or None)
    }
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (sentence,) = re.findall(r"Defaults that differ: (.*?)\. For", readme, re.DOTALL)
    assert set(re.findall(r"`(\w+)` \(", sentence)) == differ
    page = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| default of `(\w+)` \|", page, re.MULTILINE)) == differ


def shown(default: object) -> str:
    return f"`{default!r}`".replace("'", '"')


def test_the_page_has_every_attribute_and_says_which_are_there() -> None:
    documented = rows("Attributes of the handler")
    assert documented.keys() == public_attributes_of_handler()
    handler = ours.CloudWatchLogHandler(boto3_client=Client())
    there = {name for name in documented if hasattr(handler, name)}
    assert there == {name for name, cells in documented.items() if cells[0] != "no"}


class Client:
    """Enough of a client to be taken for one."""

    def put_log_events(self) -> None: ...
