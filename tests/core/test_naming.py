"""Whatever a template yields is a stream name that the service takes."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logspire.core.naming import (
    PROCESS_FIELDS,
    RECORD_FIELDS,
    StreamTemplate,
    legal_stream_name,
)

pytestmark = pytest.mark.slow  # and the same on every Python

LEGAL = re.compile(r"[^:*]{1,512}", re.DOTALL)
FIELDS = sorted(PROCESS_FIELDS | RECORD_FIELDS)
odd_text = st.text(
    st.one_of(st.sampled_from(":*-/\\ \ud800é😀\0\n"), st.characters(codec=None)), max_size=20
)
values = st.one_of(odd_text, st.integers(), st.none(), st.just("x" * 600))
literals = odd_text.map(lambda text: text.replace("{", "{{").replace("}", "}}"))
formats = st.one_of(
    st.sampled_from(["%Y-%m-%d", "%H:%M:%S", "%", "%%", "%Q", "%E", "%p", "\ud800"]),
    st.text(st.characters(codec="utf-8", exclude_characters="{}"), min_size=1, max_size=8),
)
parts = st.one_of(
    literals,
    st.sampled_from([f"{{{name}}}" for name in FIELDS]),
    formats.map(lambda spec: f"{{strftime:{spec}}}"),
)
templates = st.lists(parts, min_size=1, max_size=6).map("".join).filter(bool)
times_s = st.one_of(
    st.floats(),
    st.sampled_from([0.0, -1e9, 1.7e9, 253402300800.0, 1e18, float("inf"), float("nan")]),
)


@given(
    template=templates,
    record=st.fixed_dictionaries(dict.fromkeys(FIELDS, values)),
    created_s=times_s,
)
def test_any_template_with_any_values_yields_a_legal_name(
    template: str, record: dict[str, object], created_s: float
) -> None:
    name = StreamTemplate(template).render(record, created_s)
    assert LEGAL.fullmatch(name)
    name.encode()


@given(odd_text | st.text(min_size=500, max_size=600))
def test_any_text_is_made_a_legal_name_and_stays_it(text: str) -> None:
    name = legal_stream_name(text)
    assert LEGAL.fullmatch(name)
    assert legal_stream_name(name) == name


@given(st.text(st.sampled_from("abc/-_.#[]$é😀 "), min_size=1, max_size=512))
def test_a_legal_name_is_left_alone(name: str) -> None:
    assert legal_stream_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("", "-"), (":", "-"), ("a:b*c", "a-b-c"), ("C:\\app", "C-\\app"), ("\udc80", "\\udc80")],
)
def test_what_the_service_refuses_is_replaced(text: str, name: str) -> None:
    assert legal_stream_name(text) == name


def test_a_name_of_just_the_limit_is_kept_whole() -> None:
    assert legal_stream_name("x" * 512) == "x" * 512


def test_a_name_over_the_limit_keeps_its_beginning_and_fills_the_limit() -> None:
    name = legal_stream_name("x" * 513)
    assert len(name) == 512
    assert name.startswith("x" * 503 + "-")


def test_long_names_that_differ_only_at_the_end_stay_different() -> None:
    names = {legal_stream_name("x" * 600 + str(number)) for number in range(100)}
    assert len(names) == 100


def test_fields_are_filled_in() -> None:
    template = StreamTemplate("{machine_name}/{{{logger_name}}}/{strftime:%Y-%m-%dT%H}")
    name = template.render({"machine_name": "web1", "logger_name": "app"}, created_s=3600.0)
    assert name == "web1/{app}/1970-01-01T01"


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone can only be set on Unix")
def test_the_time_is_utc_wherever_the_process_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("TZ", "XYZ-5")
        time.tzset()
        name = StreamTemplate("{strftime:%H}").render({}, created_s=0.0)
    time.tzset()
    assert name == "00"


def test_a_time_beyond_the_calendar_shows_the_format_itself() -> None:
    assert StreamTemplate("{strftime:%Y}").render({}, created_s=1e18) == "%Y"


@pytest.mark.parametrize(
    "template",
    [
        "", "{", "}", "{}", "{0}", "{nonsense}", "{process_id!r}", "{process_id:04}",
        "{machine_name.upper}", "{machine_name[0]}", "{strftime}", "{strftime:}",
        "{strftime!s:%Y}", "{process_id!}", "fine/{process_id}/{oops}",
    ],
)  # fmt: skip
def test_a_bad_template_is_an_error_that_names_the_keyword_and_the_fields(template: str) -> None:
    with pytest.raises(ValueError, match=r"log_stream_name.*\{machine_name\}.*\{strftime:FORMAT\}"):
        StreamTemplate(template)


@given(st.text(st.sampled_from("{}!:abc[].process_id"), max_size=20))
def test_a_template_is_taken_or_refused_by_name(template: str) -> None:
    try:
        StreamTemplate(template)
    except ValueError as error:
        assert str(error).startswith("log_stream_name")  # noqa: PT017 - either may happen


@pytest.mark.parametrize("template", [None, 7, b"bytes", ["list"]])
def test_a_template_that_is_no_string_is_a_type_error(template: object) -> None:
    with pytest.raises(TypeError, match="log_stream_name must be a string"):
        StreamTemplate(template)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "per_record", "uses_time"),
    [
        ("plain", False, False),
        ("{machine_name}/{program_name}/{process_id}", False, False),
        ("{logger_name}", True, False),
        ("{machine_name}/{thread_name}", True, False),
        ("{level_name}", True, False),
        ("{strftime:%Y}", True, True),
    ],
)
def test_a_template_knows_what_its_name_depends_on(
    template: str, *, per_record: bool, uses_time: bool
) -> None:
    parsed = StreamTemplate(template)
    assert (parsed.per_record, parsed.uses_time) == (per_record, uses_time)
