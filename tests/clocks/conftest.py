"""A service and a pipeline that live by the test's clock; programs as in ``tests/delivery``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from delivery.conftest import programs

from logspire.aws.client import ClientOptions, ClientSource
from logspire.aws.logs import CloudWatchLogs, GroupOptions
from logspire.core.limits import CLOUDWATCH_LOGS
from logspire.delivery.clock import Clock
from logspire.delivery.pipeline import Pipeline, Settings
from logspire.testing import LocalCloudWatchLogs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["programs"]


@dataclass
class WallClock:
    """What time it is, for everybody: set it as you like. Waits are not ruled by it."""

    now_ms: int = 1_800_000_000_000

    def ms(self) -> int:
        return self.now_ms

    def s(self) -> float:
        return self.now_ms / 1000


@pytest.fixture
def wall() -> WallClock:
    return WallClock()


@pytest.fixture
def service(wall: WallClock) -> Iterator[LocalCloudWatchLogs]:
    """A strict service whose window of time moves with the clock."""
    with LocalCloudWatchLogs(clock=wall.ms) as running:
        yield running


@pytest.fixture
def make_pipeline(
    wall: WallClock, service: LocalCloudWatchLogs, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Pipeline]]:
    """Makes what is behind a handler, for the group ``tests``; ``wall_s`` is another clock."""
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    made: list[Pipeline] = []

    def make(*, wall_s: Callable[[], float] = wall.s, **settings: Any) -> Pipeline:
        destination = CloudWatchLogs("tests", ClientSource(ClientOptions()), group=GroupOptions())
        chosen: dict[str, Any] = {"send_interval_s": 60.0, "on_loss": lambda _: None, **settings}
        clock = Clock(wall_s=wall_s)
        made.append(Pipeline(destination, Settings(CLOUDWATCH_LOGS, clock=clock, **chosen)))
        return made[-1]

    yield make
    service.behave()
    for pipeline in made:
        pipeline.close()
