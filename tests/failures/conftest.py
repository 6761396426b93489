"""The situations that run side by side, and handlers for what is over sooner."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

import pytest

from logspire import CloudWatchLogHandler

from .situations import GROUP, Result, SideBySide, Situation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logspire.testing import LocalCloudWatchLogs


@pytest.fixture(scope="session")
def side_by_side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> SideBySide:
    """All situations that any test of this run asks for, started."""
    asked = [getattr(item, "callspec", None) for item in request.session.items]
    situations = [spec.params.get("result") for spec in asked if spec is not None]
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which all workers share
    return SideBySide(
        {one.name: one for one in situations if isinstance(one, Situation)}.values(),
        folder / "situations",
    )


@pytest.fixture
def result(request: pytest.FixtureRequest, side_by_side: SideBySide) -> Result:
    """What became of the situation that the test names as its parameter."""
    return side_by_side.result(request.param)


@pytest.fixture
def log() -> logging.Logger:
    made = logging.getLogger("tests.failures")
    made.setLevel(logging.INFO)
    made.propagate = False
    made.disabled = False  # as dictConfig of another test may have left it
    return made


@pytest.fixture
def make_handler(
    cloudwatch_logs: LocalCloudWatchLogs, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., CloudWatchLogHandler]]:
    """Makes handlers for this test's service, adds them to the logger, closes them at the end."""
    for name, value in cloudwatch_logs.environment.items():
        monkeypatch.setenv(name, value)
    made: list[CloudWatchLogHandler] = []

    def make(stream: str = "stream", **options: Any) -> CloudWatchLogHandler:
        handler = CloudWatchLogHandler(GROUP, stream, **{"send_interval": 0.1, **options})
        made.append(handler)
        log.addHandler(handler)
        return handler

    yield make
    cloudwatch_logs.behave()
    for handler in made:
        handler.close()
        log.removeHandler(handler)
