"""Whatever comes back from the network, the adapter says one of the things that it may say."""

import time
from collections.abc import Callable, Sequence

import pytest
from fuzz.answers import answers
from fuzz.budget import fuzz
from fuzz.raw_server import Answer, RawServer
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE_S

from logspire.aws.logs import CloudWatchLogs
from logspire.core.columns import Events, Origin
from logspire.core.ledger import LossReason
from logspire.core.limits import CLOUDWATCH_LOGS
from logspire.core.retry import Outcome, Rejection, Verdict
from logspire.core.stream import Batch, Creation
from logspire.delivery.pipeline import Pipeline, Settings

pytestmark = [
    pytest.mark.slow,  # and the same on every Python
    pytest.mark.usefixtures("collected"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket"),
]
MakeAdapter = Callable[[str], CloudWatchLogs]
EVENTS = 3
# Connecting and reading have half a second each, on a machine that has other things to do for
# seconds. Without that bound a call would take 20 s or 60, and there are two.
LONGEST_S = 30.0


def batch() -> Batch:
    now_ms = time.time_ns() // 1_000_000
    events = Events.of([now_ms] * EVENTS, ["x" * 300] * EVENTS, [326] * EVENTS, Origin(0.0, 0))
    return Batch("stream", events, 326 * EVENTS, urgent=False, setbacks=0, cut_s=0.0)


def assert_documented(outcome: Outcome) -> None:
    assert isinstance(outcome, Outcome)
    assert isinstance(outcome.verdict, Verdict)
    assert type(outcome.detail) is str
    assert type(outcome.entity_rejected) is bool
    assert not outcome.rejected or outcome.verdict is Verdict.DELIVERED
    for rejection in outcome.rejected:
        assert isinstance(rejection, Rejection)
        assert isinstance(rejection.reason, LossReason)
        assert 0 <= rejection.start < rejection.stop <= EVENTS


@pytest.mark.parametrize("client", ["own", "user's"])
@given(answer=answers)
@fuzz(100)
def test_any_answer_to_a_put_is_a_documented_outcome_in_time(
    answer: Answer, client: str, make_adapter: MakeAdapter, raw_server: RawServer
) -> None:
    raw_server.play([answer] * 2)  # twice: what looks like trouble with gzip is tried without
    start_s = time.monotonic()
    outcome = make_adapter(client).perform(batch())
    assert time.monotonic() - start_s < LONGEST_S
    assert_documented(outcome)
    if outcome.verdict is Verdict.DELIVERED:
        given = raw_server.given
        assert any(one.is_genuine or b"DataAlreadyAccepted" in one.data for one in given)


@pytest.mark.parametrize("client", ["own", "user's"])
@given(played=st.lists(answers, min_size=1, max_size=5))
@fuzz(40)
def test_any_answers_to_a_creation_are_a_documented_outcome(
    played: list[Answer], client: str, make_adapter: MakeAdapter, raw_server: RawServer
) -> None:
    raw_server.play(played)
    outcome = make_adapter(client).perform(Creation("stream"))
    assert_documented(outcome)


@given(played=st.lists(answers, max_size=6), sizes=st.lists(st.integers(1, 400), min_size=1))
@fuzz(25)
def test_after_any_answers_every_record_has_arrived_or_is_counted(
    played: Sequence[Answer],
    sizes: Sequence[int],
    make_adapter: MakeAdapter,
    raw_server: RawServer,
) -> None:
    raw_server.play(played)
    texts = {f"{number} " + "x" * size for number, size in enumerate(sizes)}
    settings = Settings(limits=CLOUDWATCH_LOGS, jitter=lambda: 0.0, on_loss=lambda _: None)
    pipeline = Pipeline(make_adapter("own"), settings)
    for text in texts:
        pipeline.put(("stream", time.time_ns() // 1_000_000, text))
    pipeline.flush(PATIENCE_S)
    stats = pipeline.stats()
    pipeline.close()
    assert (stats.accepted, stats.held) == (len(texts), 0)
    assert stats.accepted == stats.delivered + stats.lost
    assert len(texts - set(raw_server.stored)) <= stats.lost
