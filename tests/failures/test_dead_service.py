"""The service never comes back: the program runs as if nothing were wrong, and leaves in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from .situations import Result, Situation, situations

pytestmark = pytest.mark.slow  # the waits are the subject

SHUTDOWN_TIMEOUT_S = 2
EXIT_S = SHUTDOWN_TIMEOUT_S + 1
# Where more processes want each processor, one of them may have to wait for seconds.
BUSY = 1
# What an exit may take there: less than a call that hangs, which is given up after 20 s, and than
# the time-outs of several handlers one after the other.
BUSY_EXIT_S = 14

# Nothing listens on port 1 of this machine.
NOBODY = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
NO_REGION = {"AWS_DEFAULT_REGION": "", "AWS_REGION": ""}


def program(seconds: int) -> str:
    """Log for so long, and until there is an error to tell of; leave.

    Each program leaves at another time, as that time is measured.
    """
    return f"""
    log.addHandler(make(shutdown_timeout={SHUTDOWN_TIMEOUT_S}, send_interval=0.5))
    for number in range(20_000):
        log.info("burst %d", number)
    number, slowest = tick({seconds})
    while handlers[0].stats().last_error is None:
        more, slowest_of_these = tick(0.5)
        number, slowest = number + more, max(slowest, slowest_of_these)
    leave(logged=20_000 + number, slowest_s=slowest)
    """


# Each with its words for what is wrong.
DEAD = {
    Situation(
        "denied-for-ever", program(10), exits_within_s=EXIT_S, faults=({"kind": "access_denied"},)
    ): (
        "AccessDeniedException",
        "Not authorized to perform: logs:PutLogEvents",
    ),
    Situation("no-credentials", program(13), exits_within_s=EXIT_S, environment=NO_KEYS): (
        "NoCredentialsError",
        "Unable to locate credentials",
    ),
    Situation("no-region", program(16), exits_within_s=EXIT_S, environment=NO_REGION): (
        "NoRegionError",
        "You must specify a region",
    ),
    Situation("nobody-there", program(19), exits_within_s=EXIT_S, environment=NOBODY): (
        "EndpointConnectionError",
        "Could not connect to the endpoint URL",
    ),
    # A call is given up after 20 s.
    Situation("every-call-hangs", program(23), exits_within_s=EXIT_S, faults=({"kind": "hang"},)): (
        "ReadTimeoutError",
        "Read timeout on endpoint URL",
    ),
}


def assert_in_time(result: Result) -> None:
    assert result.exit_s <= (BUSY_EXIT_S if result.load > BUSY else EXIT_S)


# The SDK asks a program that does not answer: the first call never goes out.
CREDENTIALS_HANG = Situation(
    "credentials-hang",
    """
    with open("config", "w") as config:
        hang = f"{sys.executable} -c 'import time; time.sleep(40)'"
        config.write(f"[default]\\ncredential_process = {hang}\\n")
    os.environ["AWS_CONFIG_FILE"] = os.path.abspath("config")
    """
    + program(21),
    exits_within_s=EXIT_S,
    environment=NO_KEYS,
)


@situations(*DEAD, CREDENTIALS_HANG)
def test_the_program_runs_as_if_nothing_were_wrong(result: Result) -> None:
    assert result.findings["logged"] > 20_000
    # A logging call takes microseconds, and a call of the service 20 seconds where it hangs. What
    # lies between is for a machine that is busy with other tests.
    assert result.findings["slowest_s"] < 10
    assert result.status == 0


@situations(*DEAD, CREDENTIALS_HANG)
def test_the_exit_takes_no_longer_than_its_time_out_and_a_second(result: Result) -> None:
    assert_in_time(result)


@situations(*DEAD, CREDENTIALS_HANG)
def test_what_was_lost_is_in_the_books_with_number_and_reason(result: Result) -> None:
    (books,) = result.books
    logged = result.findings["logged"]
    assert (books["accepted"], books["delivered"]) == (logged, 0)
    assert books["losses"].get("shutdown", 0) == books["lost"] == logged - books["held"]
    # On a busy machine the process may end before the worker has entered all of them.
    assert books["held"] == 0 or result.load > BUSY


def said(result: Result) -> int:
    """Return how many records are said on standard error to be lost."""
    lines = [line.split() for line in result.errors.splitlines()]
    return sum(int(words[2]) for words in lines if words[:2] == ["logspire:", "lost"])


@pytest.mark.parametrize(
    ("result", "words"), DEAD.items(), indirect=["result"], ids=[one.name for one in DEAD]
)
def test_what_was_lost_is_said_with_number_reason_and_the_error_itself(
    result: Result, words: tuple[str, ...]
) -> None:
    assert said(result) == result.findings["logged"]
    assert " shutdown (no" in result.errors
    for word in words:
        assert word in result.errors
        assert word in result.books[0]["last_error"]


MEGABYTE = 1_000_000
FLOOD = Situation(
    "flood",
    """
    log.addHandler(make(shutdown_timeout=1))
    text = "x" * 990
    log.info("%08d %s", 0, text)
    while handlers[0].stats().last_error is None:  # which is to be told with all that is lost
        handlers[0].flush(0.1)
    for number in range(1, 600_000):
        log.info("%08d %s", number, text)
    with open("/proc/self/status") as status:
        (peak,) = (line for line in status if line.startswith("VmHWM"))
    leave(peak_kb=int(peak.split()[1]))
    """,
    faults=({"kind": "unavailable"},),
)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from /proc")
@situations(FLOOD)
def test_600_mb_of_logs_into_an_outage_stay_under_200_mb_resident(result: Result) -> None:
    assert result.findings["peak_kb"] * 1024 < 200 * MEGABYTE


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from /proc")
@situations(FLOOD)
def test_what_a_full_queue_lost_is_said_by_number_and_reason(result: Result) -> None:
    (books,) = result.books
    assert (books["accepted"], books["lost"] + books["held"]) == (600_000, 600_000)
    assert books["losses"]["queue_full"] > 500_000
    assert said(result) == 600_000
    assert "queue_full (max_queue_size was reached; " in result.errors
    assert "ServiceUnavailableException" in result.errors


def crowd(name: str, seconds: int, handlers: int, streams: int, kind: str) -> Situation:
    source = f"""
    made = [
        make("{{logger_name}}", shutdown_timeout={SHUTDOWN_TIMEOUT_S}) for _ in range({handlers})
    ]
    time.sleep({seconds})  # the other programs have left by then
    for stream in range({streams}):
        for handler in made:
            handler.handle(logging.makeLogRecord({{"name": f"stream-{{stream}}", "msg": "x"}}))
    leave(logged={handlers * streams})
    """
    return Situation(name, source, faults=({"kind": kind},), exits_within_s=EXIT_S)


CROWDS = (
    crowd("300-streams", 26, handlers=1, streams=300, kind="hang"),
    crowd("30-handlers", 30, handlers=30, streams=1, kind="hang"),
    crowd("30-handlers-of-30-streams", 34, handlers=30, streams=30, kind="throttle"),
)


@situations(*CROWDS)
def test_the_exit_takes_no_longer_however_many_streams_and_handlers(result: Result) -> None:
    assert_in_time(result)


@situations(*CROWDS)
def test_all_handlers_say_what_they_lost_however_many(result: Result) -> None:
    logged = result.findings["logged"]
    assert said(result) == logged
    assert all(books["losses"].keys() <= {"shutdown"} for books in result.books)
    lost, held = (sum(books[name] for books in result.books) for name in ("lost", "held"))
    lines = result.errors.count("logspire: lost ")
    assert (lost + held, lines >= len(result.books)) == (logged, True)
    # On a busy machine the process may end before the workers have entered all of them.
    assert (held, lines) == (0, len(result.books)) or result.load > BUSY
