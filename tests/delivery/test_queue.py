"""The bound on memory, its three policies, waiting for delivery, and what is said of losses."""

from __future__ import annotations

import logging
import random
import threading
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S

from logspire import Loss, LossReason

from .conftest import GROUP, STREAM

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs

    from .conftest import MakeHandler, Programs


def record(message: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("app", level, __file__, 1, message, None, None)


def arrived(service: LocalCloudWatchLogs) -> list[str]:
    return service.messages(GROUP, STREAM)


def has_arrived(service: LocalCloudWatchLogs, number: int) -> bool:
    return len(arrived(service)) == number


QUEUE_BYTES = 1_000_000
RECORD_BYTES = 400
"""More than one of the records below takes: so much beyond its bound the queue may hold."""


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_a_full_queue_drops_and_counts_and_never_exceeds_its_bound(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs, policy: str
) -> None:
    losses: list[Loss] = []
    handler = make_handler(
        max_queue_size=QUEUE_BYTES, queue_full=policy, on_loss=losses.append, send_interval=0.1
    )
    cloudwatch_logs.misbehave("unavailable")
    peak = 0
    for n in range(20_000):
        handler.handle(record(f"{n:0100d}"))
        peak = max(peak, handler.stats().held_bytes)
    assert QUEUE_BYTES / 2 < peak < QUEUE_BYTES + RECORD_BYTES
    cloudwatch_logs.behave()
    handler.flush(PATIENCE_S)
    texts = arrived(cloudwatch_logs)
    numbers = [int(text) for text in texts if not text.startswith("logspire: ")]
    stats = handler.stats()
    assert numbers == sorted(set(numbers))
    assert (stats.accepted, stats.held) == (20_000, 0)
    assert stats.delivered == len(numbers) == 20_000 - stats.losses[LossReason.QUEUE_FULL]
    kept_end = 19_999 if policy == "drop_oldest" else 0
    assert kept_end in numbers
    handler.close()
    assert sum(loss.count for loss in losses) == stats.lost


def test_a_full_queue_that_blocks_loses_nothing_and_keeps_the_bound(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler(max_queue_size=100_000, queue_full="block")
    cloudwatch_logs.misbehave("throttle", probability=0.3)
    peaks = []

    def work() -> None:
        for n in range(2000):
            handler.handle(record(f"{n:050d}"))
            peaks.append(handler.stats().held_bytes)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert handler.flush(PATIENCE_S)
    assert len(arrived(cloudwatch_logs)) == 8000
    assert max(peaks) <= 100_000 + 4 * 300  # each thread may have one record more in its hands


def test_a_record_larger_than_a_queue_that_blocks_goes_through_alone(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler(max_queue_size=50_000, queue_full="block", max_message_size=20_000)
    for message in ("before", "x" * 100_000, "after"):
        handler.handle(record(message))
    assert handler.flush(PATIENCE_S)
    texts = [message.partition("] ")[2] or message for message in arrived(cloudwatch_logs)]
    assert "".join(texts) == "before" + "x" * 100_000 + "after"


def test_flush_waits_for_everything_logged_before_it(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler()
    for n in range(25_000):
        handler.handle(record(str(n)))
    assert handler.flush(PATIENCE_S)
    assert len(arrived(cloudwatch_logs)) == 25_000


def test_flush_gives_up_at_its_timeout_and_nothing_is_lost_by_that(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler()
    cloudwatch_logs.misbehave("access_denied")
    handler.handle(record("patience"))
    assert not handler.flush(0.2)
    assert not handler.flush(timedelta(seconds=0))
    cloudwatch_logs.behave()
    assert handler.flush(PATIENCE_S)
    assert arrived(cloudwatch_logs) == ["patience"]


def test_flush_tells_that_something_was_lost(make_handler: MakeHandler) -> None:
    handler = make_handler(on_loss=lambda _: None)
    ancient = record("long ago")
    ancient.created = 1.0
    handler.handle(ancient)
    handler.handle(record("now"))
    assert not handler.flush(PATIENCE_S)
    assert dict(handler.stats().losses) == {LossReason.TOO_OLD: 1}
    assert handler.stats().delivered == 1


def test_a_record_waits_no_longer_than_the_send_interval(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler(send_interval=0.1)
    for number in range(1, 6):  # the first finds no worker, the others one that sleeps
        handler.handle(record("x"))
        arrival = partial(has_arrived, cloudwatch_logs, number)
        assert cloudwatch_logs.wait_for(arrival, PATIENCE_S)
        assert handler.flush(PATIENCE_S)  # until the answer is there as well


def test_a_record_at_the_flush_level_takes_everything_along_at_once(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler(flush_level="ERROR")
    handler.handle(record("patient"))
    handler.handle(record("urgent", logging.ERROR))
    both = ["patient", "urgent"]
    assert cloudwatch_logs.wait_for(lambda: arrived(cloudwatch_logs) == both, PATIENCE_S)


def test_without_queues_a_record_is_delivered_when_the_call_returns(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    # So long a call waits, if it must.
    handler = make_handler(use_queues=False, send_interval=PATIENCE_S)
    cloudwatch_logs.misbehave("throttle", operation="PutLogEvents", times=2)
    for n in range(5):
        handler.handle(record(str(n)))
        assert arrived(cloudwatch_logs)[-1] == str(n)


def test_without_queues_threads_that_log_together_all_deliver(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler(use_queues=False)

    def work(name: int) -> None:
        for n in range(20):
            handler.handle(record(f"{name} {n}"))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert handler.stats().held == 0
    assert len(set(arrived(cloudwatch_logs))) == 80


def test_without_queues_a_service_that_fails_does_not_hold_up_each_call(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler(use_queues=False, send_interval=0.3)
    cloudwatch_logs.misbehave("unavailable")
    for n in range(200):  # 60 s, if each waited for the interval
        handler.handle(record(str(n)))
    cloudwatch_logs.behave()
    assert handler.flush(PATIENCE_S)
    assert arrived(cloudwatch_logs) == [str(n) for n in range(200)]


def test_losses_are_said_on_stderr_in_one_line_with_number_and_reason(programs: Programs) -> None:
    began = time.monotonic()
    errors = programs.run(
        """
        for n in range(1000):
            log.info("")
        log.info("ok")
        """
    )
    lines = errors.splitlines()
    assert 1 <= len(lines) <= 2 + time.monotonic() - began  # a line a second, and one at the end
    assert sum(int(line.split()[2]) for line in lines) == 1000
    assert all("empty (the formatted message was empty)" in line for line in lines)


def test_a_loss_callback_that_raises_does_not_stop_delivery(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    errors = programs.run(
        """
        def complain(loss):
            raise RuntimeError(f"lost {loss.count}")
        log.handlers[:] = [make(on_loss=complain)]
        log.info("")
        log.handlers[0].flush(10)
        log.info("after")
        """
    )
    assert "RuntimeError: lost 1" in errors
    assert arrived(cloudwatch_logs) == ["after"]


def test_what_is_too_large_is_treated_as_asked(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    for policy in ("split", "truncate", "drop"):
        handler = make_handler(
            log_stream_name=policy, oversize=policy, max_message_size=1000, on_loss=lambda _: None
        )
        handler.handle(record("€" * 1000))
        handler.flush(PATIENCE_S)
    split, truncated, dropped = (
        cloudwatch_logs.messages(GROUP, policy) for policy in ("split", "truncate", "drop")
    )
    assert "".join(piece.partition("] ")[2] for piece in split) == "€" * 1000
    assert len(truncated) == 1
    assert truncated[0].endswith("€ [truncated, 3000 bytes]")
    assert dropped == []
    assert all(len(m.encode()) + 26 <= 1000 for m in split + truncated)


def test_many_streams_share_the_threads_of_one_handler(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    others = set(threading.enumerate())  # the last of another test may not have ended
    handler = make_handler(log_stream_name="{logger_name}")
    for n in range(200):
        made = record(str(n))
        made.name = f"logger {n % 50}"
        handler.handle(made)
    assert handler.flush(PATIENCE_S)
    running = [t.name for t in set(threading.enumerate()) - others]
    assert 1 <= running.count("logspire-sender") <= 4
    for n in range(50):
        expected = [str(m) for m in range(n, 200, 50)]
        assert cloudwatch_logs.messages(GROUP, f"logger {n}") == expected


def test_blocking_gives_way_where_waiting_would_be_a_deadlock(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    losses: list[Loss] = []
    handler = make_handler(
        max_queue_size=5000, queue_full="block", on_loss=losses.append, max_message_size=2000
    )
    cloudwatch_logs.misbehave("unavailable")
    with logging._lock:  # type: ignore[attr-defined]  # as dictConfig holds it
        for n in range(50):
            handler.handle(record(f"{n:050d}"))
    cloudwatch_logs.behave()
    handler.flush(PATIENCE_S)
    stats = handler.stats()
    assert (stats.accepted, stats.held) == (50, 0)
    assert stats.losses == {LossReason.QUEUE_FULL: 50 - len(arrived(cloudwatch_logs))}
    assert arrived(cloudwatch_logs)[0] == f"{0:050d}"


def test_all_of_several_threads_that_close_are_answered(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler(shutdown_timeout=40)
    for _ in range(20):
        handler.handle(record("x"))
        closers = [threading.Thread(target=handler.close) for _ in range(4)]
        began = time.monotonic()
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join()
        assert time.monotonic() - began < 30  # none of them waited in vain
    assert len(arrived(cloudwatch_logs)) == 20


def test_a_loss_callback_that_exits_or_logs_or_flushes_does_no_harm(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        def on_loss(loss):
            log.error("lost %d", loss.count)  # not sent: it could be lost in turn
            assert log.handlers[0].flush(5) in (True, False)
            sys.exit("no more")
        log.handlers[:] = [make(on_loss=on_loss)]
        for n in range(3):
            log.info("")
            log.info(n)
            log.handlers[0].flush(10)
        """
    )
    assert arrived(cloudwatch_logs) == ["0", "1", "2"]


def test_delivery_takes_no_random_numbers_from_the_application(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    handler = make_handler()
    cloudwatch_logs.misbehave("throttle", times=3)
    random.seed(1)
    before = random.getstate()
    handler.handle(record("x"))
    assert handler.flush(PATIENCE_S)
    assert random.getstate() == before


def test_a_loss_callback_that_does_not_return_holds_up_no_record(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    end = threading.Event()
    handler = make_handler(on_loss=lambda _: end.wait(60), send_interval=0.1)
    handler.handle(record(""))
    handler.flush(PATIENCE_S)  # lost: it is being told by now, or in a moment
    handler.handle(record("after"))
    assert handler.flush(PATIENCE_S)
    assert arrived(cloudwatch_logs) == ["after"]
    end.set()


def test_a_standard_error_that_nobody_reads_holds_up_neither_records_nor_exit(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    program = programs.start(
        """
        handler = make(shutdown_timeout=1)
        log.handlers[:] = [handler]
        os.write(2, b"x" * 65536)  # the pipe is full
        log.info("")
        handler.flush(100)
        log.info("after")
        print(handler.flush(100))
        """
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "True\n"
    program.wait(PATIENCE_S)
    assert arrived(cloudwatch_logs) == ["after"]
