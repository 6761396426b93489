"""What differs between watchtower and Logspire in its place, as the migration page has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from migration.conftest import IN_ITS_PLACE, REAL, run, started
from migration.using import uses_of
from patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from migration.conftest import Outcome

    from logspire.testing import LocalCloudWatchLogs

    Streams = dict[str, list[Any]] | None

pytest.importorskip("watchtower", reason="watchtower is in the extra `bench`")
pytest.importorskip("migration.differences")

NOWHERE = {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
NO_GROUP: Streams = None
NO_STREAM: Streams = {}
WATCHTOWERS_LONGEST = 256 * 1024 - 26
TRACEBACK = "Traceback: KeyError: 'no such order'"
# By the name of the use, which is that of its group: what watchtower leaves, what Logspire leaves.
LEFT: dict[str, tuple[Streams, Streams]] = {
    "closed": ({"s": ["before"]}, {"s": ["before", "after"]}),
    "exception_with_a_mapping": (
        {"s": [{"order": 17}]},
        {"s": [{"order": 17, "exc_info": TRACEBACK}]},
    ),
    "exception_with_an_empty_text": (NO_STREAM, {"s": ["\n" + TRACEBACK]}),
    "arguments_that_do_not_fit": (
        {"s": ["raised into the application"]},
        {"s": ["the application went on"]},
    ),
    "handler_after_it": (
        {"s": [{"order": 17, "levelname": "INFO"}, "{'order': 17, 'levelname': 'INFO'}\n"]},
        {"s": [{"order": 17, "levelname": "INFO"}, "{'order': 17}\n"]},
    ),
    "attribute_that_is_not_there": (NO_STREAM, {"s": [{"levelname": "INFO", "msg": "text"}]}),
    "attribute_asctime": (NO_STREAM, {"s": [{"asctime": "today", "msg": "text"}]}),
    "long_text": ({"s": ["x" * WATCHTOWERS_LONGEST]}, {"s": ["x" * 300_000]}),
    "over_max_message_size": (
        {"s": ["x" * 124]},
        {"s": ["[1/2] " + "x" * 118, "[2/2] " + "x" * 82]},
    ),
    "not_a_number": ({"s": ['{"ratio": NaN}']}, {"s": [{"ratio": "NaN"}]}),
    "keys_that_are_no_strings": (NO_STREAM, {"s": [{"('a', 'b')": 1}]}),
    "formatter_that_returns_nothing": (NO_STREAM, {"s": ["before", "after"]}),
    "colon_in_a_stream_name": (NO_STREAM, {"shop-today": ["text"]}),
    "records_of_botocore": (NO_STREAM, {"s": ["botocore.endpoint"]}),
    "nothing_logged": (NO_STREAM, NO_GROUP),
}


@pytest.mark.slow
def test_what_is_left_differs_as_the_page_says(
    run_with_each: Callable[[str], tuple[Outcome, Outcome]],
) -> None:
    theirs, ours = run_with_each("differences.py")

    def left_by(outcome: Outcome) -> dict[str, Streams]:
        return {use: outcome.groups.get(use, {}).get("streams") for use in uses}

    uses = uses_of("migration.differences")
    assert left_by(theirs) == {use: left for use, (left, _) in LEFT.items()}
    assert left_by(ours) == {use: left for use, (_, left) in LEFT.items()}


@pytest.mark.parametrize(("path", "status"), [(REAL, 1), (IN_ITS_PLACE, 0)])
def test_a_program_starts_without_a_region(path: str, status: int) -> None:
    program = "from watchtower import CloudWatchLogHandler as Handler\nHandler().close()"
    ended = run("-c", program, environment=NOWHERE, path=path, check=False)
    assert (ended.returncode, "NoRegionError" in ended.stderr) == (status, status == 1)


def test_watchtower_gives_up_after_fifteen_calls(cloudwatch_logs: LocalCloudWatchLogs) -> None:
    calls = 15  # it tries five times, and botocore three times each
    cloudwatch_logs.misbehave("unavailable", operation="PutLogEvents", times=calls)
    program = (
        "import logging, sys, watchtower\n"
        "handler = watchtower.CloudWatchLogHandler('group', 's', send_interval=0.1)\n"
        "logging.getLogger().addHandler(handler)\n"
        "logging.error('text')\n"
        "sys.stdin.read()\n"
    )
    with started("-c", program, environment=cloudwatch_logs.environment) as running:
        assert cloudwatch_logs.wait_for(
            lambda: cloudwatch_logs.refused == calls, timeout=PATIENCE_S
        )
        running.communicate(timeout=PATIENCE_S)
    assert cloudwatch_logs.messages("group", "s") == []
