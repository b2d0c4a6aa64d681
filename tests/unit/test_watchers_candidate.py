from pathlib import Path

import pytest

from tests.builders import write
from vqd.watchers.candidate import Candidate, Found, HotCandidate, NotTaken, candidate_at


def found_at(path: Path) -> Found:
    return candidate_at(path, lambda name: name == "image-scale")


def test_a_folder_with_a_job_file_and_a_bare_job_file_are_candidates(tmp_path: Path) -> None:
    folder = write(tmp_path / "beach" / "job.yaml", "vqd: 1").parent
    bare = write(tmp_path / "beach.YAML", "vqd: 1")
    assert found_at(folder) == Candidate(folder, folder / "job.yaml")
    found = found_at(bare)
    assert isinstance(found, Candidate)
    assert found.is_bare


def test_a_cancelled_drop_is_left_alone_until_that_is_taken_back(tmp_path: Path) -> None:
    folder = write(tmp_path / "beach" / "job.yaml", "vqd: 1").parent
    request = write(folder / "cancel.txt", "")
    found = found_at(folder)
    assert isinstance(found, NotTaken)
    assert found.may_change
    assert "CANCEL" in found.reason
    request.unlink()
    (folder / "CANCEL").mkdir()
    assert isinstance(found_at(folder), Candidate)


def test_links_and_other_files_are_not_taken_and_stay_so(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    write(tmp_path / "a.jpg", "x")
    for name in ("link", "a.jpg", ".hidden"):
        found = found_at(tmp_path / name)
        assert isinstance(found, NotTaken)
        assert not found.may_change


@pytest.mark.parametrize("name", ["PAUSE", "cancel.txt", "PRIORITY 80"])
def test_a_steering_file_in_the_inbox_itself_is_told_where_it_belongs(
    tmp_path: Path, name: str
) -> None:
    found = found_at(write(tmp_path / name, ""))
    assert isinstance(found, NotTaken)
    assert "put it into a job's folder" in found.reason


@pytest.mark.parametrize("name", ["_defaults.yaml", "_Defaults.YML"])
def test_a_folder_is_hot_by_its_defaults_or_by_its_name(tmp_path: Path, name: str) -> None:
    defaults = write(tmp_path / "upscale" / name, "vqd: 1")
    assert found_at(defaults.parent) == HotCandidate(defaults.parent, defaults)
    (tmp_path / "image-scale").mkdir()
    assert found_at(tmp_path / "image-scale") == HotCandidate(tmp_path / "image-scale", None)


def test_a_job_file_makes_a_job_of_a_folder_that_is_named_after_a_workflow(tmp_path: Path) -> None:
    job_file = write(tmp_path / "image-scale" / "job.yaml", "vqd: 1")
    assert found_at(job_file.parent) == Candidate(job_file.parent, job_file)


def test_which_of_job_file_and_defaults_counts_is_for_their_owner_to_say(tmp_path: Path) -> None:
    job_file = write(tmp_path / "beach" / "job.yaml", "vqd: 1")
    write(tmp_path / "beach" / "_defaults.yaml", "vqd: 1")
    found = found_at(job_file.parent)
    assert isinstance(found, NotTaken)
    assert "remove _defaults.yaml if it is a job, job.yaml if it is a hot folder" in found.reason
    write(tmp_path / "beach" / "STATUS.yaml", "job: J\nheartbeat_at: now\n")
    assert found_at(job_file.parent) == Candidate(job_file.parent, job_file)
