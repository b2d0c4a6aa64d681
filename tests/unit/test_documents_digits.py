"""Whole numbers that programs write to one another."""

import pytest

from vqd.documents.digits import number_of


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("007", 7), ("18446744073709551615", 2**64 - 1)]
)
def test_digits_are_a_number(text: str, number: int) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1_0", "1.0", "²", "٣", "1²", "9" * 21, "9" * 5000]
)
def test_whatever_else_is_none(text: str) -> None:
    assert number_of(text) is None
