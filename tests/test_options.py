"""Every keyword of the handler: what is refused, in which words, and what is just allowed."""

import warnings
from datetime import timedelta
from typing import Any

import boto3
import pytest

from logspire import CloudWatchLogHandler, LogspireError, LogspireWarning

HUGE = 10**400  # too large for a float
YEAR_S = 366 * 86_400
NOT_A_NUMBER = float("nan")

# keyword, value, what the message says is allowed
BAD_VALUES: list[Any] = [
    ("log_group_name", "", "empty"),
    ("log_group_name", "a b", "1 to 512 characters"),
    ("log_group_name", "a:b", "1 to 512 characters"),
    ("log_group_name", "naïve", "1 to 512 characters"),
    ("log_group_name", "new\n", "1 to 512 characters"),
    ("log_group_name", "x" * 513, "1 to 512 characters"),
    ("log_stream_name", "", "{machine_name}"),
    ("log_stream_name", "{nonsense}", "{logger_name}"),
    ("log_stream_name", "{process_id", "{process_id}"),
    ("log_stream_name", "{0}", "{process_id}"),
    ("log_stream_name", "{}", "{process_id}"),
    ("log_stream_name", "{strftime}", "{strftime:FORMAT}"),
    ("log_stream_name", "{process_id!r}", "{process_id}"),
    ("log_stream_name", "{machine_name.upper}", "{machine_name}"),
    ("level", "LOUD", "level"),
    ("level", "info", "level"),
    ("flush_level", "LOUD", "name or number of a level"),
    ("flush_level", "", "name or number of a level"),
    ("send_interval", -0.1, "0 or more seconds"),
    ("send_interval", NOT_A_NUMBER, "0 or more seconds"),
    ("send_interval", float("inf"), "a year at most"),
    ("send_interval", HUGE, "a year at most"),
    ("send_interval", -HUGE, "0 or more seconds"),
    ("send_interval", timedelta(seconds=-1), "0 or more seconds"),
    ("shutdown_timeout", -1, "0 or more seconds"),
    ("shutdown_timeout", YEAR_S + 1, "a year at most"),
    ("max_batch_size", 0, "from 128 to 1048576"),
    ("max_batch_size", 127, "from 128 to 1048576"),
    ("max_batch_size", 1_048_577, "from 128 to 1048576"),
    ("max_batch_count", 0, "from 1 to 10000"),
    ("max_batch_count", 10_001, "from 1 to 10000"),
    ("max_message_size", 127, "from 128 to 1048576"),
    ("max_message_size", 1_048_577, "from 128 to 1048576"),
    ("max_queue_size", 4095, "at least 4096"),
    ("max_queue_size", -1, "at least 4096"),
    ("oversize", "cut", "'split', 'truncate', 'drop'"),
    ("oversize", None, "'split', 'truncate', 'drop'"),
    ("queue_full", "drop", "'drop_oldest', 'drop_newest', 'block'"),
    ("queue_full", True, "'drop_oldest', 'drop_newest', 'block'"),
    ("log_group_retention_days", 2, "1, 3, 5, 7, 14"),
    ("log_group_retention_days", 0, "1, 3, 5, 7, 14"),
    ("log_group_retention_days", -1, "1, 3, 5, 7, 14"),
    ("log_group_retention_days", "7", "1, 3, 5, 7, 14"),
    ("log_group_retention_days", 7.0, "1, 3, 5, 7, 14"),
    ("log_group_retention_days", True, "1, 3, 5, 7, 14"),
    ("log_group_class", "standard", "'STANDARD', 'INFREQUENT_ACCESS'"),
    ("log_group_class", "", "'STANDARD', 'INFREQUENT_ACCESS'"),
    ("log_group_kms_key_id", "", "empty"),
    ("log_group_tags", {str(n): "" for n in range(51)}, "at most 50"),
    ("log_group_tags", {"": "x"}, "keys of 1 to 128"),
    ("log_group_tags", {"k" * 129: "x"}, "keys of 1 to 128"),
    ("log_group_tags", {"k": "x" * 257}, "at most 256"),
    ("entity", {}, "'keyAttributes'"),
    ("entity", {"attributes": {}}, "'keyAttributes'"),
    ("entity", {"keyAttributes": {"Type": "Service"}}, "2 to 4"),
    ("entity", {"keyAttributes": {str(n): "" for n in range(5)}}, "2 to 4"),
    ("entity", {"keyAttributes": {"a": "b", "c": "d"}, "more": {}}, "'attributes'"),
    (
        "entity",
        {"keyAttributes": {"a": "b", "c": "d"}, "attributes": {str(n): "" for n in range(11)}},
        "at most 10",
    ),
    ("endpoint_url", "localhost:4566", "http:// or https://"),
    ("endpoint_url", "", "empty"),
    ("region_name", "", "empty"),
    ("boto3_profile_name", "", "empty"),
]

