"""The books: counts of what became of the records, and the news of losses."""

from hypothesis import given
from hypothesis import strategies as st

from logspire.core.ledger import Ledger, Loss, LossReason

entries = st.lists(
    st.tuples(st.sampled_from(LossReason), st.integers(1, 5), st.sampled_from(["", "a", "b"]))
)


def test_new_books_have_no_news() -> None:
    assert not Ledger().has_news
    assert Ledger().take_losses() == []


def test_losses_for_one_reason_are_one_entry_with_the_last_word_on_it() -> None:
    ledger = Ledger()
    ledger.lose(LossReason.REFUSED, 2, "first")
    ledger.lose(LossReason.REFUSED, 3, "second")
    ledger.lose(LossReason.REFUSED)
    assert ledger.take_losses() == [Loss(LossReason.REFUSED, 6, "second")]


def test_losses_for_two_reasons_are_two_entries() -> None:
    ledger = Ledger()
    ledger.lose(LossReason.EMPTY)
    ledger.lose(LossReason.TOO_OLD)
    assert ledger.take_losses() == [Loss(LossReason.EMPTY, 1, ""), Loss(LossReason.TOO_OLD, 1, "")]


def test_a_loss_is_news_once() -> None:
    ledger = Ledger()
    ledger.lose(LossReason.EMPTY)
    assert [bool(ledger.take_losses()) for _ in range(2)] == [True, False]


def test_there_is_news_until_it_was_told() -> None:
    ledger = Ledger()
    ledger.lose(LossReason.EMPTY)
    before = ledger.has_news
    ledger.take_losses()
    assert (before, ledger.has_news) == (True, False)


@given(before=entries, after=entries)
def test_news_add_up_to_the_books(
    before: list[tuple[LossReason, int, str]], after: list[tuple[LossReason, int, str]]
) -> None:
    ledger, news = Ledger(), []
    for some in (before, after):
        for entry in some:
            ledger.lose(*entry)
        news += ledger.take_losses()
    for reason in LossReason:
        assert sum(loss.count for loss in news if loss.reason is reason) == ledger.lost[reason]


def test_a_reason_is_a_plain_string_to_whoever_prints_it() -> None:
    assert (f"{LossReason.QUEUE_FULL}", str(LossReason.TOO_OLD)) == ("queue_full", "too_old")
    assert LossReason("refused") is LossReason.REFUSED


def test_the_strings_of_the_reasons_are_their_names() -> None:
    assert [reason.value for reason in LossReason] == [reason.name.lower() for reason in LossReason]


def test_what_records_had_to_wait_for_is_named_with_what_became_of_them() -> None:
    ledger = Ledger()
    assert ledger.because("the queue was full") == "the queue was full"
    ledger.last_error = "ThrottlingException"
    assert ledger.because("the queue was full") == "the queue was full; ThrottlingException"


def test_at_the_end_all_that_is_held_is_told_as_lost() -> None:
    ledger = Ledger()
    ledger.delivered = 3
    ledger.lose(LossReason.EMPTY, 2, "nothing in it")
    assert ledger.take_all(10, "the end") == [
        Loss(LossReason.EMPTY, 2, "nothing in it"),
        Loss(LossReason.SHUTDOWN, 5, "the end"),
    ]


def test_what_was_told_as_lost_is_not_told_again_whatever_it_is_lost_for() -> None:
    ledger = Ledger()
    ledger.take_all(5, "the end")
    ledger.lose(LossReason.TOO_LARGE, 2)
    ledger.lose(LossReason.SHUTDOWN, 4)
    assert [(loss.reason, loss.count) for loss in ledger.take_losses()] == [
        (LossReason.SHUTDOWN, 1)
    ]


def test_told_again_that_all_is_lost_it_tells_of_what_has_come_since() -> None:
    ledger = Ledger()
    ends = [ledger.take_all(accepted, "the end") for accepted in (5, 5, 7)]
    ledger.lose(LossReason.SHUTDOWN, 7)
    news = [sum(loss.count for loss in losses) for losses in (*ends, ledger.take_losses())]
    assert news == [5, 0, 2, 0]


def test_at_the_end_nothing_is_told_where_nothing_is_held() -> None:
    ledger = Ledger()
    ledger.delivered = 3
    assert ledger.take_all(3, "the end") == []
