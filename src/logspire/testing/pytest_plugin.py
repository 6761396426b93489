"""The pytest fixture that comes with Logspire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logspire.testing import LocalCloudWatchLogs


@pytest.fixture
def cloudwatch_logs() -> Iterator[LocalCloudWatchLogs]:
    """A strict local CloudWatch Logs, started for this test and empty."""
    from logspire.testing import LocalCloudWatchLogs  # noqa: PLC0415 -- loaded by every run

    with LocalCloudWatchLogs() as service:
        yield service
