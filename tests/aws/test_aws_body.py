"""The body of a put, written by hand, says what the json module would say."""

import json
from array import array

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logspire.aws.body import put_body
from logspire.core.columns import Events, Origin

pytestmark = pytest.mark.slow  # and the same on every Python

HEAD = {"logGroupName": "group", "logStreamName": "stream"}
# Whatever may be taken for the end of a string, of an event or of the list.
awkward = st.sampled_from(
    [
        '"',
        "\\",
        '"\n"',
        '"\n',
        '\\"',
        '"]',
        '["',
        '"}',
        '"},',
        "\x7f",
        "\x00",
        "\x1f",
        "\u2028",
        "😀",
    ]
)
texts = st.lists(awkward | st.text(st.characters(exclude_categories=["Cs"])), max_size=5).map(
    "".join
)
entities = st.dictionaries(texts, st.dictionaries(texts, texts, max_size=2), max_size=2)


def held(messages: list[str], times_ms: list[int]) -> Events:
    sizes = [len(text.encode()) + 26 for text in messages]
    return Events.of(times_ms, messages, sizes, Origin(0.0, 0))


def written(messages: list[str]) -> list[str]:
    body = json.loads(put_body(HEAD, held(messages, [1] * len(messages))))
    return [event["message"] for event in body["logEvents"]]


@given(
    events=st.lists(st.tuples(st.integers(0, 2**53), texts), min_size=1, max_size=8),
    entity=st.none() | entities,
)
@example(events=[(1, '"'), (1, "\n"), (1, '"')], entity=None)
@example(events=[(1, ""), (1, ""), (1, "\\")], entity=None)
def test_it_is_the_request_that_botocore_would_write(
    events: list[tuple[int, str]], entity: object
) -> None:
    events.sort(key=lambda event: event[0])
    times_ms, messages = zip(*events, strict=True)
    head = HEAD if entity is None else {**HEAD, "entity": entity}
    listed = [{"timestamp": time_ms, "message": text} for time_ms, text in events]
    body = put_body(head, held(list(messages), list(times_ms)))
    assert json.loads(body) == {**head, "logEvents": listed}


@given(
    plain=st.lists(
        st.text(
            st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), min_size=1
        ),
        min_size=1,
    )
)
def test_texts_with_nothing_to_escape_read_the_same_in_awkward_company(plain: list[str]) -> None:
    assert written(plain) == written([*plain, '"'])[:-1] == plain


@pytest.mark.parametrize("number", range(0x20))
def test_each_control_character_arrives(number: int) -> None:
    assert written([chr(number)]) == [chr(number)]


def test_times_before_1970_are_written_as_numbers() -> None:
    body = json.loads(put_body(HEAD, held(["a"], [-5])))
    assert body["logEvents"] == [{"timestamp": -5, "message": "a"}]


def test_the_events_stay_as_they_are() -> None:
    events = held(['say "hi"', "plain"], [1, 2])
    put_body(HEAD, events)
    assert (events.messages, events.times_ms) == (['say "hi"', "plain"], array("q", [1, 2]))
