"""Text on its way into an event: measured, repaired, cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logspire.core import event as events

MARK = re.compile(r"\[(\d+)/(\d+)\] ")
# One to four bytes of UTF-8, and the two halves of a pair that cannot be encoded.
encodable = st.text(st.sampled_from("a\n é߿ࠀ€￿𐀀😀\U0010ffff"), max_size=300)
anything = st.text(st.sampled_from("aé€😀\ud800\udc80\udfff"), max_size=50)


def size(text: str) -> int:
    return len(text.encode())


@given(st.text())
def test_the_length_is_that_of_the_encoded_text(text: str) -> None:
    assert events.utf8_length(text) == size(text)


def test_the_length_of_what_cannot_be_encoded_is_an_error() -> None:
    with pytest.raises(UnicodeEncodeError):
        events.utf8_length("half a pair: \ud83d")


@given(st.text())
def test_repair_leaves_good_text_alone(text: str) -> None:
    assert events.repair(text) == text


@given(anything)
def test_repair_shows_each_lone_surrogate_as_its_escape(text: str) -> None:
    shown = "".join(
        rf"\u{ord(character):04x}" if "\ud800" <= character <= "\udfff" else character
        for character in text
    )
    assert events.repair(text) == shown
    assert size(events.repair(text)) > 0 or not text


@given(text=encodable.filter(bool), limit_bytes=st.integers(16, 120))
def test_split_pieces_without_their_marks_are_the_text(text: str, limit_bytes: int) -> None:
    pieces = events.split(text, limit_bytes)
    assert "".join(MARK.sub("", piece, count=1) for piece in pieces) == text


@given(text=encodable.filter(bool), limit_bytes=st.integers(16, 120))
def test_split_pieces_are_numbered_and_not_empty(text: str, limit_bytes: int) -> None:
    pieces = events.split(text, limit_bytes)
    for number, piece in enumerate(pieces, 1):
        mark = f"[{number}/{len(pieces)}] "
        assert piece.startswith(mark)
        assert len(piece) > len(mark)


@given(text=encodable.filter(bool), limit_bytes=st.integers(16, 120))
def test_split_pieces_are_within_the_limit_and_not_needlessly_small(
    text: str, limit_bytes: int
) -> None:
    sizes = [size(piece) for piece in events.split(text, limit_bytes)]
    assert max(sizes) <= limit_bytes
    # A character that did not fit has at most 4 bytes; a mark may be 2 digits short of its room.
    assert min(sizes[:-1], default=limit_bytes) >= limit_bytes - 3 - 4


def test_a_piece_may_have_just_the_limit() -> None:
    assert events.split("x" * 88, 50) == ["[1/2] " + "x" * 44, "[2/2] " + "x" * 44]


def test_a_byte_more_makes_one_more_piece() -> None:
    assert [size(piece) for piece in events.split("x" * 89, 50)] == [50, 50, 7]


@pytest.mark.parametrize(
    ("length", "pieces"),
    # With numbers of one digit a piece has room for 44 bytes, of two for 42, of three for 40.
    [(9 * 44, 9), (9 * 44 + 1, 10), (99 * 42, 99), (99 * 42 + 1, 104)],
)
def test_a_wider_number_leaves_less_room(length: int, pieces: int) -> None:
    cut = events.split("x" * length, 50)
    assert len(cut) == pieces
    assert max(size(piece) for piece in cut) <= 50


@given(text=encodable, limit_bytes=st.integers(40, 120))
def test_truncated_text_begins_like_the_text_and_says_how_long_it_was(
    text: str, limit_bytes: int
) -> None:
    mark = f" [truncated, {size(text)} bytes]"
    cut = events.truncate(text, limit_bytes)
    assert cut.endswith(mark)
    assert text.startswith(cut[: -len(mark)])


@given(text=st.text(st.sampled_from("aé€😀"), min_size=121), limit_bytes=st.integers(40, 120))
def test_truncated_text_fills_the_limit_but_for_part_of_a_character(
    text: str, limit_bytes: int
) -> None:
    assert limit_bytes - 3 <= size(events.truncate(text, limit_bytes)) <= limit_bytes


@pytest.mark.parametrize("cut", [events.split, events.truncate])
def test_a_limit_without_room_for_a_character_is_an_error(cut: object) -> None:
    assert callable(cut)
    with pytest.raises(ValueError, match="no room for a character"):
        cut("x" * 100, 9)


def test_three_bytes_are_no_room_even_where_the_text_would_fit_in_them() -> None:
    with pytest.raises(ValueError, match=r"no room for a character: 3 bytes$"):
        events.split("x" * 8, 3 + len("[1/3] "))


@pytest.mark.parametrize("room", [4, 5, 6, 7])
def test_a_character_of_four_bytes_goes_through_the_smallest_room(room: int) -> None:
    pieces = events.split("😀" * 9, room + len("[1/9] "))
    assert [MARK.sub("", piece) for piece in pieces] == ["😀"] * 9
