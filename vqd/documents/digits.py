"""Whole numbers as programs write them to one another: in ASCII digits, nothing besides."""

MOST_DIGITS = 20
"""Those of the largest number of 64 bits."""


def number_of(text: str, most_digits: int = MOST_DIGITS) -> int | None:
    """Give the number that a text is; None for one that is none, or has more digits.

    `int` takes signs, spaces, `_` and the digits of other scripts, but neither `²`, which is a
    digit for `str.isdigit`, nor a text of some thousand digits.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= most_digits
    return int(text) if is_number else None
