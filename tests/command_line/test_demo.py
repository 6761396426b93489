"""The demo, as a process: what it shows is right, and it does not hide what is missing."""

import http.server
import itertools
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from patience import PATIENCE_S

import logspire
from logspire.cli.demo_records import RECORDS, RECORDS_PER_THREAD, THREADS, compare, text_of
from logspire.testing import LocalCloudWatchLogs

pytestmark = pytest.mark.slow  # and the same on every Python

HUGE = text_of(0, RECORDS_PER_THREAD // 2)


def run(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line with no configuration of AWS but the one given."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "logspire", *arguments],
        check=False,
        capture_output=True,
        cwd=cwd,
        encoding="utf-8",
        env={**bare, "HOME": str(cwd), "PYTHONIOENCODING": "utf-8", **(environment or {})},
        timeout=PATIENCE_S,
    )


def figure(output: str, name: str) -> int:
    row = re.search(rf"^{name} +([\d,]+)", output, re.MULTILINE)
    assert row, f"no {name!r} in:\n{output}"
    return int(row[1].replace(",", ""))


@pytest.fixture(scope="module")
def plain_run(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return run("demo", cwd=tmp_path_factory.mktemp("empty"))


def test_the_demo_needs_no_aws_and_no_files(plain_run: subprocess.CompletedProcess[str]) -> None:
    assert (plain_run.returncode, plain_run.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("records accepted", RECORDS),
        ("records delivered", RECORDS),
        ("records lost", 0),
        ("records missing", 0),
        ("records twice", 0),
        ("events refused", 0),
        # One record of 3 MB arrives as three events.
        ("events read back", RECORDS + 2),
        ("calls of CreateLogGroup", 1),
        ("calls of CreateLogStream", 2),
    ],
)
def test_the_demo_shows_that_everything_arrived(
    name: str, expected: int, plain_run: subprocess.CompletedProcess[str]
) -> None:
    assert figure(plain_run.stdout, name) == expected


def test_the_demo_counts_every_call_that_stored_a_batch_or_was_refused(
    plain_run: subprocess.CompletedProcess[str],
) -> None:
    # Refused: the first put, as there is no stream, and the first stream, as there is no group.
    calls = figure(plain_run.stdout, "calls of PutLogEvents")
    assert calls == figure(plain_run.stdout, "batches") + 1
    assert figure(plain_run.stdout, "calls refused") == 2


def test_the_demo_shows_fewer_bytes_on_the_wire_than_raw(
    plain_run: subprocess.CompletedProcess[str],
) -> None:
    wire = figure(plain_run.stdout, "bytes on the wire")
    assert 0 < wire < figure(plain_run.stdout, "bytes raw")


def test_the_demo_prints_some_events_that_it_read_back(
    plain_run: subprocess.CompletedProcess[str],
) -> None:
    samples = plain_run.stdout.partition("read back:\n")[2]
    assert "GET /orders/" in samples
    assert '{"record": "' in samples
    assert "\N{ROCKET}" in samples
    assert "Traceback" in samples
    assert "[1/3] record" in samples


def test_the_demo_uses_no_configuration_of_the_machine_and_no_more_than_ascii(
    tmp_path: Path,
) -> None:
    unusable = "http://127.0.0.1:9"
    environment = {
        "AWS_PROFILE": "there-is-none",
        "AWS_ENDPOINT_URL": unusable,
        "HTTP_PROXY": unusable,
        "http_proxy": unusable,
        "PYTHONIOENCODING": "ascii",
    }
    demo = run("demo", cwd=tmp_path, environment=environment)
    assert demo.returncode == 0
    assert "\\U0001f680" in demo.stdout


def test_the_demo_goes_to_the_service_and_group_that_it_is_told(
    cloudwatch_logs: LocalCloudWatchLogs, tmp_path: Path
) -> None:
    demo = run(
        *("demo", "--endpoint-url", cloudwatch_logs.endpoint_url),
        *("--region", cloudwatch_logs.region, "--log-group", "mine"),
        cwd=tmp_path,
        environment=cloudwatch_logs.environment,
    )
    assert demo.returncode == 0
    assert cloudwatch_logs.summary.events_stored == RECORDS + 2
    groups = cloudwatch_logs.client().describe_log_groups()["logGroups"]
    assert [(group["logGroupName"], group["retentionInDays"]) for group in groups] == [("mine", 1)]


def test_two_demos_to_one_group_do_not_mix(
    cloudwatch_logs: LocalCloudWatchLogs, tmp_path: Path
) -> None:
    where = ("--endpoint-url", cloudwatch_logs.endpoint_url, "--region", cloudwatch_logs.region)
    for _ in range(2):
        demo = run("demo", *where, cwd=tmp_path, environment=cloudwatch_logs.environment)
        assert figure(demo.stdout, "records twice") == 0


@contextmanager
def forgetful(service: LocalCloudWatchLogs) -> Iterator[str]:
    """Stand before a service; answer one batch, the third put, with success and without it."""
    puts = itertools.count(1)  # a step of which no other thread sees a half

    class Forgetful(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["X-Amz-Target"].endswith("PutLogEvents") and next(puts) == 3:
                self.answer(200, b"{}")
                return
            # The Host header stays what it was, so the signature is still right.
            forwarded = urllib.request.Request(
                service.endpoint_url, data=body, headers=dict(self.headers)
            )
            try:
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                    forwarded
                ) as answer:
                    self.answer(answer.status, answer.read())
            except urllib.error.HTTPError as error:
                with error:
                    self.answer(error.code, error.read())

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forgetful) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_the_demo_fails_if_the_service_loses_a_batch_that_it_confirmed(
    cloudwatch_logs: LocalCloudWatchLogs, tmp_path: Path
) -> None:
    with forgetful(cloudwatch_logs) as url:
        demo = run(
            *("demo", "--endpoint-url", url, "--region", cloudwatch_logs.region),
            *("--timeout", "30"),  # for delivery, and again for what will never be read back
            cwd=tmp_path,
            environment={**cloudwatch_logs.environment, "AWS_ENDPOINT_URL": url},
        )
    assert demo.returncode == 1
    assert figure(demo.stdout, "records delivered") == RECORDS
    assert figure(demo.stdout, "records missing") > 0
    assert "are missing, such as:" in demo.stdout


