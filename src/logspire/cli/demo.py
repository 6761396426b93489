"""``python -m logspire demo``: 20 000 records through the handler, and the proof that they arrived.

The proof is independent of the handler's own books: every event is read back from the service, and
compared with what was logged.
"""

from __future__ import annotations

import contextlib
import json
import logging
import logging.config
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, cast

from logspire.aws.client import ClientOptions, ClientSource
from logspire.aws.errors import code_of
from logspire.cli.demo_records import (
    PIECE,
    RECORDS,
    RECORDS_PER_THREAD,
    THREADS,
    Reading,
    compare,
    is_exception,
    message,
)
from logspire.core.ledger import LossReason

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from logspire.core.ledger import DeliveryStats
    from logspire.handler import CloudWatchLogHandler

_LOGGER: Final = "logspire-demo"
_SHOWN_CHARS: Final = 88
_REFUSALS: Final = (
    LossReason.REFUSED,
    LossReason.EXPIRED,
    LossReason.TOO_OLD,
    LossReason.TOO_NEW,
)


def add_command(commands: Any) -> None:
    """Add ``demo`` to the subcommands of a parser."""
    about = f"log {RECORDS} records, read them back, and show what became of them"
    parser: argparse.ArgumentParser = commands.add_parser(
        "demo",
        help=about,
        description=f"{about.capitalize()}. Without --endpoint-url, --region and --log-group, to "
        "a strict local service that is started for it: no AWS account is needed.",
        epilog="Exit status: 0 if every record arrived, 1 if one is missing.",
    )
    parser.add_argument("--endpoint-url", metavar="URL", help="of an emulator")
    parser.add_argument("--region", help="AWS region; that of the environment unless given")
    parser.add_argument(
        "--log-group",
        metavar="NAME",
        help="created where it is missing, with a retention of one day (default: logspire-demo)",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=60.0,
        help="how long to wait for delivery, and again for reading back (default: 60)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the demo; return the exit status."""
    # Samples hold emoji, and a terminal or a pipe may be ASCII.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    group = options.log_group or "logspire-demo"
    with contextlib.ExitStack() as stack:
        if not (options.endpoint_url or options.region or options.log_group):
            options.endpoint_url = stack.enter_context(local_service())
            print(f"A strict CloudWatch Logs is at {options.endpoint_url}, a process of its own.")
        try:
            source = ClientOptions(region_name=options.region, endpoint_url=options.endpoint_url)
            client = ClientSource(source).get()
        except Exception as error:  # noqa: BLE001 - whatever botocore finds wrong with them
            print(f"No client for CloudWatch Logs: {error}")
            return 1
        return _log_and_verify(client, group, options.timeout)


def _log_and_verify(client: Any, group: str, timeout_s: float) -> int:
    stream = f"demo-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
    print(f"{RECORDS} records from {THREADS} threads go to group {group}, stream {stream}.")
    traffic = Traffic(client)
    logging.config.dictConfig(configuration(client, group, stream))
    handler = cast("CloudWatchLogHandler", logging.getLogger(_LOGGER).handlers[0])
    started_s = time.monotonic()
    _log_from_threads(handler, timeout_s)
    handler.close()
    elapsed_s = time.monotonic() - started_s
    print(f"{handler.stats().delivered} delivered after {elapsed_s:.1f} s. Reading back ...")
    traffic.pause()
    reading = _read_back(client, group, stream, timeout_s)
    _print_table(handler.stats(), traffic, reading)
    _print_samples(reading.messages)
    if reading.missing:
        print(f"\n{len(reading.missing)} records are missing, such as:")
        for text in reading.missing[:3]:
            print(f"  {_shortened(text)}")
    return 1 if reading.missing else 0


def configuration(client: Any, group: str, stream: str) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` gets."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "cloudwatch": {
                "class": "logspire.CloudWatchLogHandler",
                "log_group_name": group,
                "log_stream_name": stream,
                "log_group_retention_days": 1,
                "send_interval": 1,
                "shutdown_timeout": 5,
                # A program would leave it out, or name a region. Here its traffic is watched.
                "boto3_client": client,
            }
        },
        "loggers": {_LOGGER: {"level": "INFO", "handlers": ["cloudwatch"], "propagate": False}},
    }


# -- the service ---------------------------------------------------------------------------------


@contextlib.contextmanager
def local_service() -> Iterator[str]:
    """Run the strict service, in a process of its own so that its work is not the program's."""
    # Whatever the environment says about AWS, or about proxies, is meant for other services.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    command = [sys.executable, "-m", "logspire.testing"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield _announced_url(process)
        finally:
            process.terminate()


def _announced_url(process: subprocess.Popen[str]) -> str:
    """Read what the process prints as it starts: its URL, then variables to be exported."""
    lines = iter(cast("Iterable[str]", process.stdout))
    url = next(lines, "").strip()
    if not url:
        raise RuntimeError("the local service did not start")
    for line in lines:
        name, _, value = line.removeprefix("export ").strip().partition("=")
        os.environ[name] = value
        if name == "AWS_SECRET_ACCESS_KEY":
            break
    return url


class Traffic:
    """What went over the wire, by the events of the client itself."""

    def __init__(self, client: Any) -> None:
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.raw_bytes = 0
        self.wire_bytes = 0
        self._watching = True
        events = client.meta.events
        events.register("before-send.cloudwatch-logs", self._sent)
        events.register("after-call.cloudwatch-logs", self._answered)
        events.register("after-call-error.cloudwatch-logs", self._failed)

    def pause(self) -> None:
        """Count no more."""
        self._watching = False

    def _sent(self, request: Any, event_name: str, **_: Any) -> None:
        if not self._watching:
            return
        body = request.body or b""
        self.calls[event_name.rpartition(".")[2]] += 1
        self.wire_bytes += len(body)
        if request.headers.get("Content-Encoding") in {"gzip", b"gzip"}:
            # gzip ends in the length of what it holds (RFC 1952).
            self.raw_bytes += int.from_bytes(body[-4:], "little")
        else:
            self.raw_bytes += len(body)

    def _answered(self, parsed: dict[str, Any], **_: Any) -> None:
        code = parsed.get("Error", {}).get("Code")
        if code and self._watching:
            self.refused[code] += 1

    def _failed(self, exception: Exception, **_: Any) -> None:
        if self._watching:
            self.refused[type(exception).__name__] += 1


# -- logging -------------------------------------------------------------------------------------


def _log_records(thread: int) -> None:
    logger = logging.getLogger(_LOGGER)
    for number in range(RECORDS_PER_THREAD):
        if is_exception(number):
            try:
                json.loads("{not JSON")
            except ValueError:
                logger.exception(message(thread, number))
        else:
            logger.info(message(thread, number))


def _log_from_threads(handler: CloudWatchLogHandler, timeout_s: float) -> None:
    """Log all records, and wait for them to be delivered; show how it goes."""
    threads = [threading.Thread(target=_log_records, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    progress = Progress()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.1)
            progress.show(handler.stats())
    give_up_s = time.monotonic() + timeout_s
    while handler.stats().held and time.monotonic() < give_up_s:
        handler.flush(0.1)
        progress.show(handler.stats())
    progress.end()


class Progress:
    """A line that is updated in a terminal, a line a second elsewhere."""

    def __init__(self) -> None:
        self._in_place = sys.stdout.isatty()
        self._next_s = 0.0

    def show(self, stats: DeliveryStats) -> None:
        """Tell how far it is."""
        now_s = time.monotonic()
        if not self._in_place and now_s < self._next_s:
            return
        self._next_s = now_s + 1.0
        line = f"  accepted {stats.accepted:6}   delivered {stats.delivered:6}"
        if stats.last_error:
            line += f"   {stats.last_error}"
        line = line[:78]
        print(f"\r{line:<78}" if self._in_place else line, end="" if self._in_place else "\n")
        sys.stdout.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._in_place:
            print()


# -- reading back, and telling -------------------------------------------------------------------


def _read_back(client: Any, group: str, stream: str, timeout_s: float) -> Reading:
    """Read until nothing is missing: what AWS has stored can be read some seconds later."""
    give_up_s = time.monotonic() + timeout_s
    pause_s = 0.25
    while True:
        trouble = ""
        messages: list[str] = []
        try:
            messages = list(_messages(client, group, stream))
        except Exception as error:  # noqa: BLE001 - told, if it does not pass
            trouble = code_of(error) or repr(error)
        reading = compare(messages)
        reading.trouble = trouble
        if not reading.missing or time.monotonic() + pause_s > give_up_s:
            return reading
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 5.0)


def _messages(client: Any, group: str, stream: str) -> Iterator[str]:
    names: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
    token = None
    while True:
        page = client.get_log_events(**names, **({"nextToken": token} if token else {}))
        for event in page["events"]:
            yield event["message"]
        if page["nextForwardToken"] == token:  # so the service says that this is the end
            return
        token = page["nextForwardToken"]


def _print_table(stats: DeliveryStats, traffic: Traffic, reading: Reading) -> None:
    pieces = sum(1 for text in reading.messages if PIECE.match(text))
    percent = 100 * traffic.wire_bytes / max(1, traffic.raw_bytes)
    refusals = ", ".join(f"{n} {code}" for code, n in traffic.refused.items())
    rows: list[tuple[str, int, str]] = [
        ("records accepted", stats.accepted, ""),
        ("records delivered", stats.delivered, ""),
        ("records lost", stats.lost, ", ".join(f"{n} {why}" for why, n in stats.losses.items())),
        ("records held", stats.held, stats.last_error or ""),
        ("batches", stats.batches, ""),
        ("bytes raw", traffic.raw_bytes, ""),
        ("bytes on the wire", traffic.wire_bytes, f"{percent:.0f} %"),
        *((f"calls of {name}", count, "") for name, count in sorted(traffic.calls.items())),
        # That the group and the stream are not there is how the handler learns to create them.
        ("calls refused", traffic.refused.total(), refusals),
        ("events refused", sum(stats.losses.get(reason, 0) for reason in _REFUSALS), ""),
        ("events read back", len(reading.messages), f"{pieces} pieces of split records"),
        ("records missing", len(reading.missing), reading.trouble),
        ("records twice", reading.twice, ""),
        ("records unknown", reading.unknown, ""),
    ]
    print()
    for name, count, note in rows:
        print(f"{name:26}{count:12,}   {note}".rstrip())


def _print_samples(messages: list[str]) -> None:
    """Show one event of each kind."""
    kinds = [r"record .* GET", r"\{", r"record .* is not ASCII", r"record .* failed\n", r"\[1/"]
    if messages:
        print("\nSome of what was read back:")
    for kind in kinds:
        sample = next((text for text in messages if re.match(kind, text)), None)
        if sample is not None:
            print(f"  {_shortened(sample)}")


def _shortened(text: str) -> str:
    line = text.replace("\n", " \\n ")
    return line if len(line) <= _SHOWN_CHARS else f"{line[:_SHOWN_CHARS]} ..."
