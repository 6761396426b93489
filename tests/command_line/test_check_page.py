"""The page about ``check`` shows what it prints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from logspire.__main__ import main
from logspire.testing.operations import OPERATIONS

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs

PAGE = Path(__file__).parents[2] / "docs/check.md"
SHOWN = re.findall(
    r"^```console\n\$ python -m logspire (check .*)\n((?s:.*?))^```$",
    PAGE.read_text(encoding="utf-8"),
    re.MULTILINE,
)
# What is another each time, or on another machine.
VARYING = {
    r"\S+/logspire-check/\d+": "STREAM",
    r"botocore [\d.]+": "botocore VERSION",
    r"http://127.0.0.1:\d+": "URL",
    r"answered in \d+ ms": "answered in N ms",
    r"\([\d.]+ s\)": "(N s)",
}


def comparable(output: str) -> str:
    for pattern, word in VARYING.items():
        output = re.sub(pattern, word, output)
    return output


def assert_shown(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    command, output = SHOWN[number]
    main([*command.split(), "--timeout", "60"])  # or a busy machine needs a second call
    assert comparable(capsys.readouterr().out) == comparable(output)


@pytest.mark.usefixtures("service")
def test_the_page_shows_what_is_printed_where_all_is_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert_shown(0, capsys)


def test_the_page_shows_what_is_printed_without_region_and_credentials(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert_shown(1, capsys)


def test_the_page_shows_what_is_printed_with_one_permission(
    service: LocalCloudWatchLogs, capsys: pytest.CaptureFixture[str]
) -> None:
    client = service.client()
    client.create_log_group(logGroupName="my-app")
    client.create_log_stream(logGroupName="my-app", logStreamName="web-1")
    client.close()
    service.misbehave("access_denied", operation=OPERATIONS.keys() - {"PutLogEvents"})
    assert_shown(2, capsys)
