"""structlog and Loguru in front of the handler: ``docs/recipes/structlog``, ``.../loguru``."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from recipes.running import PYTHON, SLACK_S, arrived

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from recipes.running import Run

    from logspire.testing import LocalCloudWatchLogs

    Deliver = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def deliver(
    run: Run, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> Deliver:
    """Runs a program of a recipe; returns the objects that arrived."""

    def deliver(recipe: str, program: str, **environment: str) -> list[dict[str, Any]]:
        pytest.importorskip(recipe, reason="comes with the recipes extra")
        environment = {**reachable, **environment}
        shop = run(recipe, PYTHON, program, shutdown_timeout=30, environment=environment)
        assert shop.wait() == 0, shop.output
        assert shop.complaints == []
        ((_, texts),) = arrived(cloudwatch_logs, "shop").items()
        return [json.loads(text) for text in texts]

    return deliver


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def test_what_structlog_binds_becomes_fields_through_the_extras(deliver: Deliver) -> None:
    bound = {"logger": "shop", "order": 17, "request": "r-1"}
    paid, not_sent, old = deliver("structlog", "extras.py")
    assert without(paid, "timestamp") == {**bound, "level": "INFO", "message": "paid", "by": "ann"}
    exception = not_sent.pop("exception")
    assert without(not_sent, "timestamp") == {**bound, "level": "ERROR", "message": "not sent"}
    assert (exception["type"], exception["message"]) == ("KeyError", "'address'")
    assert without(old, "timestamp", "request") == {
        "level": "WARNING",
        "logger": "library",
        "message": "old",
    }


def test_a_dictionary_of_structlog_arrives_as_it_is_with_the_traceback(deliver: Deliver) -> None:
    bound = {"logger": "shop", "order": 17, "request": "r-1"}
    paid, not_sent = deliver("structlog", "dictionary.py")
    assert paid == {**bound, "level": "info", "event": "paid", "by": "ann"}
    assert not_sent.pop("exc_info").endswith("KeyError: 'address'")
    assert not_sent == {**bound, "level": "error", "event": "not sent"}


def test_the_formatter_of_structlog_shapes_records_of_libraries_too(deliver: Deliver) -> None:
    bound = {"logger": "shop", "order": 17, "request": "r-1"}
    paid, not_sent, old = deliver("structlog", "processor_formatter.py")
    assert paid == {**bound, "level": "info", "event": "paid", "by": "ann"}
    (exception,) = not_sent.pop("exception")
    assert not_sent == {**bound, "level": "error", "event": "not sent"}
    assert exception["exc_type"] == "KeyError"
    assert {name for frame in exception["frames"] for name in frame} == {
        "filename",
        "lineno",
        "name",
    }
    assert old == {"logger": "library", "request": "r-1", "level": "warning", "event": "old"}


@pytest.mark.parametrize("enqueue", ["0", "1"])
def test_records_of_loguru_arrive_with_level_extra_and_exception(
    deliver: Deliver, enqueue: str
) -> None:
    bound = {"logger": "__main__", "extra": {"order": 17}}
    records = deliver("loguru", "shop.py", LOGURU_ENQUEUE=enqueue)
    old = [record for record in records if record["logger"] == "library"]  # passes by the queue
    paid, not_sent = (record for record in records if record not in old)
    assert without(paid, "timestamp") == {**bound, "level": "SUCCESS", "message": "paid by ann"}
    exception = not_sent.pop("exception")
    assert without(not_sent, "timestamp") == {**bound, "level": "ERROR", "message": "not sent"}
    assert (exception["type"], exception["message"]) == ("KeyError", "'address'")
    assert [record["message"] for record in old] == ["old"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "program", "enqueue", "records"),
    [
        ("structlog", "extras.py", "0", 3),
        ("loguru", "shop.py", "0", 3),
        ("loguru", "shop.py", "1", 3),
    ],
)
def test_unreachable_the_program_ends_in_time_and_says_what_is_lost(
    run: Run,
    unreachable: Mapping[str, str],
    recipe: str,
    program: str,
    enqueue: str,
    records: int,
) -> None:
    pytest.importorskip(recipe, reason="comes with the recipes extra")
    environment = {**unreachable, "LOGURU_ENQUEUE": enqueue}
    since_s = time.monotonic()
    shop = run(recipe, PYTHON, program, shutdown_timeout=1, environment=environment)
    assert shop.wait() == 0
    assert time.monotonic() - since_s < 1 + SLACK_S
    assert sum(int(line.split()[2]) for line in shop.complaints) == records, shop.output
