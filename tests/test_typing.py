"""Type checkers know what Logspire exports: all of it, and all in the same way."""

from __future__ import annotations

import importlib.util
import inspect
import json
import subprocess
import sys
from typing import Any

import pytest

import logspire
import logspire.testing
import logspire.watchtower


def homes() -> set[str]:
    """Return where the public classes are defined, as a checker names them."""
    public = [getattr(module, name) for module in MODULES for name in module.__all__]
    return {f"{x.__module__}.{x.__qualname__}" for x in public if inspect.isclass(x)}


MODULES = (logspire, logspire.testing, logspire.watchtower)


def is_public(symbol: str) -> bool:
    """Whether it is a public class, or a member of one that is not private."""
    return any(
        symbol == home or (symbol.startswith(f"{home}.") and "._" not in symbol[len(home) :])
        for home in homes()
    )


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("pyright") is None, reason="pyright is in the extra `lint`"
)
def test_pyright_knows_the_type_of_all_that_is_public_and_nothing_is_left_to_guess() -> None:
    command = [sys.executable, "-m", "pyright", "--verifytypes", "logspire", "--ignoreexternal"]
    command += ["--pythonpath", sys.executable, "--outputjson"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    verdict: dict[str, Any] = json.loads(done.stdout)["typeCompleteness"]
    symbols = {one["name"]: one for one in verdict["symbols"] if is_public(one["name"])}
    assert homes() <= symbols.keys()
    unclear = {
        name: [said["message"] for said in one["diagnostics"]]
        for name, one in symbols.items()
        if not one["isTypeKnown"] or one["isTypeAmbiguous"]
    }
    assert unclear == {}