WRONG_TYPES: list[Any] = [
    ("log_group_name", None, "a string"),
    ("log_group_name", b"group", "a string"),
    ("log_stream_name", None, "a string"),
    ("log_stream_name", 7, "a string"),
    ("level", None, "level"),
    ("level", 1.5, "level"),
    ("flush_level", 1.5, "name or number of a level"),
    ("flush_level", True, "name or number of a level"),
    ("use_queues", "false", "True or False"),
    ("use_queues", 0, "True or False"),
    ("use_queues", None, "True or False"),
    ("compress", "yes", "True or False"),
    ("create_log_group", 1, "True or False"),
    ("create_log_stream", None, "True or False"),
    ("send_interval", "5", "a number of seconds or a timedelta"),
    ("send_interval", None, "a number of seconds or a timedelta"),
    ("send_interval", True, "a number of seconds or a timedelta"),
    ("shutdown_timeout", [], "a number of seconds or a timedelta"),
    ("max_batch_size", "1000", "an integer"),
    ("max_batch_size", 1000.0, "an integer"),
    ("max_batch_count", None, "an integer"),
    ("max_batch_count", True, "an integer"),
    ("max_message_size", 1e6, "an integer"),
    ("max_queue_size", "64 MiB", "an integer"),
    ("log_group_tags", [("a", "b")], "a mapping of strings to strings"),
    ("log_group_tags", {"a": 1}, "strings to strings"),
    ("log_group_tags", {1: "a"}, "strings to strings"),
    ("log_group_tags", {"a": None}, "strings to strings"),
    ("log_group_kms_key_id", 7, "a string"),
    ("entity", "service", "a mapping"),
    ("entity", {"keyAttributes": {"a": 1, "b": "c"}}, "strings to strings"),
    ("entity", {"keyAttributes": None}, "a mapping"),
    ("endpoint_url", 4566, "a string"),
    ("region_name", b"us-east-1", "a string"),
    ("boto3_profile_name", 1, "a string"),
    ("boto3_client", "logs", "a client for 'logs'"),
    ("boto3_session", "default", "a boto3 session"),
    ("on_loss", "print", "callable"),
    ("json_serialize_default", "str", "callable"),
]

GOOD_VALUES: list[tuple[str, Any]] = [
    ("log_group_name", "/a-B_1.2#3/" + "x" * 501),
    ("log_stream_name", "{{literal}} {strftime:%H:%M} {thread_name}*"),
    ("log_stream_name", "x" * 10_000),
    ("level", 0),
    ("level", "WARNING"),
    ("level", 35),
    ("flush_level", "ERROR"),
    ("flush_level", 0),
    ("flush_level", None),
    ("use_queues", False),
    ("compress", False),
    ("send_interval", 0),
    ("send_interval", 0.001),
    ("send_interval", timedelta(milliseconds=500)),
    ("send_interval", YEAR_S),
    ("shutdown_timeout", 0),
    ("max_batch_size", 128),
    ("max_batch_size", 1_048_576),
    ("max_batch_count", 1),
    ("max_batch_count", 10_000),
    ("max_message_size", 128),
    ("max_message_size", 1_048_576),
    ("max_queue_size", 4096),
    ("max_queue_size", 10**12),
    ("oversize", "drop"),
    ("queue_full", "block"),
    ("log_group_retention_days", 1),
    ("log_group_retention_days", 3653),
    ("log_group_class", "INFREQUENT_ACCESS"),
    ("log_group_kms_key_id", "alias/logs"),
    ("log_group_tags", {}),
    ("log_group_tags", {"k" * 128: "x" * 256, "empty": ""}),
    ("log_group_tags", {str(number): "" for number in range(50)}),
    ("entity", {"keyAttributes": {"Type": "Service", "Name": "shop"}}),
    (
        "entity",
        {
            "keyAttributes": {str(n): "x" for n in range(4)},
            "attributes": {str(n): "x" for n in range(10)},
        },
    ),
    ("endpoint_url", "http://127.0.0.1:4566"),
    ("region_name", "mars-north-1"),
    ("boto3_profile_name", "not there"),
    ("on_loss", print),
    ("json_serialize_default", str),
]


