"""Coverage-guided fuzzing of what reads bytes or text. By hand, with atheris installed:

    PYTHONPATH=src python tests/fuzz/atheris_targets.py TARGET -max_total_time=300

TARGET is json, event, naming, records or answers. It stops at the first input that breaks a rule.
"""

import json
import logging
import re
import sys
from typing import Any, NoReturn

import atheris  # type: ignore[import-untyped] # installed by hand

with atheris.instrument_imports(include=["logspire", "botocore.parsers"]):
    import botocore.exceptions
    import botocore.parsers
    import botocore.session

    from logspire import CloudWatchLogFormatter, JSONFormatter
    from logspire.aws import errors, hooks
    from logspire.aws.client import ClientOptions, ClientSource
    from logspire.aws.logs import CloudWatchLogs, GroupOptions
    from logspire.core import event
    from logspire.core.naming import StreamTemplate, legal_stream_name
    from logspire.core.retry import Verdict
    from logspire.formatters.strict_json import StrictEncoder

LEGAL = re.compile(r"[^:*]{1,512}", re.DOTALL)
MARK = re.compile(r"\[\d+/\d+\] ")
FIELDS = ("machine_name", "program_name", "process_id", "logger_name", "thread_name", "level_name")
SHAPE = botocore.session.Session().get_service_model("logs").shape_for("PutLogEventsResponse")
ADAPTER = CloudWatchLogs("group", ClientSource(ClientOptions()), group=GroupOptions())


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


def a_value(data: atheris.FuzzedDataProvider, depth: int = 0) -> Any:  # noqa: PLR0911 - one of ten kinds
    kind = data.ConsumeIntInRange(0, 9 if depth < 6 else 6)
    if kind <= 1:
        return data.ConsumeUnicode(data.ConsumeIntInRange(0, 30))
    if kind == 2:
        return data.ConsumeInt(data.ConsumeIntInRange(1, 40))
    if kind == 3:
        return data.ConsumeFloat()
    if kind == 4:
        return data.ConsumeBytes(5)
    if kind == 5:
        return [None, True, False, ..., 10**4400, print, {1, 2}][data.ConsumeIntInRange(0, 6)]
    if kind == 6:
        return type("Sub", (str,), {"__str__": lambda _: 1})(data.ConsumeUnicode(9))
    members = [a_value(data, depth + 1) for _ in range(data.ConsumeIntInRange(0, 4))]
    if kind == 7:
        return members
    if kind == 8:
        members.append(members)
        return tuple(members)
    return {data.ConsumeUnicode(4) if flat(m) else m: m for m in members if not isinstance(m, set)}


def flat(value: object) -> bool:
    return isinstance(value, (list, tuple, dict))


def fuzz_json(data: atheris.FuzzedDataProvider) -> None:
    text = StrictEncoder().encode(a_value(data))
    text.encode()
    assert "\n" not in text
    json.loads(text, parse_constant=refuse)


def fuzz_event(data: atheris.FuzzedDataProvider) -> None:
    limit_bytes = data.ConsumeIntInRange(40, 300)
    text = event.repair(data.ConsumeUnicode(data.ConsumeIntInRange(0, 2000)))
    assert event.utf8_length(text) == len(text.encode())
    pieces = event.split(text, limit_bytes) if text else []
    assert "".join(MARK.sub("", piece, count=1) for piece in pieces) == text
    assert all(len(piece.encode()) <= limit_bytes for piece in pieces)
    if len(text.encode()) > limit_bytes:
        assert limit_bytes - 3 <= len(event.truncate(text, limit_bytes).encode()) <= limit_bytes


def fuzz_naming(data: atheris.FuzzedDataProvider) -> None:
    words = {name: data.ConsumeUnicode(9) for name in FIELDS}
    created_s = data.ConsumeFloat()
    text = data.ConsumeUnicode(data.ConsumeIntInRange(0, 700))
    assert LEGAL.fullmatch(legal_stream_name(text))
    try:
        name = StreamTemplate(text).render(words, created_s)
    except ValueError as error:
        assert str(error).startswith("log_stream_name")  # noqa: PT017 - either may happen
        return
    assert LEGAL.fullmatch(name)
    name.encode()


def fuzz_records(data: atheris.FuzzedDataProvider) -> None:
    record = logging.LogRecord(
        data.ConsumeUnicode(5),
        data.ConsumeInt(2),
        data.ConsumeUnicode(5),
        1,
        a_value(data),
        (),
        None,
    )
    record.created = data.ConsumeFloat()
    record.__dict__.update({data.ConsumeUnicode(5): a_value(data) for _ in range(2)})
    before = dict(record.__dict__)
    line = JSONFormatter().format(record)
    assert isinstance(json.loads(line, parse_constant=refuse), dict)
    chosen = CloudWatchLogFormatter(add_log_record_attrs=["msg", "name", data.ConsumeUnicode(5)])
    try:
        line = chosen.format(record)
    except (TypeError, ValueError):
        assert type(record.msg) not in (str, dict)  # its __str__ is wrong: for handleError
    else:
        assert isinstance(json.loads(line, parse_constant=refuse), dict)
    assert all(value is record.__dict__[name] for name, value in before.items())


def fuzz_answers(data: atheris.FuzzedDataProvider) -> None:
    status = data.PickValueInList([200, 200, 201, 204, 300, 400, 413, 500, 503])
    header = data.PickValueInList(["x-amzn-query-error", "x-amzn-errortype", "x-amzn-requestid"])
    headers = {header: data.ConsumeUnicodeNoSurrogates(20)} if data.ConsumeBool() else {}
    response = {"status_code": status, "headers": headers, "body": data.ConsumeBytes(400)}
    with hooks.put_call(compress=False, on_send=lambda: None) as call:
        try:
            hooks._check(response)
            answer = botocore.parsers.create_parser("json").parse(response, SHAPE)
        except Exception as error:  # noqa: BLE001 - as the adapter meets it
            outcome = errors.outcome_of(error)
        else:
            if status > 300:
                outcome = errors.outcome_of(botocore.exceptions.ClientError(answer, "PutLogEvents"))
            else:
                outcome = ADAPTER._read(answer, 3, readable=call.readable)
    assert type(outcome.detail) is str
    assert all(0 <= part.start < part.stop <= 3 for part in outcome.rejected)
    if outcome.verdict is Verdict.DELIVERED and status == 200 and response["body"]:
        assert isinstance(json.loads(response["body"]), dict)


def main() -> None:
    target = globals()[f"fuzz_{sys.argv.pop(1)}"]
    atheris.Setup(sys.argv, lambda data: target(atheris.FuzzedDataProvider(data)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
