"""Do the tests of the core notice if the core is wrong? A mutation score.

    python -m tests.mutation                       all of it: about forty minutes on two cores
    python -m tests.mutation retry event           these modules of logspire.core
    python -m tests.mutation --sample 100 --seed 7 some of it, the same ones for the same seed

Each mutant is the core with one small change: ``<`` for ``<=``, a statement less, another number.
The tests in ``tests/core`` run against it; a mutant that they pass has survived. Those that cannot
be told from the original are listed in ``equivalent.py``, with reasons. Works on
a copy, in memory: nothing of the repository is changed. Status 1 if a mutant survived.
"""

import argparse
import importlib.abc
import importlib.machinery
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

# What the tests need anyway: imported here, so that each process forked for a mutant has it.
import botocore.session  # noqa: F401
import hypothesis  # noqa: F401
import pytest

from .changes import Mutant, mutants_of
from .equivalent import EQUIVALENT

# The tests of the core take ten seconds; a mutant that runs for ever is noticed by that.
_CPU_LIMIT_S: Final = 30
_MEMORY_LIMIT_BYTES: Final = 2 << 30
_CONFTEST: Final = """
from hypothesis import Phase, settings
settings.register_profile("mutation", deadline=None, database=None, derandomize=True,
                          phases=[Phase.explicit, Phase.generate])
settings.load_profile("mutation")
"""


class _Imports(importlib.abc.MetaPathFinder):
    """Puts the source of a mutant in place of a module."""

    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find the module; see ``importlib.abc.MetaPathFinder``."""
        if fullname != self._name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        assert spec is not None
        assert spec.origin is not None
        spec.loader = _Loader(fullname, spec.origin, self._source)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, origin: str, source: str) -> None:
        super().__init__(name, origin)
        self._mutated = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._mutated, self.get_filename(fullname), "exec")


def start(mutant: Mutant, copied: Path) -> int:
    """Run the tests on a mutant in a process of its own; return its number."""
    child = os.fork()
    if child:
        return child
    status = 99
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_LIMIT_S, _CPU_LIMIT_S))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT_BYTES, _MEMORY_LIMIT_BYTES))
        status = _test(mutant, copied)
    finally:
        os._exit(status)


def _test(mutant: Mutant, copied: Path) -> int:
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(copied / "src"))
    sys.meta_path.insert(0, _Imports(f"logspire.core.{mutant.module}", mutant.source))
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.chdir(copied)
    tests = sorted(copied.glob("tests/core/test_*.py"), key=lambda path: _turn(path, mutant.module))
    options = ["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(copied)]
    # File by file: most mutants are noticed by the first, and reading the others takes a second.
    return next((1 for test in tests if pytest.main([*options, str(test)])), 0)


def _turn(test: Path, module: str) -> tuple[bool, str]:
    """Let those tests come first that are likely to notice."""
    return not test.stem.startswith(f"test_{module}"), test.stem


def make_copy(root: Path, folder: Path) -> Path:
    """Copy what is tested, and the tests; return where to."""
    shutil.copytree(root / "src", folder / "src")
    shutil.copytree(root / "tests" / "core", folder / "tests" / "core")
    (folder / "tests" / "conftest.py").write_text(_CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\n")
    return folder


def survivors_of(
    mutants: Sequence[Mutant], copied: Path, *, processes: int, until_s: float
) -> tuple[list[Mutant], list[Mutant]]:
    """Return the mutants that passed all tests, and those for which there was no time."""
    waiting, survived = list(reversed(mutants)), []
    running: dict[int, Mutant] = {}
    while running or (waiting and time.monotonic() < until_s):
        while waiting and len(running) < processes and time.monotonic() < until_s:
            mutant = waiting.pop()
            running[start(mutant, copied)] = mutant
        child, status = os.wait()
        mutant = running.pop(child)
        if status == 0:
            survived.append(mutant)
            print(f"survived: {mutant.module}.py:{mutant.line} {mutant.key}", flush=True)
    return survived, waiting


def main() -> int:
    """Run; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("modules", nargs="*", metavar="module")
    parser.add_argument("--sample", type=int, help="so many mutants of each module, at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60.0, help="start none after so long")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    until_s = time.monotonic() + 60 * options.minutes
    table = []
    with tempfile.TemporaryDirectory() as folder:
        copied = make_copy(Path(__file__).resolve().parents[2], Path(folder))
        unchanged = Mutant("nothing", "", 0, "", "")
        if os.waitpid(start(unchanged, copied), 0)[1]:
            raise SystemExit("the tests fail without any mutation")
        core = copied / "src/logspire/core"
        for module in options.modules or sorted(path.stem for path in core.glob("[a-z]*.py")):
            source = (core / f"{module}.py").read_text()
            mutants = mutants_of(module, source)
            if options.sample and options.sample < len(mutants):
                mutants = random.Random(options.seed).sample(mutants, options.sample)
            same = [mutant for mutant in mutants if mutant.key in EQUIVALENT]
            tried = [mutant for mutant in mutants if mutant.key not in EQUIVALENT]
            survived, left = survivors_of(
                tried, copied, processes=options.processes, until_s=until_s
            )
            killed = len(tried) - len(survived) - len(left)
            table.append((module, len(mutants), killed, len(survived), len(same), len(left)))
            print(f"{module}: {killed} of {len(tried) - len(left)} killed", flush=True)
    print("\nmodule    mutants  killed  survived  equivalent  not run")
    for row in table:
        print("{:8} {:8} {:7} {:9} {:11} {:8}".format(*row))
    return int(any(row[3] for row in table))


if __name__ == "__main__":
    sys.exit(main())