def name(value: object) -> str:
    """Return the value as part of the name of a test."""
    return repr(value)[:40]


@pytest.mark.parametrize(("keyword", "value", "allowed"), BAD_VALUES, ids=name)
def test_a_bad_value_is_a_value_error_that_names_the_keyword_and_what_is_allowed(
    keyword: str, value: object, allowed: str
) -> None:
    with pytest.raises(ValueError, match=keyword) as raised:
        CloudWatchLogHandler(**{keyword: value})  # type: ignore[arg-type]
    assert allowed in str(raised.value)
    assert isinstance(raised.value, LogspireError)


@pytest.mark.parametrize(("keyword", "value", "allowed"), WRONG_TYPES, ids=name)
def test_a_wrong_type_is_a_type_error_that_names_the_keyword_and_what_is_allowed(
    keyword: str, value: object, allowed: str
) -> None:
    with pytest.raises(TypeError, match=keyword) as raised:
        CloudWatchLogHandler(**{keyword: value})  # type: ignore[arg-type]
    assert allowed in str(raised.value)
    assert isinstance(raised.value, LogspireError)


@pytest.mark.parametrize(("keyword", "value"), GOOD_VALUES, ids=name)
def test_what_is_just_allowed_is_taken(keyword: str, value: object) -> None:
    CloudWatchLogHandler(**{keyword: value}).close()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("boto3_session", boto3.session.Session(region_name="us-east-1")),
        ("boto3_profile_name", "default"),
        ("region_name", "us-east-1"),
        ("endpoint_url", "http://127.0.0.1:1"),
    ],
)
def test_a_client_with_what_it_would_be_made_from_is_a_contradiction(
    keyword: str, value: object
) -> None:
    client = boto3.session.Session(region_name="us-east-1").client("logs")
    with pytest.raises(ValueError, match=f"boto3_client .*leave out {keyword}"):
        CloudWatchLogHandler(boto3_client=client, **{keyword: value})  # type: ignore[arg-type]
    client.close()


def test_a_session_with_a_profile_is_a_contradiction() -> None:
    with pytest.raises(ValueError, match="leave out boto3_profile_name"):
        CloudWatchLogHandler(
            boto3_session=boto3.session.Session(region_name="us-east-1"), boto3_profile_name="other"
        )


def test_a_client_for_another_service_is_refused() -> None:
    client = boto3.session.Session(region_name="us-east-1").client("events")
    with pytest.raises(TypeError, match="boto3_client must be a client for 'logs'"):
        CloudWatchLogHandler(boto3_client=client)
    client.close()


def test_settings_for_a_group_that_is_never_created_are_warned_of_where_they_are_given() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        CloudWatchLogHandler(create_log_group=False, log_group_tags={"a": "b"})
    # What other tests have left behind may be collected here, and be warned of as well.
    (warning,) = [one for one in seen if one.category is LogspireWarning]
    assert "log_group_tags" in str(warning.message)
    assert warning.filename == __file__


def test_an_unknown_keyword_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="log_group"):
        CloudWatchLogHandler(log_group="group")  # type: ignore[call-arg]


def test_a_mapping_may_change_afterwards() -> None:
    tags = {"a": "b"}
    handler = CloudWatchLogHandler(log_group_tags=tags)
    tags[1] = None  # type: ignore[index, assignment]
    handler.close()


@pytest.mark.parametrize("timeout", [-1, NOT_A_NUMBER, HUGE], ids=["negative", "nan", "huge"])
def test_flush_refuses_a_time_out_that_is_none(timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout must be 0 or more seconds"):
        CloudWatchLogHandler().flush(timeout)


def test_a_bad_template_assigned_later_is_refused_and_the_old_one_stays() -> None:
    handler = CloudWatchLogHandler(log_stream_name="old")
    with pytest.raises(ValueError, match="nonsense"):
        handler.log_stream_name = "{nonsense}"
    assert handler.log_stream_name == "old"
