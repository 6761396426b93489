"""The public names, their parameters and defaults: none changes without being meant to.

``python -m tests.test_public_names`` writes them as they are now, to be committed with the change.
"""

from __future__ import annotations

import enum
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import logspire
import logspire.testing
import logspire.watchtower

if TYPE_CHECKING:
    from collections.abc import Iterator

PINNED = Path(__file__).with_name("public_names.txt")
MODULES = (logspire, logspire.testing, logspire.watchtower)


def public_names() -> Iterator[str]:
    for module in MODULES:
        for name in sorted(module.__all__):
            path = f"{module.__name__}.{name}"
            value = getattr(module, name)
            if not inspect.isclass(value):
                yield path + (parameters(value) if callable(value) else "")
                continue
            bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
            yield f"{path}: {bases}" if bases else path
            yield from (f"    {line}" for line in members(value))


def members(cls: type) -> Iterator[str]:
    if issubclass(cls, enum.Enum):
        yield from (f"{member.name} = {member.value!r}" for member in cls)
        return
    yield from getattr(cls, "__match_args__", ())  # fields: those of values, in order
    if inspect.isfunction(cls.__init__) and not hasattr(cls, "__match_args__"):
        yield "__init__" + parameters(cls.__init__)
    for name, member in vars(cls).items():
        if name.startswith("_") or name in getattr(cls, "__match_args__", ()):
            continue
        function = getattr(member, "__func__", member)
        yield name + (parameters(function) if inspect.isfunction(function) else "")


def parameters(function: object) -> str:
    assert callable(function)
    signature = inspect.signature(function)
    bare = [one.replace(annotation=one.empty) for one in signature.parameters.values()]
    text = str(signature.replace(parameters=bare, return_annotation=signature.empty))
    return re.sub(r"<function .*? at 0x\w+>", "<function>", text)


def test_the_public_names_are_those_that_are_pinned() -> None:
    assert "\n".join(public_names()) == PINNED.read_text(encoding="utf-8").rstrip("\n")


def test_the_file_for_the_type_checkers_uses_each_name_and_keyword() -> None:
    used = (Path(__file__).parent / "typed/uses.py").read_text(encoding="utf-8")
    pinned = PINNED.read_text(encoding="utf-8")
    names = set(re.findall(r"^(?:logspire[\w.]*\.|    )(\w+)", pinned, re.MULTILINE)) - {"__init__"}
    keywords = set(re.findall(r"(\w+)=", pinned))
    assert {name for name in names if not re.search(rf"\b{name}\b", used)} == set()
    assert {name for name in keywords if not re.search(rf"\b{name}=", used)} == set()


if __name__ == "__main__":
    PINNED.write_text("\n".join(public_names()) + "\n", encoding="utf-8")
