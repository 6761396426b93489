"""Values cannot be changed, are equal if they say the same, and are made like any dataclass."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from logspire import Loss, LossReason
from logspire.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable


class Place(Value):
    name: str
    floor: int = 0


class Other(Value):
    name: str
    floor: int = 0


def test_fields_are_given_by_position_or_by_name_and_may_have_a_default() -> None:
    assert Place("a", 1) == Place("a", floor=1) == Place(floor=1, name="a")
    assert Place("a").floor == 0


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        (("a", 1, 2), {}),
        (("a",), {"flor": 1}),
        (("a", 1), {"floor": 1}),
        ((), {"floor": 1}),
    ],
)
def test_fields_that_are_missing_unknown_or_given_twice_are_an_error_that_names_them(
    values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match="Place takes name, floor; not"):
        Place(*values, **named)


def test_a_value_cannot_be_changed() -> None:
    place: Any = Place("a")
    changes: tuple[Callable[[], object], ...] = (
        lambda: setattr(place, "name", "b"),
        lambda: setattr(place, "size", "b"),
        lambda: delattr(place, "name"),
    )
    for change in changes:
        with pytest.raises(AttributeError, match="Place cannot be changed"):
            change()
    assert place == Place("a")


def test_values_are_equal_if_kind_and_fields_are() -> None:
    assert Place("a") == Place("a")
    assert hash(Place("a")) == hash(Place("a"))
    assert Place("a") != Place("b")
    assert Place("a") != Other("a")
    assert Place("a") != "a"
    assert {Place("a"), Place("a"), Place("b")} == {Place("b"), Place("a")}


def test_a_value_of_which_a_field_cannot_be_hashed_cannot_be_either() -> None:
    anything: Any = []
    with pytest.raises(TypeError, match="unhashable"):
        hash(Place(anything))


def test_a_value_shows_its_fields_in_order() -> None:
    assert repr(Place(floor=1, name="a")) == "Place(name='a', floor=1)"
    assert vars(Place(floor=1, name="a")) == {"name": "a", "floor": 1}
    assert list(vars(Place(floor=1, name="a"))) == ["name", "floor"]


def test_a_value_can_be_matched_by_position() -> None:
    match Loss(LossReason.EMPTY, 3, "nothing in it"):
        case Loss(reason, count):
            assert (reason, count) == (LossReason.EMPTY, 3)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_value_can_be_pickled(protocol: int) -> None:
    loss = Loss(LossReason.EMPTY, 3, "nothing in it")
    assert pickle.loads(pickle.dumps(loss, protocol)) == loss


def test_a_value_can_be_copied() -> None:
    loss = Loss(LossReason.EMPTY, 3, "nothing in it")
    assert copy.copy(loss) == copy.deepcopy(loss) == loss
