"""What to do with an answer, row by row, and how long to wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logspire.core.retry import HURRIED_CAP_S, Action, Decision, Outcome, Verdict, backoff, decide

attempts = st.one_of(st.integers(-5, 100), st.integers(), st.sampled_from([10**6, -(10**6)]))


@pytest.mark.parametrize(
    ("attempt", "longest_s"),
    [(-1, 0.1), (0, 0.1), (1, 0.2), (2, 0.4), (5, 3.2), (6, 5.0), (7, 5.0), (10**6, 5.0)],
)
def test_the_longest_wait_doubles_up_to_five_seconds(attempt: int, longest_s: float) -> None:
    assert backoff(attempt, 1.0) == pytest.approx(longest_s)


@given(attempt=attempts, jitter=st.floats(0, 1), cap_s=st.floats(0, 1e6))
def test_a_wait_is_never_negative_nor_longer_than_the_cap(
    attempt: int, jitter: float, cap_s: float
) -> None:
    assert 0 <= backoff(attempt, jitter, cap_s) <= cap_s


@given(attempt=attempts, jitter=st.floats(0, 1))
def test_a_later_attempt_never_waits_less_by_rule(attempt: int, jitter: float) -> None:
    assert backoff(attempt, jitter, 1e30) <= backoff(attempt + 1, jitter, 1e30)


@given(attempt=attempts)
def test_the_jitter_is_full(attempt: int) -> None:
    assert backoff(attempt, 0.0) == 0
    assert backoff(attempt, 0.5) == backoff(attempt, 1.0) / 2


WAIT = Decision(Action.WAIT, 0.1)
WAIT_LONGER = Decision(Action.WAIT, 0.8)
AT_ONCE = Decision(Action.WAIT, 0.0)
DONE, CREATE, HALVE, GIVE_UP = (
    Decision(action) for action in (Action.DONE, Action.CREATE, Action.HALVE, Action.GIVE_UP)
)


@pytest.mark.parametrize(
    ("verdict", "events", "attempts", "just_created", "decision"),
    [
        (Verdict.DELIVERED, 5, 3, False, DONE),
        (Verdict.DELIVERED, 0, 3, False, DONE),
        (Verdict.RETRY, 5, 0, False, WAIT),
        (Verdict.RETRY, 5, 3, False, WAIT_LONGER),
        (Verdict.RETRY, 0, 3, False, WAIT_LONGER),
        (Verdict.DENIED, 5, 0, False, WAIT),
        (Verdict.DENIED, 0, 3, False, WAIT_LONGER),
        (Verdict.DISCONNECTED, 5, 0, False, AT_ONCE),
        (Verdict.DISCONNECTED, 0, 0, False, AT_ONCE),
        (Verdict.DISCONNECTED, 5, 3, False, WAIT_LONGER),
        (Verdict.MISSING, 5, 0, False, CREATE),
        (Verdict.MISSING, 5, 3, False, CREATE),
        # Just created and not there: the service has not caught up with itself.
        (Verdict.MISSING, 5, 0, True, WAIT),
        (Verdict.MISSING, 5, 3, True, WAIT_LONGER),
        # A creation that says "missing" must not lead to a creation.
        (Verdict.MISSING, 0, 0, False, WAIT),
        (Verdict.REFUSED, 5, 3, False, HALVE),
        (Verdict.REFUSED, 2, 3, False, HALVE),
        (Verdict.REFUSED, 1, 3, False, GIVE_UP),
        # Not allowed to create: wait, then try the put.
        (Verdict.REFUSED, 0, 0, False, WAIT),
    ],
)
def test_the_decision(
    verdict: Verdict, *, events: int, attempts: int, just_created: bool, decision: Decision
) -> None:
    assert (
        decide(verdict, events=events, attempts=attempts, just_created=just_created, jitter=1.0)
        == decision
    )


def test_an_outcome_has_nothing_to_tell_unless_said() -> None:
    outcome = Outcome(Verdict.DELIVERED)
    assert (outcome.detail, outcome.rejected, outcome.entity_rejected) == ("", (), False)


def test_a_decision_waits_within_the_cap_that_it_was_given() -> None:
    decision = decide(
        Verdict.RETRY, events=1, attempts=50, just_created=False, jitter=1.0, cap_s=0.5
    )
    assert decision.delay_s == 0.5


@pytest.mark.parametrize(
    ("verdict", "events", "longest_s"),
    [
        (Verdict.RETRY, 0, 30.0),
        (Verdict.DISCONNECTED, 0, 30.0),
        # Not allowed to create: somebody else may do it, and then the put works.
        (Verdict.DENIED, 0, 5.0),
        (Verdict.REFUSED, 0, 5.0),
        (Verdict.MISSING, 0, 5.0),
        (Verdict.RETRY, 1, 5.0),
        (Verdict.DISCONNECTED, 1, 5.0),
        (Verdict.DENIED, 1, 5.0),
    ],
)
def test_only_a_creation_that_fails_waits_up_to_half_a_minute(
    verdict: Verdict, events: int, longest_s: float
) -> None:
    decision = decide(verdict, events=events, attempts=50, just_created=False, jitter=1.0)
    assert decision == Decision(Action.WAIT, longest_s)


def test_in_a_hurry_a_creation_does_not_wait_for_long_either() -> None:
    decision = decide(
        Verdict.RETRY, events=0, attempts=50, just_created=False, jitter=1.0, cap_s=HURRIED_CAP_S
    )
    assert decision.delay_s == HURRIED_CAP_S


@given(
    verdict=st.sampled_from(Verdict),
    events=st.integers(0, 10),
    attempts=attempts,
    just_created=st.booleans(),
    jitter=st.floats(0, 1),
)
def test_only_a_single_event_is_ever_given_up(
    verdict: Verdict, *, events: int, attempts: int, just_created: bool, jitter: float
) -> None:
    decision = decide(
        verdict, events=events, attempts=attempts, just_created=just_created, jitter=jitter
    )
    assert (decision.action is Action.GIVE_UP) == (verdict is Verdict.REFUSED and events == 1)
