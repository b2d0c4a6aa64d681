from pathlib import Path

from tests.builders import write
from vqd.watchers.candidate import Candidate, NotTaken, candidate_at


def test_a_folder_with_a_job_file_and_a_bare_job_file_are_candidates(tmp_path: Path) -> None:
    folder = write(tmp_path / "beach" / "job.yaml", "vqd: 1").parent
    bare = write(tmp_path / "beach.YAML", "vqd: 1")
    assert candidate_at(folder) == Candidate(folder, folder / "job.yaml")
    found = candidate_at(bare)
    assert isinstance(found, Candidate)
    assert found.is_bare


def test_a_cancelled_drop_is_left_alone_until_that_is_taken_back(tmp_path: Path) -> None:
    folder = write(tmp_path / "beach" / "job.yaml", "vqd: 1").parent
    request = write(folder / "cancel.txt", "")
    found = candidate_at(folder)
    assert isinstance(found, NotTaken)
    assert found.may_change
    assert "CANCEL" in found.reason
    request.unlink()
    (folder / "CANCEL").mkdir()
    assert isinstance(candidate_at(folder), Candidate)


def test_links_and_other_files_are_not_taken_and_stay_so(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    write(tmp_path / "a.png", "x")
    for name in ("link", "a.png", ".hidden"):
        found = candidate_at(tmp_path / name)
        assert isinstance(found, NotTaken)
        assert not found.may_change
