"""What YAML's words and numbers mean in a job file: what they say, to their parameter."""

from pathlib import Path

import pytest

from tests.builders import write
from tests.unit.test_planning_expand import a_workflow
from vqd.domain.errors import Faults
from vqd.domain.graph import Value
from vqd.domain.jobspec import FoundInputs
from vqd.domain.param import Param
from vqd.intake import jobfile
from vqd.planning.expand import plan


def meant(folder: Path, kind: str, written: str) -> Value:
    """Give what a value written in a job file is to a parameter of a type."""
    path = write(folder / "job.yaml", f"vqd: 1\nworkflow: w\nparams: {{p: {written}}}\n")
    spec, problems = jobfile.read(path)
    if problems:
        raise Faults(problems)
    choices = dict.fromkeys(("on", "yes", "no", "null", "1e3", "010"), "x")
    param = Param("p", kind, choices=choices if kind == "choice" else {})
    planned = plan(spec, a_workflow(param), FoundInputs({}), job="j", created_at=0.0)
    return planned.plan.params["p"]


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("text", "on", "on"),
        ("text", "yes", "yes"),
        ("text", "010", "010"),
        ("text", "22:00", "22:00"),
        ("text", "1e3", "1e3"),
        ("text", "8.5", "8.5"),
        ("text", "true", "true"),
        ("text", ".nan", ".nan"),
        ("text", "null", "null"),
        ("text", "2026-12-01", "2026-12-01"),
        ("text", "0x1F", "0x1F"),
        ("text", "'  '", "  "),
        ("bool", "on", True),
        ("bool", "yes", True),
        ("bool", "No", False),
        ("bool", "off", False),
        ("bool", "true", True),
        ("bool", "1", True),
        ("bool", "'0'", False),
        ("int", "010", 10),
        ("int", "+7", 7),
        ("int", "'8'", 8),
        ("int", "-3", -3),
        ("int", "8.0", 8),
        ("int", "12345678901234567890", 12345678901234567890),
        ("float", "010", 10.0),
        ("float", "1e3", 1000.0),
        ("float", "1E-2", 0.01),
        ("float", ".5", 0.5),
        ("float", "8", 8.0),
        ("choice", "on", "on"),
        ("choice", "NO", "no"),
        ("choice", "null", "null"),
        ("choice", "1e3", "1e3"),
        ("choice", "010", "010"),
        ("size", "64x032", "64x32"),
        ("seed", "010", 10),
        ("seed", "9007199254740991", 9007199254740991),
        ("lora", "010", "010"),
    ],
)
def test_a_scalar_means_what_it_says(tmp_path: Path, kind: str, written: str, value: Value) -> None:
    found = meant(tmp_path, kind, written)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "written", "code"),
    [
        ("int", "8.5", "wrong_type"),
        ("int", "true", "wrong_type"),
        ("int", "on", "wrong_type"),
        ("int", "1e3", "wrong_type"),
        ("int", "0x10", "wrong_type"),
        ("int", "1_000", "wrong_type"),
        ("int", "22:00", "wrong_type"),
        ("int", ".nan", "wrong_type"),
        ("int", "'٣'", "wrong_type"),
        ("int", "123456789012345678901", "wrong_type"),
        ("float", ".nan", "wrong_type"),
        ("float", "nan", "wrong_type"),
        ("float", ".inf", "wrong_type"),
        ("float", "-inf", "wrong_type"),
        ("float", "1e999", "wrong_type"),
        ("float", "true", "wrong_type"),
        ("float", "'1,5'", "wrong_type"),
        ("bool", "2", "wrong_type"),
        ("bool", "y", "wrong_type"),
        ("bool", "null", "wrong_type"),
        ("choice", "true", "unknown_choice"),
        ("choice", "10", "unknown_choice"),
        ("size", "64", "wrong_type"),
        ("size", "0x0", "out_of_range"),
        ("size", "64:32", "wrong_type"),
        ("seed", "-1", "out_of_range"),
        ("seed", "9007199254740992", "out_of_range"),
        ("seed", "1e3", "wrong_type"),
    ],
)
def test_a_scalar_that_is_something_else_is_refused(
    tmp_path: Path, kind: str, written: str, code: str
) -> None:
    with pytest.raises(Faults) as caught:
        meant(tmp_path, kind, written)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.key) == (code, 3, "params.p")
