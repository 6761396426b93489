"""What stands in for watchtower says what it has no counterpart for."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from logspire.watchtower import (
    CloudWatchLogFormatter,
    CloudWatchLogHandler,
    WatchtowerError,
    WatchtowerWarning,
)

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs


def warnings_of(*args: object, **keywords: Any) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CloudWatchLogHandler(*args, **keywords)  # type: ignore[arg-type]
    return caught


@pytest.mark.parametrize(
    ("keyword", "value", "most"),
    [
        ("max_batch_size", 5_000_000, 1_048_576),
        ("max_batch_count", 20_000, 10_000),
        ("max_message_size", 5_000_000, 1_048_576),
    ],
)
def test_a_size_over_the_limit_of_the_service_is_lowered_with_a_warning(
    keyword: str, value: int, most: int
) -> None:
    with pytest.warns(WatchtowerWarning, match=f"{keyword}={value} .* {most}"):
        handler = CloudWatchLogHandler(**{keyword: value})  # type: ignore[arg-type]
    assert getattr(handler, keyword) == most


@pytest.mark.parametrize("old", ["log_group", "stream_name"])
def test_an_old_name_of_a_keyword_is_deprecated(old: str) -> None:
    (warning,) = warnings_of(**{old: "name"})
    assert warning.category is DeprecationWarning
    assert warning.filename == __file__


@pytest.mark.parametrize(
    "keywords",
    [
        {"log_group_name": "a", "log_group": "b"},
        {"log_stream_name": "a", "stream_name": "b"},
        {"log_group_retention_days": 4},
        {"max_message_size": 10},
        {"send_interval": "soon"},
    ],
)
def test_what_makes_no_sense_is_a_watchtower_error(keywords: dict[str, Any]) -> None:
    with pytest.raises(WatchtowerError, match=next(reversed(keywords))):
        CloudWatchLogHandler(**keywords)


def test_tags_are_said_to_be_for_a_new_group() -> None:
    (warning,) = warnings_of(log_group_tags={"team": "shop"})
    assert warning.category is WatchtowerWarning
    assert (warning.filename, "log_group_tags" in str(warning.message)) == (__file__, True)


def test_flags_are_taken_for_true_as_watchtower_does() -> None:
    handler = CloudWatchLogHandler(use_queues=0, create_log_stream="no")  # type: ignore[arg-type]
    assert (handler.use_queues, handler.create_log_stream) == (False, True)


def test_nothing_that_code_commonly_leaves_empty_is_refused() -> None:
    keywords: dict[str, Any] = {"log_group_tags": {}, "log_group_retention_days": 0}
    assert warnings_of("group", "", **keywords) == []


def test_a_keyword_of_logspire_is_taken_as_well() -> None:
    with pytest.raises(WatchtowerError, match="oversize must be one of"):
        CloudWatchLogHandler("group", oversize="cut")


def test_the_client_is_there_for_code_that_asks_for_it(
    cloudwatch_logs: LocalCloudWatchLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cloudwatch_logs.environment.items():
        monkeypatch.setenv(name, value)
    handler = CloudWatchLogHandler("group")
    assert handler.cwl_client.describe_log_groups()["logGroups"] == []
    handler.close()


def formatted(message: object, *names: str, failure: BaseException | None = None) -> object:
    info = (type(failure), failure, None) if failure else None
    record = logging.LogRecord("shop", 40, "", 0, message, None, info)
    return json.loads(CloudWatchLogFormatter(add_log_record_attrs=names).format(record))


def test_the_attribute_message_is_the_text_of_what_was_logged() -> None:
    assert formatted("text", "message") == {"msg": "text", "message": "text"}
    assert formatted({"order": 17}, "message") == {"order": 17, "message": "{'order': 17}"}


def test_a_traceback_takes_no_members_place_unless_it_was_asked_for() -> None:
    mapping, failure = {"exc_info": "mine"}, KeyError("order")
    aside = {"exc_info": "mine", "exc_info_1": "KeyError: 'order'"}
    assert formatted(mapping, failure=failure) == aside
    assert formatted(mapping, "exc_info", failure=failure) == {"exc_info": "KeyError: 'order'"}


def test_a_stream_name_of_a_subclass_is_made_legal(cloudwatch_logs: LocalCloudWatchLogs) -> None:
    class Handler(CloudWatchLogHandler):
        def _get_stream_name(self, message: logging.LogRecord) -> str:
            return f"shop:{message.name}*"

    handler = Handler("group", boto3_client=cloudwatch_logs.client())
    handler.handle(logging.LogRecord("cart", 40, "", 0, "text", None, None))
    handler.close()
    assert cloudwatch_logs.messages("group", "shop-cart-") == ["text"]


def test_the_function_for_json_can_be_read_from_the_handler() -> None:
    assert CloudWatchLogHandler(json_serialize_default=str).json_serialize_default is str


def test_none_stands_for_no_attributes_of_the_record_beside_a_traceback_too() -> None:
    formatter = CloudWatchLogFormatter()
    formatter.add_log_record_attrs = None
    try:
        int("seventeen")
    except ValueError:
        record = logging.LogRecord("shop", 40, "", 0, {"order": 17}, None, sys.exc_info())
    assert formatter.format(record).startswith('{"order": 17, "exc_info": "Traceback')


def test_an_attribute_that_is_missing_is_named() -> None:
    handler = CloudWatchLogHandler()
    with pytest.raises(AttributeError, match=r"stands in for watchtower's handler .* 'queues'"):
        handler.queues  # noqa: B018


def test_assigning_what_the_constructor_takes_warns() -> None:
    handler = CloudWatchLogHandler("group")
    with pytest.warns(WatchtowerWarning, match="assigning log_group_name has no effect"):
        handler.log_group_name = "other"


def test_a_subclass_may_keep_what_it_was_given() -> None:
    class Handler(CloudWatchLogHandler):
        def __init__(self, send_interval: int) -> None:
            self.send_interval = send_interval
            super().__init__("group", send_interval=send_interval)
            self.send_interval = send_interval

    assert Handler(send_interval=7).send_interval == 7


def test_a_subclass_may_do_without_our_constructor() -> None:
    class Mock(CloudWatchLogHandler):
        def __init__(self, log_group_name: str) -> None:
            self.log_group_name = log_group_name

    assert Mock("group").log_group_name == "group"
    assert not hasattr(Mock("group"), "send_interval")


def test_a_method_that_nobody_would_call_warns() -> None:
    with pytest.warns(WatchtowerWarning, match="Handler overrides: _size, _submit_batch"):

        class Handler(CloudWatchLogHandler):
            def _size(self) -> None: ...
            def _submit_batch(self) -> None: ...
            def emit(self, record: logging.LogRecord) -> None: ...
