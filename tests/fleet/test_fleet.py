"""Three hundred processes on an account with small quotas; the whole: docs/fleet.md."""

from dataclasses import replace
from functools import cache

import pytest

from .account import Account, Answer, Operation, Outage, Quotas
from .fleet import Plan
from .report import Report
from .scenarios import outage_alone, over_quota, start
from .waits import AT_ONCE, LOGSPIRE, NO_JITTER, Waits, constants

pytestmark = pytest.mark.slow  # and the same on every Python

QUOTAS = Quotas(put=500.0, create_stream=5.0, create_group=1.0)
PLAN = Plan(300, QUOTAS)
BOUND_S = PLAN.processes / QUOTAS.create_stream
LONGEST_WAIT_S = 5.0
LONGEST_HANG_S = 5.0 * 1.1
"""The simulation varies the time that a call takes by a tenth."""


@cache
def started(waits: Waits = LOGSPIRE, within_s: float = 10.0, seed: int = 1) -> Report:
    return start(replace(PLAN, waits=waits, start_within_s=within_s, seed=seed))


@pytest.mark.parametrize("within_s", [10.0, 0.1])
def test_all_deliver_soon_after_the_quota_allows_it_and_nothing_is_lost(within_s: float) -> None:
    what = started(within_s=within_s)
    assert BOUND_S * 0.9 < what.last_s < BOUND_S + 40.0
    assert what.median_s < 0.7 * BOUND_S
    assert what.lost == 0


def test_without_waits_three_times_as_many_calls_are_throttled_and_records_are_lost() -> None:
    assert started(AT_ONCE).throttled > 3 * started().throttled
    assert started(AT_ONCE).lost > 0


def test_without_jitter_the_last_waits_more_than_half_as_long_again() -> None:
    assert started(NO_JITTER).last_s > 1.5 * started().last_s


def test_the_quota_is_used_where_without_jitter_it_lies_idle() -> None:
    assert started().slowest_creation > 0.25 * QUOTAS.create_stream
    assert started(NO_JITTER).slowest_creation < 0.1 * QUOTAS.create_stream


def test_patience_with_creations_spares_half_of_the_refusals() -> None:
    impatient = started(constants(0.1, 5.0, 5.0))
    assert started().throttled < impatient.throttled / 2
    assert started().last_s < impatient.last_s + 30.0


@pytest.mark.parametrize(
    ("outage", "call_s"), [(Outage.REFUSED, 0.1), (Outage.HANGING, LONGEST_HANG_S)]
)
def test_after_an_outage_all_catch_up_within_the_longest_wait_and_a_call(
    outage: Outage, call_s: float
) -> None:
    back, _ = outage_alone(PLAN, outage, 60.0)
    assert back.last_s < LONGEST_WAIT_S + call_s + 0.1
    assert (back.lost, back.throttled) == (0, 0)


def test_with_twice_as_many_puts_as_allowed_the_quota_is_used_up() -> None:
    what = over_quota(LOGSPIRE, processes=60)
    assert 0.95 * what.quota < what.done <= 1.05 * what.quota


def test_processes_that_share_a_stream_need_no_creation_each() -> None:
    shared = start(replace(PLAN, shared_stream=True))
    assert shared.last_s < BOUND_S / 2


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    assert start(PLAN) == started()
    assert started(seed=2) != started()


def test_the_core_itself_waits_as_its_constants_handed_in_from_outside() -> None:
    assert started(constants(0.1, 5.0, 30.0)) == started()


def test_an_account_says_missing_then_creates_then_says_that_it_is_there() -> None:
    account = Account(Quotas())
    stream = ("group", "stream")
    calls = [
        (Operation.PUT, stream, Answer.MISSING),
        (Operation.CREATE_STREAM, stream, Answer.MISSING),
        (Operation.CREATE_GROUP, ("group",), Answer.DONE),
        (Operation.CREATE_GROUP, ("group",), Answer.EXISTS),
        (Operation.CREATE_STREAM, stream, Answer.DONE),
        (Operation.CREATE_STREAM, stream, Answer.EXISTS),
        (Operation.PUT, stream, Answer.DONE),
    ]
    for operation, name, expected in calls:
        assert account.call(operation, name, 0.0, connected=True)[0] is expected


def test_an_account_throttles_what_is_over_the_rate() -> None:
    account = Account(Quotas(create_group=10.0))
    for second in (0.0, 1.0):
        answers = [
            account.call(Operation.CREATE_GROUP, (f"{second} {n}",), second, connected=True)[0]
            for n in range(12)
        ]
        assert answers == [Answer.DONE] * 10 + [Answer.THROTTLED] * 2
