"""What a JSON formatter can be made of, in code and in configuration; errors that help."""

from __future__ import annotations

import json
import logging.config
from typing import TYPE_CHECKING, Any

import pytest
from formatters.making import parse, record_of

from logspire import JSONFormatter, LogspireError

if TYPE_CHECKING:
    from pathlib import Path

ARGUMENTS = {
    "fields": ["level", "message", "service", "*"],
    "rename_fields": {"level": "severity"},
    "static_fields": {"service": "shop", "version": "1.2"},
    "dumps": "ext://json.dumps",
    "json_serialize_default": "ext://builtins.sorted",
    "max_message_size": 2_000,
}


def made_by_dict_config(config: dict[str, Any]) -> logging.Formatter:
    formatters = {"version": 1, "formatters": {"json": json.loads(json.dumps(config))}}
    configurator = logging.config.DictConfigurator(formatters)
    made = configurator.configure_formatter(configurator.config["formatters"]["json"])
    assert isinstance(made, JSONFormatter)
    return made


def test_dict_config_passes_every_argument_in_plain_json() -> None:
    formatter = made_by_dict_config({"()": "logspire.JSONFormatter", **ARGUMENTS})
    text = formatter.format(record_of("h\u00ed", tags={2, 1}, user="u" * 5_000))
    assert text.startswith(
        '{"severity": "WARNING", "message": "h\\u00ed", "service": "shop", "version": "1.2",'
        ' "tags": [1, 2], "user": "uuu'
    )
    assert len(text) <= 2_000


def test_dict_config_resolves_what_a_static_field_refers_to() -> None:
    config = {"()": "logspire.JSONFormatter", "static_fields": {"version": "ext://json.__name__"}}
    assert parse(made_by_dict_config(config).format(record_of("hi")))["version"] == "json"


@pytest.mark.parametrize("format_", ["level, message", ["level", "message"]], ids=["text", "list"])
@pytest.mark.parametrize("key", ["()", "class"])
def test_dict_config_takes_the_fields_as_format_too(key: str, format_: Any) -> None:
    formatter = made_by_dict_config({key: "logspire.JSONFormatter", "format": format_})
    assert formatter.format(record_of("hi")) == '{"level": "WARNING", "message": "hi"}'


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("", '"level": "WARNING", "logger": "shop.cart", "message": "hi"}'),
        ("format = message, level", '{"message": "hi", "level": "WARNING"}'),
        ("format = message\ndatefmt =", '{"message": "hi"}'),
    ],
    ids=["no format", "fields", "empty datefmt"],
)
def test_file_config_makes_one(line: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "logging.ini"
    file.write_text(f"""
[loggers]
keys = root
[handlers]
keys = out
[formatters]
keys = json
[logger_root]
handlers = out
[handler_out]
class = StreamHandler
formatter = json
[formatter_json]
class = logspire.JSONFormatter
{line}
""")
    root = logging.getLogger()
    before = root.handlers[:]
    try:
        logging.config.fileConfig(file, disable_existing_loggers=False)
        (handler,) = root.handlers
        assert handler.format(record_of("hi")).endswith(text)
    finally:
        root.handlers[:] = before


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"fmt": "%(message)s"}, ValueError, "fmt must be names of fields, such as 'timestamp"),
        ({"fmt": "message", "fields": "level"}, ValueError, "fmt must be None, not 'message'"),
        ({"datefmt": "%H"}, ValueError, "datefmt must be None, not '%H'"),
        ({"defaults": {"a": 1}}, ValueError, "defaults must be None, .* static_fields"),
        ({"fields": 7}, TypeError, "fields must be names of fields, .*not int 7"),
        ({"fields": ["level", 7]}, TypeError, "fields must be names .*7 is not a string"),
        ({"fields": []}, ValueError, "fields must be names .*at least one"),
        ({"fields": "level level"}, ValueError, "fields: 'level' stands there twice"),
        ({"fields": "asctime"}, ValueError, "fields: 'asctime' goes by the name 'timestamp'"),
        ({"fields": {"level": 1}}, TypeError, "fields must be names of fields"),
        ({"rename_fields": ["level"]}, TypeError, "rename_fields must be a mapping .*not list"),
        ({"rename_fields": {"level": 7}}, TypeError, r"rename_fields\['level'\] must be the new"),
        ({"rename_fields": {7: "level"}}, TypeError, "rename_fields must have strings for keys"),
        ({"rename_fields": {"level": "logger"}}, ValueError, "two fields .* the name 'logger'"),
        ({"rename_fields": {"level": "xray_trace_id"}}, ValueError, "name 'xray_trace_id'"),
        ({"rename_fields": {"a": "x", "b": "x"}}, ValueError, "two fields .* the name 'x'"),
        ({"rename_fields": {"levelname": "x"}}, ValueError, "'levelname' is not written"),
        ({"rename_fields": {"*": "x"}}, ValueError, r"'\*' is not written"),
        (
            {"fields": "level lineno", "rename_fields": {"level": "lineno"}},
            ValueError,
            "two fields .* the name 'lineno'",
        ),
        ({"static_fields": "shop"}, TypeError, "static_fields must be a mapping .*not str 'shop'"),
        ({"static_fields": {"level": 1}}, ValueError, "static_fields: 'level' is a field of each"),
        ({"dumps": "json.dumps"}, TypeError, "dumps must be .* write 'ext://json.dumps'"),
        ({"dumps": 7}, TypeError, "dumps must be a function such as json.dumps, .*not int 7"),
        ({"dumps": lambda _: ""}, ValueError, "dumps must be .*raised TypeError"),
        ({"dumps": lambda _, default: default}, TypeError, "dumps must be .*returns str or bytes"),
        ({"json_serialize_default": 7}, TypeError, "json_serialize_default must be callable"),
        ({"max_message_size": "1"}, TypeError, "max_message_size must be an integer, not str"),
        ({"max_message_size": True}, TypeError, "max_message_size must be an integer"),
        ({"max_message_size": 511}, ValueError, "must be from 512 to 1048576 bytes, not 511"),
        ({"max_message_size": 1_048_577}, ValueError, "must be from 512 to 1048576 bytes"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_argument_is_named_with_what_is_allowed(
    arguments: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        JSONFormatter(**arguments)


def test_its_errors_are_those_of_logspire() -> None:
    with pytest.raises(LogspireError):
        JSONFormatter(max_message_size=0)


# dumps


def test_the_users_function_writes_the_line_and_may_return_bytes() -> None:
    def dumps(members: object, default: Any) -> bytes:
        return json.dumps(members, default=default, separators=(",", ":")).encode()

    formatter = JSONFormatter(fields="message *", dumps=dumps)
    assert formatter.format(record_of("h\u00ed", a={1})) == '{"message":"h\\u00ed","a":"{1}"}'


def test_where_the_users_function_fails_the_line_is_written_all_the_same() -> None:
    def dumps(members: Any, default: Any) -> Any:
        return json.dumps(members, default=default) if "user" not in members else 1 / 0

    members = parse(JSONFormatter(dumps=dumps).format(record_of("hi", user="ann")))
    assert (members["message"], members["user"]) == ("hi", "ann")
