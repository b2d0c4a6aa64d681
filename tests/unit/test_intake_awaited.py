"""What a job says must have arrived: counts, names, and the marker."""

from pathlib import Path

import pytest

from tests.unit.test_intake_inputs import a_spec, a_workflow, an_input, faults_of, put
from vqd.domain.errors import Faults
from vqd.domain.jobspec import Given, JobSpec
from vqd.intake.inputs import gather
from vqd.intake.places import Places


def marked(name: str) -> JobSpec:
    return JobSpec("job.yaml", Given("w", "workflow"), done_marker=Given(name, "done_marker", 3, 1))


@pytest.mark.parametrize("second", ["b/two.png", r"b\two.png"])
def test_names_are_found_blind_to_case_and_in_whichever_folder(tmp_path: Path, second: str) -> None:
    put(tmp_path, "a/One.PNG", "b/two.png")
    asked = an_input("**", kind="glob", expect=("one.png", second))
    assert gather(a_spec(image=asked), a_workflow(), Places(tmp_path)).paths() == (
        "a/One.PNG",
        "b/two.png",
    )


def test_what_is_not_here_yet_is_named_and_a_long_list_is_cut(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    names = tuple(f"{number}.png" for number in range(1, 10))
    (problem,) = faults_of(tmp_path, a_spec(image=an_input("*.png", kind="glob", expect=names)))
    assert problem.code == "awaited_input"
    assert problem.said == "2.png, 3.png, 4.png, 5.png, 6.png and 3 more are not here yet."


def test_what_is_here_and_not_expected_is_named(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "z.png")
    asked = an_input("*.png", kind="glob", expect=("a.png",))
    (problem,) = faults_of(tmp_path, a_spec(image=asked))
    assert problem.said == "z.png is not expected."


def test_without_its_marker_a_job_waits_and_tells_of_nothing_else(tmp_path: Path) -> None:
    (problem,) = faults_of(tmp_path, marked("READY"))
    assert (problem.code, problem.line, problem.said) == (
        "awaited_marker",
        3,
        "READY is not here yet.",
    )


@pytest.mark.parametrize("name", ["READY", "ready", "READY.txt", "Ready.TXT"])
def test_a_marker_belongs_to_the_job_however_it_is_spelled(tmp_path: Path, name: str) -> None:
    put(tmp_path, "a.png", name)
    assert gather(marked("READY"), a_workflow(), Places(tmp_path)).paths() == ("a.png", name)


def test_a_marker_must_be_a_file_below_the_job_and_not_in_an_input_root(tmp_path: Path) -> None:
    put(tmp_path, "root/READY")
    (tmp_path / "job" / "DONE").mkdir(parents=True)
    codes = []
    put(tmp_path, "job/job.yaml")
    for name in ("READY", "DONE", "../root/READY", "Job.yaml"):
        with pytest.raises(Faults) as caught:
            gather(marked(name), a_workflow(), Places(tmp_path / "job", [tmp_path / "root"]))
        codes.append(caught.value.code)
    assert codes == ["awaited_marker", "not_a_file", "outside_folder", "wrong_value"]
