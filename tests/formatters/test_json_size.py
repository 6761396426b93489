"""A line that would not fit in one event is cut inside: it stays one JSON object, and says so."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from formatters.making import EndlessDict, anything, exc_info_of, parse, record_of
from hypothesis import given, settings
from hypothesis import strategies as st

from logspire import CloudWatchLogHandler, JSONFormatter
from logspire.core.limits import CLOUDWATCH_LOGS
from logspire.formatters import shortening

if TYPE_CHECKING:
    import logging

    from logspire.testing import LocalCloudWatchLogs

ROOM = CLOUDWATCH_LOGS.event_bytes - CLOUDWATCH_LOGS.overhead_bytes
SMALL = 2_000


def line_of(record: logging.LogRecord, max_message_size: int = SMALL, **arguments: Any) -> str:
    text = JSONFormatter(max_message_size=max_message_size, **arguments).format(record)
    assert len(text.encode()) + CLOUDWATCH_LOGS.overhead_bytes <= max_message_size
    return text


@pytest.mark.parametrize("character", ["x", "\u00fc", "\U0001f600", "\n", "\ud800"], ids=ascii)
def test_a_line_that_just_fits_is_whole_and_one_byte_more_is_too_much(character: str) -> None:
    bare = len(JSONFormatter().format(record_of("", filler="")))
    each = len(json.dumps(character, ensure_ascii=False).encode("utf-8", "backslashreplace")) - 2
    each += character == "\ud800"  # its backslash is escaped in turn
    count, rest = divmod(SMALL - CLOUDWATCH_LOGS.overhead_bytes - bare, each)
    message, filler = character * count, "." * rest
    assert parse(line_of(record_of(message, filler=filler)))["filler"] == filler
    longer = parse(line_of(record_of(message, filler=f"{filler}.")))
    assert longer["shortened_from"] == SMALL - CLOUDWATCH_LOGS.overhead_bytes + 1


def test_the_longest_text_is_cut_in_the_middle_and_the_others_are_whole() -> None:
    record = record_of("m" * 300, body="<" + "b" * 5_000 + ">", user="ann")
    members = parse(line_of(record))
    assert (members["message"], members["user"]) == ("m" * 300, "ann")
    found = re.fullmatch(
        r"<(b+) \[\.\.\. (\d+) characters left out \.\.\.\] (b+)>", members["body"]
    )
    assert found
    assert len(found[1]) + int(found[2]) + len(found[3]) == 5_000


def test_nearly_all_of_the_room_is_used() -> None:
    for size in (3_000, 30_000, 300_000):
        assert len(line_of(record_of("x" * size))) > 0.9 * SMALL


def test_a_long_traceback_keeps_its_beginning_and_its_end() -> None:
    record = record_of("failed", exc_info=exc_info_of(ValueError("v" * 10_000)))
    exception = parse(line_of(record))["exception"]
    assert exception["traceback"].startswith("Traceback (most recent call last):")
    assert exception["traceback"].endswith("vvv")
    assert exception["type"] == "ValueError"


def test_a_long_list_and_a_large_object_say_how_much_is_missing() -> None:
    numbers = list(range(10_000))
    members = parse(line_of(record_of("hi", numbers=numbers, large={str(n): n for n in numbers})))
    kept = members["numbers"]
    assert kept[:-1] == numbers[: len(kept) - 1]
    assert kept[-1] == f"[... {10_000 - len(kept) + 1} more left out ...]"
    assert members["large"]["..."] == f"{10_000 - len(members['large']) + 1} more left out"


def test_one_that_is_missing_is_said_as_well() -> None:
    assert shortening._cut_members({"a": 1, "b": 2}, 1) == {"a": 1, "...": "1 more left out"}
    assert shortening._cut_list([1, 2], 1) == [1, "[... 1 more left out ...]"]


def test_a_number_of_thousands_of_digits_is_cut_as_text() -> None:
    members = parse(line_of(record_of("x", number=10**4_000)))
    assert members["number"].startswith("1000")
    assert "characters left out" in members["number"]
    assert len(members["number"]) > 0.8 * SMALL


def test_a_text_is_whole_where_to_cut_it_would_win_nothing() -> None:
    assert shortening._cut_text("x" * 110, 100) == "x" * 110


def test_many_parts_are_written_only_a_few_times() -> None:
    written = 0

    def dumps(members: Any, default: Any) -> str:
        nonlocal written
        text = json.dumps(members, default=default)
        written += len(text)
        return text

    rows = [list(range(100)) for _ in range(1_000)]
    members = parse(line_of(record_of("x", rows=rows), 20_000, dumps=dumps))
    assert members["rows"][0][:2] == [0, 1]
    assert written < 3 * len(json.dumps(rows))


def test_a_member_that_has_the_name_of_the_remark_is_kept() -> None:
    members = parse(line_of(record_of({"...": "mine"} | {str(n): n for n in range(10_000)})))
    assert members["message"]["..."] == "mine"


@pytest.mark.parametrize(
    "record",
    [
        record_of("x", **{"name " * 1_000: 1}),
        record_of({"k" * 5_000: 1, "k" * 5_001: 2}),
        record_of("x", number=10**4_000),
        record_of({"a": {"b": ["x" * 100] * 1_000}}),
        record_of("x", **{f"extra_{number}": number for number in range(1_000)}),
        record_of("x", user="\x00" * 2_000),
    ],
    ids=["name", "key", "number", "nested", "extras", "escapes"],
)
def test_whatever_it_is_that_is_too_long(record: logging.LogRecord) -> None:
    members = parse(line_of(record, 512))
    assert members["shortened_from"] > 512 - CLOUDWATCH_LOGS.overhead_bytes


@settings(max_examples=40)
@given(
    st.recursive(
        st.text(max_size=500) | anything,
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=100), inner),
        max_leaves=20,
    ),
    st.integers(512, 3_000),
)
def test_whatever_is_logged_fits(value: object, max_message_size: int) -> None:
    parse(line_of(record_of(value, value=value), max_message_size))


def test_a_level_and_a_logger_of_any_length_fit() -> None:
    record = record_of("hi")
    record.levelname, record.name = "L" * 5_000, "n" * 5_000
    assert parse(line_of(record, 512))["message"] == "hi"


def test_fields_that_were_chosen_and_renamed_stay_so() -> None:
    line = line_of(record_of("x" * 5_000), fields="level message", rename_fields={"level": "lvl"})
    assert list(parse(line)) == ["lvl", "message", "shortened_from"]


def test_the_users_function_writes_the_shortened_line_too() -> None:
    def dumps(members: Any, default: Any) -> str:
        return json.dumps(members, default=default, indent=1)

    line = line_of(record_of("x" * 5_000), dumps=dumps)
    assert line.startswith('{\n "timestamp"')
    assert json.loads(line)["shortened_from"] > 5_000


def test_where_the_users_function_never_fits_the_line_is_written_all_the_same() -> None:
    def dumps(members: Any, default: Any) -> str:
        return json.dumps(members, default=default).ljust(SMALL)

    assert parse(line_of(record_of("hi", user="ann"), dumps=dumps))["user"] == "ann"


def test_beside_an_endless_recursion_a_long_text_is_cut() -> None:
    members = parse(line_of(record_of("x" * 5_000, detail=EndlessDict(a=1))))
    assert members["message"].startswith("xxx")
    assert "EndlessDict" in members["detail"]


def test_a_record_that_would_have_been_split_arrives_as_one_event(
    cloudwatch_logs: LocalCloudWatchLogs,
) -> None:
    client = cloudwatch_logs.client()
    handler = CloudWatchLogHandler("app", "web", boto3_client=client, shutdown_timeout=100)
    handler.setFormatter(JSONFormatter())
    handler.handle(record_of("\u00fc" * 3_000_000, user="ann"))
    handler.close()
    (message,) = cloudwatch_logs.messages("app", "web")
    members = parse(message)
    assert (members["user"], members["message"][:2]) == ("ann", "\u00fc\u00fc")
    assert 0.9 * ROOM < len(message.encode()) <= ROOM
