"""The recipes of the documentation, each run as its reader would run it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from recipes.running import RECIPES, Program, copy_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from logspire.testing import LocalCloudWatchLogs

#: Nothing of the account of whoever runs the tests is found.
ISOLATION = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts commands in the folder of a recipe; ends what is left of them after the test.

    With ``shutdown_timeout``, in a copy of it where that is set: less, to wait less for a service
    that does not answer; more, for one that does while the machine is busy.
    """
    started: list[Program] = []

    def run(
        recipe: str, *command: str, shutdown_timeout: float | None = None, **options: Any
    ) -> Program:
        options["environment"] = {**ISOLATION, **options.get("environment", {})}
        if shutdown_timeout is not None:
            options["cwd"] = copy_with(shutdown_timeout, RECIPES / recipe, tmp_path / recipe)
        options.setdefault("cwd", RECIPES / recipe)
        started.append(Program(*command, **options))
        return started[-1]

    yield run
    for program in started:
        program.clean_up()


@pytest.fixture
def reachable(cloudwatch_logs: LocalCloudWatchLogs) -> Mapping[str, str]:
    """The environment of a program that finds the strict service."""
    return cloudwatch_logs.environment


@pytest.fixture
def unreachable() -> Iterator[Mapping[str, str]]:
    """The environment of a program whose calls get no answer: the worst of outages."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as silent:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }


@pytest.fixture
def port() -> Iterator[int]:
    """A port for a server that takes no socket. Until it comes nobody else is given it.

    Linux lets two sockets have a port, if both say so and only one listens; servers all say so.
    """
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", 0))
        yield place.getsockname()[1]


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """A socket that a server inherits: who comes before it listens, waits there."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        yield listening
