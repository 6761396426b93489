"""docs/troubleshooting.md has each message that Logspire prints, and none that it does not."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import logspire

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(logspire.__file__).parent
PAGE = Path(__file__).parents[1] / "docs/troubleshooting.md"
FOR_THE_COMMANDS = {"discovery.py", "exchanges.py"}
"""What these say is printed by ``python -m logspire check``, with its own advice."""
MODULES = [
    *(
        path
        for folder in ("core", "delivery", "aws")
        for path in (SOURCE / folder).glob("*.py")
        if path.name not in FOR_THE_COMMANDS
    ),
    SOURCE / "handler.py",
]
OPTIONS = SOURCE / "options.py"
"""Its errors need no page, its warning is on it."""
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")

# Said to who passes a wrong value, in words that need no page; all others are printed.
SAY_IT_THEMSELVES = {"InvalidValueError", "InvalidTypeError", "AttributeError"}
NOT_PRINTED = {
    " (reached max retries: 0)": "is taken out of what botocore says",
    "it was there already": "is of a creation that counts as done",
    "no answer": "stands for an error where there is none yet, and says it",
    "… takes …; not … values and …": "cannot happen to users, who make no values",
    "record is": "is on the page in the plural",
    "… ms": "is a time that no calendar has",
}


def messages(tree: ast.Module) -> Iterator[str]:
    """Return the texts of a module, ``…`` for what is filled in; not docstrings."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        said_by_itself = isinstance(node, ast.Raise) and name_of(node.exc) in SAY_IT_THEMSELVES
        if isinstance(node, ast.Expr) or said_by_itself:
            skipped.update(id(below) for below in ast.walk(node) if not is_called(node))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(map(id, node.values))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (getattr(part, "value", None) for part in node.values)
            yield "".join(part if isinstance(part, str) else "…" for part in parts)


def is_called(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def name_of(raised: ast.expr | None) -> str:
    return getattr(raised.func, "id", "") if isinstance(raised, ast.Call) else ""


def texts_of(*modules: Path) -> set[str]:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in modules)
    return {text.rstrip("\n") for tree in trees for text in messages(tree)}


def printed() -> set[str]:
    """Return the texts that are more than a word and some punctuation."""
    sentences = {text for text in texts_of(*MODULES) if " " in text and re.search("[a-z]{2}", text)}
    assert NOT_PRINTED.keys() <= sentences
    return sentences - NOT_PRINTED.keys()


def pattern(template: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, template.strip("; ").split("…"))))


def test_each_message_is_on_the_page() -> None:
    shown = CODE.findall(FENCE.sub("", PAGE.read_text(encoding="utf-8")))
    missing = {text for text in printed() if not any(map(pattern(text).search, shown))}
    assert missing == set()


def test_each_message_on_the_page_is_one_of_the_code() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Lines that begin with logspire")[2]
    rows = re.findall(r"^\| `([^`]+)` \|", section.partition("\n## ")[0], re.MULTILINE)
    assert len(rows) > 15
    texts = {text for text in texts_of(*MODULES, OPTIONS) if re.search("[a-z]{2}", text)}
    assert [row for row in rows if not any(pattern(text).fullmatch(row) for text in texts)] == []
