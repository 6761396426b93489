"""Signal handlers and finalizers that log, or raise, at any moment of any method of the handler."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from delivery.conftest import GROUP, STREAM, Programs

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs


def arrived(service: LocalCloudWatchLogs) -> list[str]:
    return service.messages(GROUP, STREAM)


# A client for all, as making one takes a tenth of a second. What a signal handler may interrupt:
# `during` runs `action` again and again, for as long as it takes for `often` signals.
SIGNALS = """
import boto3, random
CLIENT = boto3.client("logs")
options["boto3_client"] = CLIENT
log.handlers[:] = [handler := make()]
count = 0
def on_alarm(*_):
    global count
    count += 1
    log.info("signal %d", count)
    besides()
    signal.setitimer(signal.ITIMER_REAL, 0.001)  # not before: without a queue a call takes longer
def during(action, often):
    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    rounds = 0
    while count < often:
        action(rounds)
        rounds += 1
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    log.info("end %d %d", rounds, count)
    assert handler.flush(100), handler.stats()
    stats = handler.stats()
    assert stats.held == 0 and stats.delivered == stats.accepted, stats
"""
# What the main thread does meanwhile, and what the signal handler does besides logging.
ACTIONS = {
    "flushing": "log.info('round %d', n); handler.flush()",
    "closing": "log.info('round %d', n); handler.close()",
    "reading the books": "log.info('round %d', n); handler.stats()",
    "logging without a queue": "log.info('round %d', n)",
    "flushing in the signal handler": "log.info('round %d', n)",
    "closing in the signal handler": "log.info('round %d', n)",
    "making handlers": "log.handlers[:] = [*log.handlers[:1], make()]; log.info('round %d', n)",
}


@pytest.mark.parametrize("what", ACTIONS)
def test_a_signal_handler_that_logs_every_millisecond_does_not_disturb(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, what: str
) -> None:
    queues = what != "logging without a queue"
    besides = {"flushing in": "flush", "closing in ": "close"}.get(what[:11], "stats")
    programs.run(
        f"options['use_queues'] = {queues}\n"
        f"besides = lambda: handler.{besides}()\n"
        f"{SIGNALS}\ndef action(n): {ACTIONS[what]}\nduring(action, 300)"
    )
    messages = Counter(arrived(cloudwatch_logs))
    (end,) = (m.split() for m in messages if m.startswith("end"))
    rounds, signals = int(end[1]), int(end[2])
    expected = [f"round {n}" for n in range(rounds)] + [f"signal {n + 1}" for n in range(signals)]
    assert set(messages) == {*expected, " ".join(end)}
    if what != "making handlers":  # of which two at a time send to the same stream
        assert max(messages.values()) == 1


# Raises in the main thread after a random while, in one of the calls that `interrupted` makes.
TIME_LIMITS = """
class TimeLimit(BaseException):
    pass
def on_limit(*_):
    raise TimeLimit
signal.signal(signal.SIGALRM, on_limit)
delays = random.Random(7)
def interrupted(action, longest_s):
    try:
        signal.setitimer(signal.ITIMER_REAL, delays.uniform(0.00002, longest_s))
        action()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except TimeLimit:
        # Before 3.13, logging keeps its lock if it is interrupted between taking it and `try`:
        # every logger would wait for it, and our flush() would not wait, lest it be for itself.
        while logging._lock._is_owned():
            logging._lock.release()
        return True
    return False
def our_threads():
    return [t for t in threading.enumerate() if t.name.startswith("logspire-")]
def works(handler, text):
    began = time.monotonic()
    handler.handle(logging.makeLogRecord({"msg": text}))
    assert handler.flush(100), handler.stats()
    stats = handler.stats()
    assert stats.held == 0 and stats.delivered == stats.accepted, stats
    assert time.monotonic() - began < 20
"""


@pytest.mark.parametrize(
    ("method", "longest_s"), [("flush", 0.004), ("close", 0.004), ("stats", 0.0002)]
)
def test_a_signal_handler_that_raises_inside_a_method_holds_nothing_up(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs, method: str, longest_s: float
) -> None:
    programs.run(
        SIGNALS
        + TIME_LIMITS
        + f"""
raised = 0
for n in range(300):
    log.info("round %d", n)
    raised += interrupted(lambda: [handler.{method}() for _ in range(10)], {longest_s})
    if n % 20 == 0:
        works(handler, "after %d" % n)
assert raised > 10, raised
works(handler, "last")
"""
    )
    rounds = [f"round {n}" for n in range(300)] + [f"after {n}" for n in range(0, 300, 20)]
    assert Counter(arrived(cloudwatch_logs)) == Counter([*rounds, "last"])


def test_a_signal_handler_that_raises_while_the_threads_start_holds_nothing_up(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        SIGNALS
        + TIME_LIMITS
        + """
raised = 0
for n in range(500):
    fresh = make()
    begin = lambda: fresh.handle(logging.makeLogRecord({"msg": "begin %d" % n}))
    raised += interrupted(begin, 0.0008)
    works(fresh, "after %d" % n)
    fresh.close()
assert raised > 50, raised
# Python itself keeps listing a thread that never ran where Thread.start is interrupted at its worst
# moments, and loses track of one now and then.
running = lambda: [thread for thread in our_threads() if thread.ident]
until = time.monotonic() + 60
while len(running()) > 3 and time.monotonic() < until:
    signal.sigtimedwait([], 0.02)
assert len(running()) <= 3, running()
"""
    )
    messages = Counter(arrived(cloudwatch_logs))
    assert max(messages.values()) == 1
    assert {m for m in messages if m.startswith("after")} == {f"after {n}" for n in range(500)}


def test_a_signal_handler_that_raises_in_a_call_without_a_queue_holds_nothing_up(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        SIGNALS
        + TIME_LIMITS
        + """
log.handlers[:] = [handler := make(use_queues=False)]
raised = 0
for n in range(300):
    raised += interrupted(lambda: log.info("round %d", n), 0.006)
assert raised > 10, raised
works(handler, "last")
"""
    )
    messages = arrived(cloudwatch_logs)
    assert messages[-1] == "last"
    assert len(messages) == len(set(messages))


def test_finalizers_that_log_flush_and_close_inside_other_calls_do_not_disturb(
    programs: Programs, cloudwatch_logs: LocalCloudWatchLogs
) -> None:
    programs.run(
        """
        import gc
        class Talking:
            def __init__(self, n):
                self.n, self.myself = n, self
            def __del__(self):
                log.info("finalized %d", self.n)
                (handler.stats, handler.flush, handler.close)[self.n % 3]()
        gc.set_threshold(7)
        for n in range(300):
            Talking(n)
            log.info("%d", n)
            if n % 10 == 0:
                handler.flush()
        gc.set_threshold(700)
        gc.collect()
        assert handler.flush(100), handler.stats()
        """
    )
    expected = [str(n) for n in range(300)] + [f"finalized {n}" for n in range(300)]
    assert Counter(arrived(cloudwatch_logs)) == Counter(expected)
