"""The job file of a closed job, as text and as what it says."""

from pathlib import Path
from typing import Any

import pytest

from vqd.domain.errors import VqdError
from vqd.service.edits import text_of, told_by

YAML, JSON = Path("job.yaml"), Path("job.json")
JOB: dict[str, Any] = {
    "vqd": 1,
    "workflow": "image-scale",
    "comment": "on: 22:00",
    "params": {"flip": False, "cfg": 3.5, "tag": "010", "size": {"scale": 1.5}},
    "fan_out": {"matrix": {"method": ["area", "no"]}},
}


@pytest.mark.parametrize("job_file", [YAML, JSON])
def test_what_a_text_says_makes_a_text_that_says_the_same(job_file: Path) -> None:
    assert told_by(job_file, text_of(job_file, JOB)).keys == JOB


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1", 1),
        ("'1'", "1"),
        ("010", "010"),
        ("1.50", "1.50"),
        ("1e3", "1e3"),
        ("18446744073709551615", "18446744073709551615"),
        ("9007199254740993", "9007199254740993"),
        ("yes", "yes"),
        ("true", True),
        ("'true'", "true"),
        ("", None),
        ("''", ""),
    ],
)
def test_a_scalar_is_what_it_was_written_as(written: str, said: object) -> None:
    found = told_by(YAML, f"value: {written}\n").keys
    assert found is not None
    assert found["value"] == said
    assert type(found["value"]) is type(said)


def test_a_text_that_cannot_be_read_says_nothing() -> None:
    assert told_by(YAML, "a: [1\n").keys is None
    assert told_by(JSON, "{").keys is None


def test_what_is_nested_without_an_end_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    for job_file in (YAML, JSON):
        with pytest.raises(VqdError, match="nested too deep"):
            text_of(job_file, deep)
