"""What a parameter takes, and what it sends."""

import pytest

from vqd.domain.graph import Target, Value
from vqd.domain.param import Misfit, Param, is_relative


def misfit_of(param: Param, text: str) -> Misfit:
    with pytest.raises(Misfit) as caught:
        param.read(text)
    return caught.value


STEPS = Param("steps", "int", min=1, max=150)
SIZE = Param("size", "size", min=16, max=64, multiple_of=16, presets={"small": "16x32"})
MOTION = Param("motion", "choice", choices={"low": 0.6, "High": 1.4})


@pytest.mark.parametrize(
    ("param", "text", "value"),
    [
        (Param("p", "text"), " on ", " on "),
        (Param("p", "bool"), "no", False),
        (Param("p", "bool"), "ON", True),
        (STEPS, "010", 10),
        (Param("p", "float"), "5", 5.0),
        (Param("p", "float"), "1e-3", 0.001),
        (Param("p", "seed"), "9007199254740991", 9007199254740991),
        (SIZE, "32X48", "32x48"),
        (SIZE, "small", "16x32"),
        (MOTION, "high", "High"),
    ],
)
def test_a_text_means_what_its_type_says(param: Param, text: str, value: Value) -> None:
    read = param.read(text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("param", "text", "code"),
    [
        (Param("p", "bool"), "maybe", "wrong_type"),
        (STEPS, "1.5", "wrong_type"),
        (STEPS, "9" * 5000, "wrong_type"),
        (STEPS, "0", "out_of_range"),
        (STEPS, "151", "out_of_range"),
        (Param("p", "float"), "nan", "wrong_type"),
        (Param("p", "float"), "1e999", "wrong_type"),
        (Param("p", "seed"), "-1", "out_of_range"),
        (Param("p", "seed"), "9007199254740992", "out_of_range"),
        (SIZE, "32", "wrong_type"),
        (SIZE, "33x32", "out_of_range"),
        (SIZE, "32x80", "out_of_range"),
        (Param("p", "size"), "0x8", "out_of_range"),
        (MOTION, "mid", "unknown_choice"),
    ],
)
def test_a_text_that_is_no_value_is_refused(param: Param, text: str, code: str) -> None:
    assert misfit_of(param, text).code == code


def test_a_misfit_says_what_would_fit() -> None:
    assert misfit_of(STEPS, "900").said == "900 is above 150."
    assert misfit_of(STEPS, "900").allowed == "at least 1, at most 150"
    assert misfit_of(SIZE, "33x32").hint == "Take 32 or 48."
    assert misfit_of(Param("p", "float"), "1,5").hint == "Write it with a point: 1.5."
    assert misfit_of(STEPS, "9" * 20).said == "99999999999999999999 is above 150."
    assert misfit_of(Param("p", "float", max=8), "1e99").said == "1e+99 is above 8."


def test_a_preset_is_known_in_any_case() -> None:
    param = Param("s", "size", presets={"Tall": "8x16", "tall": "4x8"})
    assert [param.read(text) for text in ("Tall", "tall", "TALL ")] == ["8x16", "4x8", "4x8"]


def test_a_relative_size_may_be_parted_by_any_space() -> None:
    assert is_relative("scale\t2")
    assert Param("s", "size").read("scale\t2") == "scale 2"
    assert not is_relative("scaled")


def test_a_choice_sends_what_it_stands_for() -> None:
    param = Param("m", "choice", choices={"low": 0.6}, targets=(Target("1", "scale"),))
    assert param.edits("low") == {Target("1", "scale"): 0.6}


def test_a_size_sends_both_sides() -> None:
    sides = (Target("1", "width"), Target("1", "height"))
    assert Param("s", "size", targets=sides).edits("832x480") == {sides[0]: 832, sides[1]: 480}
