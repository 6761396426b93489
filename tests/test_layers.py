"""Imports only point down, and importing Logspire costs next to nothing."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from patience import PATIENCE_S


def package_root() -> Path:
    spec = find_spec("logspire")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


ROOT = package_root()
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
TOP_MODULES = {f"logspire.{module[:-3]}" for module in MODULES if "/" not in module}

# What each layer may import besides itself: a name admits that module and all below it.
ANY_STDLIB = frozenset(sys.stdlib_module_names)
SDK = frozenset({"boto3", "botocore"})
# Not there at run time, so only where a type checker looks.
TYPES_ONLY = frozenset({"mypy_boto3_logs", "typing_extensions"})
ALLOWED = {
    # Nothing here knows the time, chance, threads or the world outside.
    "core": frozenset(
        [
            "__future__",
            "abc",
            "array",
            "bisect",
            "collections",
            "datetime",
            "enum",
            "functools",
            "heapq",
            "itertools",
            "math",
            "operator",
            "string",
            "sys",
            "types",
            "typing",
            "zlib",
        ]
    ),
    "delivery": ANY_STDLIB | {"logspire.core"},
    "aws": ANY_STDLIB | {"logspire.core", "logspire._version"} | SDK,
    "formatters": ANY_STDLIB | {"logspire.core"},
    "testing": ANY_STDLIB | {"pytest"} | SDK,
    "top": ANY_STDLIB
    | {"logspire.core", "logspire.delivery", "logspire.aws", "logspire.formatters"}
    | TOP_MODULES,
    # The command line shows the product together with its testing kit.
    "cli": ANY_STDLIB | {"logspire"},
}


def layer_of(module: str) -> str:
    folder, _, rest = module.partition("/")
    if rest:
        return folder
    return "cli" if module == "__main__.py" else "top"


def imports_of(module: str) -> Iterator[str]:
    """Every import in a file, those inside functions too, as absolute dotted names."""
    package = ["logspire", *module.split("/")[:-1]]
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    for_types = {id(node) for block in type_checking_blocks(tree) for node in ast.walk(block)}
    for node in ast.walk(tree):
        for name in names_in(node, package):
            if not (id(node) in for_types and name in TYPES_ONLY):
                yield name


def type_checking_blocks(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from node.body


def names_in(node: ast.AST, package: list[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    above = package[: len(package) - node.level + 1] if node.level else []
    origin = ".".join([*above, *([node.module] if node.module else [])])
    # `from logspire import core` imports a layer, `from logspire.core import Batch` a name.
    return [f"{origin}.{alias.name}" for alias in node.names] if origin == "logspire" else [origin]


def is_allowed(name: str, layer: str) -> bool:
    parts = name.split(".")
    name_and_parents = {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return not name_and_parents.isdisjoint(ALLOWED[layer] | {f"logspire.{layer}"})


def test_each_package_belongs_to_a_known_layer() -> None:
    assert {layer_of(module) for module in MODULES} <= set(ALLOWED)


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_point_down(module: str) -> None:
    layer = layer_of(module)
    assert [name for name in imports_of(module) if not is_allowed(name, layer)] == []


@pytest.mark.parametrize("layer", ["formatters", "delivery", "aws", "core"])
def test_the_page_about_the_architecture_names_each_module_of_a_layer(layer: str) -> None:
    page = (Path(__file__).parents[1] / "docs/architecture.md").read_text(encoding="utf-8")
    (cell,) = re.findall(rf"^\| `{layer}` \|([^|]*)\|", page, re.MULTILINE)
    names = re.findall(r"`(\w+)`", cell.partition(" for ")[0])
    there = [module.split("/")[1][:-3] for module in MODULES if layer_of(module) == layer]
    assert sorted(names) == sorted(set(there) - {"__init__"})


@pytest.mark.parametrize(
    ("name", "layer", "verdict"),
    [
        ("time", "core", False),
        ("collections.abc", "core", True),
        ("logspire.core.limits", "core", True),
        ("logspire.delivery", "core", False),
        ("botocore.config", "delivery", False),
        ("logspire.aws.client", "delivery", False),
        ("botocore.config", "aws", True),
        ("logspire.delivery", "aws", False),
        ("logspire.aws", "formatters", False),
        ("logspire.core", "testing", False),
        ("logspire.testing", "top", False),
        ("boto3", "top", False),
        ("logspire.testing", "cli", True),
        ("logspire.cli.demo", "top", False),
        ("botocore", "cli", False),
    ],
)
def test_the_rule_tells_down_from_up(name: str, layer: str, *, verdict: bool) -> None:
    assert is_allowed(name, layer) is verdict


def test_importing_logspire_loads_no_sdk_and_starts_no_thread() -> None:
    program = (
        "import logspire, sys, threading\n"
        "costly = ('boto3', 'botocore', 'logspire.cli', 'logspire.testing', 'pytest')\n"
        "print([name for name in costly if name in sys.modules], threading.active_count())"
    )
    assert output_of(program) == "[] 1"


def test_importing_and_constructing_load_nothing_that_takes_long() -> None:
    program = (
        "import logging, sys\n"
        "there = set(sys.modules)\n"
        "import logspire\n"
        "logspire.CloudWatchLogHandler('group')\n"
        "print(*sorted(set(sys.modules) - there))"
    )
    loaded = set(output_of(program).split())
    assert "logspire.handler" in loaded
    costly = {"concurrent", "dataclasses", "inspect", "random", "socket", "ssl", "typing"}
    assert costly & loaded == set()


def test_what_not_every_program_uses_is_loaded_when_it_is_first_asked_for() -> None:
    program = (
        "import logspire, sys\n"
        "module = 'logspire.formatters.json_formatter'\n"
        "print(module in sys.modules, {'JSONFormatter', 'log_context'} <= set(dir(logspire)))\n"
        "from logspire import *\n"
        "print(JSONFormatter.__name__, log_context.__name__, module in sys.modules)\n"
        "print(hasattr(logspire, 'JSONFormater'))"
    )
    expected = "False True JSONFormatter log_context True False"
    assert output_of(program).split() == expected.split()


def output_of(program: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    return run.stdout.strip()
