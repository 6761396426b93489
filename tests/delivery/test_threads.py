"""Many threads, signal handlers, finalizers, and a logging configuration that changes meanwhile."""

from __future__ import annotations

import gc
import logging
import logging.config
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING

import pytest
from patience import PATIENCE_S

from logspire import CloudWatchLogHandler

from .conftest import GROUP, STREAM, MakeHandler, Programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logspire.testing import LocalCloudWatchLogs


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.Logger("app", logging.INFO)  # noqa: LOG001 - one per test, nobody else's
    yield logger
    logger.handlers.clear()


def arrived(service: LocalCloudWatchLogs) -> list[str]:
    return service.messages(GROUP, STREAM)


def run_threads(*targets: threading.Thread) -> None:
    for thread in targets:
        thread.start()
    for thread in targets:
        thread.join()


def test_100_000_records_of_16_threads_arrive_once_and_in_order_per_thread(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs, log: logging.Logger
) -> None:
    handler = make_handler()
    log.addHandler(handler)

    def work(name: int) -> None:
        for n in range(6250):
            log.info("%d %d", name, n)

    run_threads(*(threading.Thread(target=work, args=(name,)) for name in range(16)))
    assert handler.flush(PATIENCE_S)
    numbers: dict[str, list[int]] = {}
    # As the service shows them: in the order of time, ties as they arrived.
    for event in sorted(cloudwatch_logs.events(GROUP, STREAM), key=lambda event: event.timestamp):
        name, n = event.message.split()
        numbers.setdefault(name, []).append(int(n))
    assert numbers == {str(name): list(range(6250)) for name in range(16)}
    assert not [call for call in cloudwatch_logs.calls if call.error == "InvalidParameterException"]


def test_the_books_balance_at_every_moment(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs, log: logging.Logger
) -> None:
    handler = make_handler(max_queue_size=200_000, on_loss=lambda _: None, max_batch_count=50)
    log.addHandler(handler)
    cloudwatch_logs.misbehave("throttle", probability=0.3)
    working = threading.Event()
    wrong = []

    def watch() -> None:
        while not working.is_set():
            stats = handler.stats()
            # Each thread may have one record more in its hands.
            held_too_much = stats.held_bytes > 200_000 + 4 * 300
            if stats.accepted != stats.delivered + stats.lost + stats.held or stats.held < 0:
                wrong.append(stats)
            if stats.lost != sum(stats.losses.values()) or held_too_much:
                wrong.append(stats)

    watcher = threading.Thread(target=watch)
    watcher.start()

    def work() -> None:
        for _ in range(2000):
            log.info("x" * 50)

    run_threads(*(threading.Thread(target=work) for _ in range(4)))
    handler.flush(PATIENCE_S)
    working.set()
    watcher.join()
    stats = handler.stats()
    assert not wrong
    assert (stats.accepted, stats.held) == (8000, 0)
    assert stats.delivered == len(arrived(cloudwatch_logs))


def test_a_signal_handler_that_logs_every_millisecond_does_not_disturb(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        count = 0
        def on_alarm(*_):
            global count
            count += 1
            log.info("signal %d", count)
        signal.signal(signal.SIGALRM, on_alarm)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        for n in range(20_000):
            log.info("loop %d", n)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)  # another thread may have been given one
        log.info("signals %d", count)
        """
    )
    messages = arrived(cloudwatch_logs)
    signals = int(messages[-1].split()[1])
    assert signals > 10
    assert sorted(messages[:-1]) == sorted(
        [f"loop {n}" for n in range(20_000)] + [f"signal {n + 1}" for n in range(signals)]
    )


def test_a_signal_handler_that_raises_in_a_logging_call_does_no_lasting_harm(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        import random
        class TimeLimit(BaseException):
            pass
        def on_alarm(*_):
            raise TimeLimit
        signal.signal(signal.SIGALRM, on_alarm)
        delays = random.Random(1)
        raised = done = 0
        while raised < 500:
            try:
                signal.setitimer(signal.ITIMER_REAL, delays.uniform(0.00005, 0.0005))
                # Not for ever: what is raised in a callback of a weak reference raises nowhere.
                for _ in range(10_000):
                    log.info("%d", done)
                    done += 1
            except TimeLimit:
                raised += 1
        log.info("last %d", done)
        assert handler.flush(100), handler.stats()
        stats = handler.stats()
        assert stats.held == 0 and stats.delivered == stats.accepted, stats
        """
    )
    messages = arrived(cloudwatch_logs)
    done = int(messages[-1].split()[1])
    # A call that was interrupted may have handed its record over or not; the others all did.
    assert set(messages[:-1]) - {str(done)} == {str(n) for n in range(done)}


def test_a_finalizer_that_logs_inside_the_hand_over_does_not_disturb(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs, log: logging.Logger
) -> None:
    handler = make_handler()
    log.addHandler(handler)

    class Talking:
        def __init__(self) -> None:
            self.myself = self

        def __del__(self) -> None:
            log.info("finalized")

    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for n in range(300):
            Talking()
            log.info("%d", n)
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert handler.flush(PATIENCE_S)
    messages = arrived(cloudwatch_logs)
    assert messages.count("finalized") == 300  # those that ran in a sending thread as well
    assert [m for m in messages if m != "finalized"] == [str(n) for n in range(300)]


