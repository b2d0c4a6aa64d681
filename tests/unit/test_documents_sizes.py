"""Sizes as people write and read them."""

import pytest

from vqd.documents.sizes import size_bytes, size_told


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("20k", 20 << 10),
        (" 4 M ", 4 << 20),
        ("2G", 2 << 30),
        ("5 GB", 5_000_000_000),
        ("5GiB", 5 << 30),
        ("7K", 7 << 10),
        ("7 kB", 7_000),
        ("12 B", 12),
        ("2g", None),
        ("2iB", None),
        ("2 GBs", None),
        ("-1", None),
    ],
)
def test_a_size_is_a_number_with_its_unit(text: str, size: int | None) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (999_700, "1.0 MB"),
        (12_345_678, "12 MB"),
        (1 << 30, "1.1 GB"),
        (5e16, "50000 TB"),
    ],
)
def test_a_size_is_told_in_the_largest_unit_that_it_has_one_of(size: float, told: str) -> None:
    assert size_told(size) == told
