"""The service fails for long and comes back: everything arrives, in order, once."""

from __future__ import annotations

import pytest

from .situations import Result, Situation, situations

pytestmark = pytest.mark.slow  # the waits are the subject

# Logs before, during and after the outage, and leaves when all is delivered.
TICKING = """
log.addHandler(make(send_interval=0.5))
number, slowest = tick({seconds})
delivered = handlers[0].flush(100)
leave(logged=number, slowest_s=slowest, delivered=delivered)
"""

THROTTLED = Situation(
    "throttled",
    TICKING.format(seconds=5),
    faults=({"kind": "throttle", "operation": "PutLogEvents", "times": 25},),
)
UNAVAILABLE = Situation(
    "unavailable",
    TICKING.format(seconds=27),
    faults=({"kind": "unavailable"},),
    over_after_s=25,
)
RESETS = Situation("resets", TICKING.format(seconds=5), faults=({"kind": "reset", "times": 12},))
HANG = Situation(
    "hang",
    TICKING.format(seconds=5),
    faults=({"kind": "hang", "operation": "PutLogEvents", "seconds": 40, "times": 1},),
)
MIXED = ("reset", "html", "throttle", "bad_gateway", "garbage", "internal_failure")
MIX = Situation(
    "mix",
    TICKING.format(seconds=20),
    faults=tuple({"kind": kind, "times": 3} for kind in MIXED),
)
# Each with how many calls met what.
MET = {
    THROTTLED: {"throttle": 25},
    RESETS: {"reset": 12},
    HANG: {"hang": 1},
    MIX: dict.fromkeys(MIXED, 3),
}


@situations(THROTTLED, UNAVAILABLE, RESETS, HANG, MIX)
def test_after_a_long_outage_everything_arrives_once_and_in_order(result: Result) -> None:
    logged = result.findings["logged"]
    assert result.findings["delivered"], result
    assert result.stored["stream"] == [str(number) for number in range(logged)]
    (books,) = result.books
    assert (books["accepted"], books["delivered"], books["lost"]) == (logged, logged, 0)
    assert result.status == 0
    assert "lost" not in result.errors


@pytest.mark.parametrize(
    ("result", "met"), MET.items(), indirect=["result"], ids=[one.name for one in MET]
)
def test_the_outage_was_as_long_as_is_said(result: Result, met: dict[str, int]) -> None:
    assert result.misbehaved == met


@situations(UNAVAILABLE)
def test_25_seconds_without_the_service_meet_a_call_every_five_at_least(result: Result) -> None:
    # The first waits are 6.3 s at most in all, the others 5 s each: ten calls, were they quick.
    assert result.misbehaved["unavailable"] >= 8


@situations(THROTTLED, UNAVAILABLE, RESETS, HANG, MIX)
def test_a_long_outage_does_not_hold_up_the_program(result: Result) -> None:
    # It takes microseconds, and a call that hangs 20 s: what lies between is for a busy machine.
    assert result.findings["slowest_s"] < 10


THEIR_CLIENT = Situation(
    "their-client-hangs",
    """
    import boto3
    log.addHandler(make(send_interval=0.5, boto3_client=boto3.client("logs")))
    other = make("other", send_interval=0.5)
    number, slowest = tick(5)
    delivered = handlers[0].flush(100)
    leave(logged=number, slowest_s=slowest, delivered=delivered)
    """,
    faults=({"kind": "hang", "operation": "PutLogEvents", "seconds": 40, "times": 1},),
)


@situations(THEIR_CLIENT)
def test_a_client_with_a_long_time_out_waits_40_seconds_and_delivers_once(result: Result) -> None:
    assert result.findings["delivered"], result
    assert result.stored["stream"] == [str(n) for n in range(result.findings["logged"])]
    assert result.misbehaved == {"hang": 1}


OTHER_STREAMS = Situation(
    "other-streams",
    """
    from logspire.testing import RemoteCloudWatchLogs
    handler = make("{logger_name}", send_interval=0)
    def send(name, text):
        handler.handle(logging.makeLogRecord({"name": name, "msg": text}))
    def others_are_there():
        "Before the one that is stuck: that one goes last of all, or they have waited for it."
        while handler.stats().held > 1:
            time.sleep(0.05)
        return handler.stats().held == 1
    send("stuck", "first")
    service = RemoteCloudWatchLogs(os.environ["AWS_ENDPOINT_URL"])
    while not service.calls:  # the one that hangs is under way
        time.sleep(0.05)
    for number in range(20):
        send(f"stream-{number}", "beside it")
    beside = others_are_there()
    leave(beside=beside, delivered=handler.flush(100))
    """,
    faults=({"kind": "hang", "operation": "PutLogEvents", "seconds": 40, "times": 1},),
)


@situations(OTHER_STREAMS)
def test_a_stream_whose_call_hangs_holds_up_no_other(result: Result) -> None:
    assert result.findings == {"beside": True, "delivered": True}
    assert result.stored["stuck"] == ["first"]
    assert all(result.stored[f"stream-{number}"] == ["beside it"] for number in range(20))


SLOW_ANSWER = Situation(
    "slow-answer",
    """
    # Nothing goes before a batch is full, however long it takes to log so many.
    handler = make(send_interval=60, max_batch_count=100)
    log.addHandler(handler)
    log.info("warm")
    assert handler.flush(100)
    from logspire.testing import RemoteCloudWatchLogs
    service = RemoteCloudWatchLogs(os.environ["AWS_ENDPOINT_URL"])
    service.misbehave("slow", seconds=25, times=1)
    for number in range(500):
        log.info(number)
    leave(delivered=handler.flush(100))
    """,
)


@situations(SLOW_ANSWER)
def test_an_answer_that_comes_too_late_stores_no_more_than_its_batch_twice(result: Result) -> None:
    numbers = [str(number) for number in range(500)]
    assert result.stored["stream"] == ["warm", *numbers[:100], *numbers]
    assert result.findings["delivered"]
    assert result.books[0]["delivered"] == 501


THROTTLED_AT_EXIT = Situation(
    "throttled-at-exit",
    """
    log.addHandler(make(shutdown_timeout=60))
    for number in range(1000):
        log.info(number)
    leave()
    """,
    faults=({"kind": "throttle", "operation": "PutLogEvents", "times": 25},),
)


@situations(THROTTLED_AT_EXIT)
def test_an_exit_with_enough_time_outlasts_25_throttled_calls(result: Result) -> None:
    assert result.stored["stream"] == [str(number) for number in range(1000)]
    assert result.misbehaved == {"throttle": 25}
    assert "lost" not in result.errors
