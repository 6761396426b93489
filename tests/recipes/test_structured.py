"""structlog and Loguru in front of the handler: ``docs/recipes/structlog``, ``.../loguru``."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from recipes.running import PYTHON, RECIPES, SLACK_S, arrived

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from recipes.running import Run

    from logspire.testing import LocalCloudWatchLogs

    Deliver = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def deliver(
    run: Run, cloudwatch_logs: LocalCloudWatchLogs, reachable: Mapping[str, str]
) -> Deliver:
    """Runs a program of a recipe; returns the objects that arrived."""

    def deliver(recipe: str, *program: str, **environment: str) -> list[dict[str, Any]]:
        pytest.importorskip(recipe, reason="comes with the recipes extra")
        environment = {**reachable, **environment}
        shop = run(recipe, PYTHON, *program, shutdown_timeout=30, environment=environment)
        assert shop.wait() == 0, shop.output
        assert shop.complaints == []
        ((_, texts),) = arrived(cloudwatch_logs, "shop").items()
        cloudwatch_logs.reset()
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
    assert without(old, "timestamp") == {"level": "WARNING", "logger": "library", "message": "old"}


def test_structlog_puts_positional_arguments_into_the_text_if_it_is_told_to(
    deliver: Deliver, tmp_path: Path
) -> None:
    program = (RECIPES / "structlog/extras.py").read_text()
    filtered = "structlog.stdlib.filter_by_level,"
    told = program.replace(filtered, f"{filtered} structlog.stdlib.PositionalArgumentsFormatter(),")
    assert told != program
    for name, text in {"as_it_is.py": program, "told.py": told}.items():
        (tmp_path / name).write_text(text + 'logger.info("%d rows", 3)\n')
    as_it_is = deliver("structlog", str(tmp_path / "as_it_is.py"))[-1]
    assert (as_it_is["message"], as_it_is["positional_args"]) == ("%d rows", [3])
    rows = deliver("structlog", str(tmp_path / "told.py"))[-1]
    assert rows["message"] == "3 rows"
    assert "positional_args" not in rows


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


INTERCEPTING = """
import sys

class InterceptHandler(logging.Handler):
    def emit(self, record):
        named = logger.patch(lambda it: it.update(name=record.name))
        named.log(record.levelname, record.getMessage())

logging.basicConfig(handlers=[InterceptHandler()], level=sys.argv[1], force=True)
logging.getLogger("library").warning("by way of Loguru")
logger.complete()
cloudwatch.flush(30)
logger.info("the end")
"""


@pytest.mark.parametrize(("enqueue", "level"), [("0", "DEBUG"), ("1", "WARNING")])
def test_through_an_intercept_handler_comes_nothing_that_the_sdk_says_while_it_delivers(
    deliver: Deliver, tmp_path: Path, enqueue: str, level: str
) -> None:
    program = tmp_path / "intercepting.py"
    text = (RECIPES / "loguru/shop.py").read_text().replace('level="INFO"', 'level="DEBUG"')
    program.write_text(text + INTERCEPTING)
    records = deliver("loguru", str(program), level, LOGURU_ENQUEUE=enqueue)
    texts = sorted(record["message"] for record in records)
    once = ["by way of Loguru", "looked at", "not sent", "old", "paid by ann", "the end"]
    assert texts == once


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "program", "enqueue", "records"),
    [
        ("structlog", "extras.py", "0", 3),
        ("structlog", "dictionary.py", "0", 2),
        ("structlog", "processor_formatter.py", "0", 3),
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
    assert time.monotonic() - since_s < 1 + 2 * SLACK_S  # its start, and its end
    assert sum(int(line.split()[2]) for line in shop.complaints) == records, shop.output
