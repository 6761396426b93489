"""Links lead somewhere, on the site and in plain Markdown; what pages cite is there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
IMAGE = re.compile(r'src(?:set)?="([^"]+)"')
FENCE = re.compile(r"^(```+).*?^\1$", re.MULTILINE | re.DOTALL)
URL = re.compile(r"https?://([\w.-]+)")
TEST_FILE = re.compile(r"`(tests/[\w./]+)`")
TEST_NAME = re.compile(r"`(test_\w+_\w+_\w+)`")

# Nobody looks there when the tests run: `sphinx-build -b linkcheck docs /tmp/links` does.
EXTERNAL = {"docs.aws.amazon.com", "docs.python.org", "semver.org"}
MADE_UP = {"127.0.0.1", "localhost"}


@cache
def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors of a page, as GitHub and the site make them of its headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        again = (f"{words}-{number}" for number in range(1, 100))
        found.add(next(name for name in (words, *again) if name not in found))
    return found


def names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_of_a_page_lead_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    broken = []
    for target in LINK.findall(prose(page)) + IMAGE.findall(prose(page)):
        if URL.match(target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.is_file() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_to_elsewhere_go_to_places_that_are_known(page: Path) -> None:
    targets = [target for target in LINK.findall(prose(page)) if URL.match(target)]
    assert {urlsplit(target).hostname for target in targets} <= EXTERNAL | MADE_UP


@cache
def all_tests() -> set[str]:
    texts = (file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    return {name for text in texts for name in re.findall(r"def (test_\w+)", text)}


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_tests_that_a_page_cites_exist(page: Path) -> None:
    text = prose(page)
    assert [path for path in TEST_FILE.findall(text) if not (ROOT / path).exists()] == []
    assert set(TEST_NAME.findall(text)) <= all_tests()


def test_every_page_of_the_documentation_can_be_reached_from_the_readme() -> None:
    reached, todo = {ROOT / "README.md"}, [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        for target in LINK.findall(prose(page)) + toctree(page):
            file = (page.parent / target.partition("#")[0]).resolve()
            if file.suffix == ".md" and file not in reached:
                reached.add(file)
                todo.append(file)
    assert set(PAGES) - reached == set()


def toctree(page: Path) -> list[str]:
    """Return the pages that a page lists for the site."""
    tree = re.compile(r"^```{toctree}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    trees = tree.findall(page.read_text(encoding="utf-8"))
    entries = [line for tree in trees for line in tree.splitlines() if line and line[0] != ":"]
    return [
        file.relative_to(page.parent).as_posix()
        for entry in entries
        for file in page.parent.glob(f"{entry}.md")
    ]
