"""Whatever fails for a while: driven by `next_due_s` alone, everything arrives in the end."""

import math
from collections import Counter
from collections.abc import Iterator

from core.oracle import tiny_but
from hypothesis import given
from hypothesis import strategies as st

from logspire.core.backlog import Backlog
from logspire.core.ledger import Ledger, LossReason
from logspire.core.retry import Outcome, Verdict
from logspire.core.stream import Batch, Creation, Job

# Nothing grows too old here: what is late is late because it was not sent.
LIMITS = tiny_but(age_ms=None, ahead_ms=None)
passing = st.lists(
    st.sampled_from([Verdict.RETRY, Verdict.DISCONNECTED, Verdict.MISSING]), max_size=20
)
texts = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 120), st.sampled_from(["fine", "poison"])),
    min_size=1,
    max_size=30,
)


class Service:
    """Fails as told, then takes everything but poison."""

    def __init__(self, failures: list[Verdict]) -> None:
        self.failures = iter(failures)
        self.taken: Counter[str] = Counter()
        self.calls = 0
        self.refusals = 0

    def answer(self, job: Job) -> Verdict:
        self.calls += 1
        if failure := next(self.failures, None):
            return failure
        if isinstance(job, Batch):
            messages = list(job.events.messages)
            if any("poison" in message for message in messages):
                self.refusals += 1
                return Verdict.REFUSED
            self.taken.update(messages)
        return Verdict.DELIVERED


def jobs_as_they_fall_due(backlog: Backlog) -> Iterator[tuple[Job, float]]:
    """Look at the backlog at the times that it names, and at no others."""
    now_s = 0.0
    while backlog.held_events:
        assert backlog.next_due_s() < math.inf, "held, and never due"
        now_s = max(now_s, backlog.next_due_s())
        job = backlog.next_job(now_s, 0)
        assert job, "woken for nothing"
        yield job, now_s


@given(texts=texts, failures=passing, jitter=st.sampled_from([0.0, 0.3, 1.0]))
def test_all_but_poison_is_delivered_in_a_bounded_number_of_calls(
    texts: list[tuple[str, int, str]], failures: list[Verdict], jitter: float
) -> None:
    ledger, service = Ledger(), Service(failures)
    backlog = Backlog(LIMITS, send_interval_s=2.0, oversize="split", ledger=ledger)
    for stream, time_ms, text in texts:
        backlog.add(stream, [time_ms], [text], arrived_s=0.0, now_s=0.0)
    for job, now_s in jobs_as_they_fall_due(backlog):
        backlog.resolve(job, Outcome(service.answer(job)), now_s=now_s, jitter=jitter)
    poison = sum(text == "poison" for _, _, text in texts)
    assert service.taken == +Counter(fine=len(texts) - poison)
    assert +ledger.lost == +Counter({LossReason.REFUSED: poison})
    # From four events to one is two halvings. Each may cost three refusals: its own, and after
    # a delivery the doubling that was too early and its undoing.
    assert service.refusals <= 6 * poison
    # A failure costs its call, and perhaps that of a creation.
    assert service.calls <= 2 * len(failures) + service.refusals + len(texts)


@given(failures=passing, jitter=st.sampled_from([0.0, 0.5, 1.0]))
def test_nothing_waits_longer_than_its_interval_and_the_waits_after_failures(
    failures: list[Verdict], jitter: float
) -> None:
    service = Service(failures)
    backlog = Backlog(LIMITS, send_interval_s=2.0, oversize="split", ledger=Ledger())
    backlog.add("a", [0], ["fine"], arrived_s=0.0, now_s=0.0)
    bound_s = 2.0
    for job, now_s in jobs_as_they_fall_due(backlog):
        assert now_s <= bound_s
        bound_s += jitter * (30.0 if isinstance(job, Creation) else 5.0)
        backlog.resolve(job, Outcome(service.answer(job)), now_s=now_s, jitter=jitter)