def test_the_demo_fails_in_time_if_nobody_answers(tmp_path: Path) -> None:
    environment = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    demo = run(
        *("demo", "--endpoint-url", "http://127.0.0.1:9", "--region", "us-east-1"),
        *("--timeout", "0.5"),
        cwd=tmp_path,
        environment=environment,
    )
    assert demo.returncode == 1
    assert figure(demo.stdout, "records delivered") == 0
    # On a busy machine it may end before the worker has entered all of them.
    given_up = figure(demo.stdout, "records lost") + figure(demo.stdout, "records held")
    assert given_up == RECORDS


def test_the_demo_says_which_setting_a_client_lacks(tmp_path: Path) -> None:
    demo = run("demo", "--log-group", "mine", cwd=tmp_path)
    assert demo.returncode == 1
    assert "credentials" in demo.stdout


def all_texts() -> list[str]:
    return [text_of(t, n) for t in range(THREADS) for n in range(RECORDS_PER_THREAD)]


def test_a_record_that_comes_twice_is_counted_and_not_missing() -> None:
    texts = all_texts()
    reading = compare([*texts, texts[7]])
    assert (reading.missing, reading.twice, reading.unknown) == ([], 1, 0)


def test_a_record_that_comes_changed_is_missing_and_unknown() -> None:
    texts = all_texts()
    changed, texts[7] = texts[7], "something else"
    reading = compare(texts)
    assert (reading.missing, reading.twice, reading.unknown) == ([changed], 0, 1)


def test_pieces_are_joined_in_any_order() -> None:
    texts = [text for text in all_texts() if text != HUGE]
    middle = len(HUGE) // 2
    reading = compare([f"[2/2] {HUGE[middle:]}", *texts, f"[1/2] {HUGE[:middle]}"])
    assert (reading.missing, reading.twice, reading.unknown) == ([], 0, 0)


def test_a_record_of_which_a_piece_is_missing_is_missing() -> None:
    texts = [text for text in all_texts() if text != HUGE]
    reading = compare([*texts, f"[1/2] {HUGE[:100]}"])
    assert (reading.missing, reading.twice, reading.unknown) == ([HUGE], 0, 1)


def test_without_a_command_there_is_help(tmp_path: Path) -> None:
    shown = run(cwd=tmp_path)
    assert shown.returncode == 0
    assert "demo" in shown.stdout


def test_the_command_line_tells_its_version(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).stdout == f"logspire {logspire.__version__}\n"
