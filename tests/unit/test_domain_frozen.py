"""What a value is: its fields."""

import copy
import pickle
from dataclasses import asdict, field, replace
from math import nan
from pathlib import Path

import pytest

from vqd.domain.frozen import frozen

VQD = Path(__file__).parents[2] / "vqd"


@frozen
class Size:
    width: int
    height: int = 2
    told_by: str = field(default="", compare=False)
    secret: str = field(default="hush", repr=False)


@frozen
class Wide(Size):
    """The same fields, and another class."""


@frozen
class Share:
    part: float


@frozen
class Nothing:
    """No fields."""


@frozen
class Named:
    name: str

    def __repr__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and other.name.casefold() == self.name.casefold()

    def __hash__(self) -> int:
        return hash(self.name.casefold())


def test_values_are_equal_and_hashed_alike_by_the_fields_that_are_compared() -> None:
    assert Size(1, 2, "a") == Size(1, 2, "b")
    assert {Size(1, 2, "a"), Size(1, 2, "b"), Size(1, 3)} == {Size(1), Size(1, 3)}
    assert Size(1) != Size(1, 2, "", "other")
    assert Share(0.5) == Share(0.5) != Share(0.25)
    assert Nothing() == Nothing()
    assert len({Nothing(), Nothing(), Share(0.5), Share(0.5)}) == 2


def test_a_value_is_equal_to_none_of_another_class() -> None:
    assert Size(1) != Wide(1)


def test_a_value_with_a_number_that_is_none_is_equal_to_one_with_the_same() -> None:
    assert Share(nan) == Share(nan)


def test_a_value_is_shown_by_its_fields_but_for_those_that_are_secret() -> None:
    assert repr(Wide(1)) == "Wide(width=1, height=2, told_by='')"
    assert repr(Nothing()) == "Nothing()"


def test_what_a_class_says_itself_stands() -> None:
    assert repr(Named("a")) == "a"
    assert Named("a") == Named("A")
    assert len({Named("a"), Named("A")}) == 1


def test_a_value_is_replaced_told_copied_and_sent() -> None:
    size = Size(1, 3, "a")
    assert replace(size, height=4) == Size(1, 4)
    assert asdict(size) == {"width": 1, "height": 3, "told_by": "a", "secret": "hush"}
    for other in (copy.copy(size), copy.deepcopy(size), pickle.loads(pickle.dumps(size))):
        assert (other, other.told_by) == (size, "a")


def test_a_value_has_its_fields_and_no_more() -> None:
    with pytest.raises(AttributeError):
        Size(1).depth = 3  # type: ignore[attr-defined]


def test_every_value_of_vqd_is_made_so() -> None:
    slow = "@dataclass(frozen=True, slots=True)\n"
    assert [path.name for path in VQD.rglob("*.py") if slow in path.read_text("utf-8")] == []