def test_a_closed_handler_starts_again_with_the_next_record(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs, log: logging.Logger
) -> None:
    others = set(threading.enumerate())  # the last of another test may not have ended
    handler = make_handler()
    log.addHandler(handler)
    for n in range(5):
        log.info(n)
        states = [handler.shutting_down]
        handler.close()
        states.append(handler.shutting_down)
        assert states == [False, True]
        assert len(arrived(cloudwatch_logs)) == n + 1
        for thread in set(threading.enumerate()) - others:
            if thread.name in ("logspire-worker", "logspire-sender"):
                thread.join(PATIENCE_S)  # it has nothing left to do, and may be late with that
                assert not thread.is_alive()


def test_close_during_a_send_and_records_meanwhile_lose_nothing(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs, log: logging.Logger
) -> None:
    handler = make_handler(send_interval=0.01)
    log.addHandler(handler)
    cloudwatch_logs.misbehave("slow", seconds=0.02)

    def work() -> None:
        for n in range(300):
            log.info("%d", n)

    worker = threading.Thread(target=work)
    worker.start()
    while worker.is_alive():
        handler.close()
    handler.close()
    assert arrived(cloudwatch_logs) == [str(n) for n in range(300)]
    assert handler.stats().held == 0


def configuration(service: LocalCloudWatchLogs) -> dict[str, object]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            name: {
                "class": "logspire.CloudWatchLogHandler",
                "log_group_name": GROUP,
                "log_stream_name": name,
                "send_interval": 60,
                "shutdown_timeout": 100,
                "endpoint_url": service.endpoint_url,
                "region_name": service.region,
            }
            for name in ("one", "two")
        },
        "loggers": {"configured": {"level": "INFO", "handlers": ["one", "two"]}},
    }


def test_dict_config_with_records_queued_and_a_slow_service_is_back_at_once(
    cloudwatch_logs: LocalCloudWatchLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cloudwatch_logs.environment.items():
        monkeypatch.setenv(name, value)
    cloudwatch_logs.misbehave("slow", seconds=5)
    log = logging.getLogger("configured")
    for n in range(3):
        began = time.monotonic()
        logging.config.dictConfig(configuration(cloudwatch_logs))
        assert time.monotonic() - began < 15  # to deliver takes four calls at least, one by one
        for m in range(100):
            log.info("%d %d", n, m)
    nothing = {"version": 1, "disable_existing_loggers": False}
    logging.config.dictConfig({**nothing, "loggers": {"configured": {"handlers": []}}})
    cloudwatch_logs.behave()
    cloudwatch_logs.misbehave("slow", seconds=1)  # long enough for what is to arrive
    expected = [f"{n} {m}" for n in range(3) for m in range(100)]

    def everything_arrived() -> bool:
        one, two = (cloudwatch_logs.messages(GROUP, stream) for stream in ("one", "two"))
        return sorted(one) == sorted(two) == sorted(expected)

    assert cloudwatch_logs.wait_for(everything_arrived, PATIENCE_S)
    # The answers are still on their way: without a service, the handlers would try again for ever.
    for thread in threading.enumerate():
        if thread.name in ("logspire-worker", "logspire-sender"):
            thread.join(PATIENCE_S)


def test_a_close_right_after_dict_config_has_all_its_time(
    make_handler: MakeHandler, cloudwatch_logs: LocalCloudWatchLogs, log: logging.Logger
) -> None:
    handler = make_handler()
    log.addHandler(handler)
    cloudwatch_logs.misbehave("slow", seconds=0.3)
    log.info("kept")
    nothing = {"version": 1, "disable_existing_loggers": False, "incremental": False}
    logging.config.dictConfig(nothing)  # flushes and closes each handler, its lock held
    handler.close()
    assert arrived(cloudwatch_logs) == ["kept"]
    assert handler.stats().lost == 0


@pytest.mark.usefixtures("make_handler")
def test_a_handler_dropped_without_close_delivers_and_leaves_no_thread(
    cloudwatch_logs: LocalCloudWatchLogs,
) -> None:
    for n in range(8):
        handler = CloudWatchLogHandler(GROUP, STREAM, send_interval=60)
        handler.handle(logging.makeLogRecord({"msg": str(n)}))
        gone = weakref.ref(handler)
        del handler
        gc.collect()
        assert gone() is None
    assert cloudwatch_logs.wait_for(lambda: len(arrived(cloudwatch_logs)) == 8, PATIENCE_S)
    for thread in threading.enumerate():
        if thread.name.startswith("logspire-") and thread.name != "logspire-testing":
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


@pytest.mark.skipif(sys.platform == "win32", reason="no file descriptors to count")
def test_handlers_by_the_thousand_give_everything_back(programs: Programs) -> None:
    programs.run(
        """
        import gc
        def round():
            handler = make()
            handler.handle(logging.makeLogRecord({"msg": "x"}))
            handler.close()
        def settle():  # a thread may be late with its end
            while any(thread.name.startswith("logspire-") for thread in threading.enumerate()):
                signal.sigtimedwait([], 0.01)
            gc.collect()
        for _ in range(10):
            round()
        settle()
        files, objects = len(os.listdir("/proc/self/fd")), len(gc.get_objects())
        threads = threading.active_count()
        for _ in range(30):
            round()
        for _ in range(1000):
            make()
        settle()
        assert len(os.listdir("/proc/self/fd")) <= files + 2
        assert threading.active_count() <= threads
        assert len(gc.get_objects()) < objects + 3000, len(gc.get_objects()) - objects
        """
    )
