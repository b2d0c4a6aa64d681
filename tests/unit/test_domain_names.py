"""Names that every file system takes."""

import pytest

from vqd.domain.names import safe_name


@pytest.mark.parametrize(
    "text", ["CON.txt" * 40, "con" + " " * 120 + "x", "e\u200d\u0301", "\u200d.a", "ä" * 99, "nul"]
)
def test_a_safe_name_is_short_enough_and_safe_itself(text: str) -> None:
    name = safe_name(text)
    assert len(name.encode()) <= 100
    assert safe_name(name) == name
