"""vqd's own folders and files in a job's folder are real ones, whatever was put there."""

import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.builders import write
from vqd.spool import drops
from vqd.spool.files import replace_quickly, write_whole
from vqd.spool.folders import make_folder, move_aside, move_or_link


def test_a_link_where_outputs_go_is_moved_aside_and_nothing_written_through_it(
    tmp_path: Path,
) -> None:
    job, elsewhere = tmp_path / "job", tmp_path / "elsewhere"
    job.mkdir()
    elsewhere.mkdir()
    (job / "outputs").symlink_to(elsewhere)
    make_folder(job / "outputs" / "deep" / "er", job)
    write(job / "outputs" / "deep" / "er" / "a.png", "x")
    assert (job / "outputs (aside)").readlink() == elsewhere
    assert list(elsewhere.iterdir()) == []


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "job" / "outputs" / "a.png", "x")
    make_folder(tmp_path / "job" / "outputs", tmp_path / "job")
    assert (tmp_path / "job" / "outputs" / "a.png").exists()


def test_no_folder_is_made_where_the_job_is_not(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_folder(tmp_path / "away" / "outputs", tmp_path / "away")
    assert list(tmp_path.iterdir()) == []


def test_what_is_moved_aside_takes_the_place_of_nothing(tmp_path: Path) -> None:
    for text in ("first", "second"):
        move_aside(write(tmp_path / "a", text))
    move_aside(tmp_path / "not there")
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"a (aside)": "first", "a (aside 2)": "second"}


@pytest.mark.parametrize("writing", [write_whole, replace_quickly])
def test_a_link_under_the_temporary_name_is_not_written_through(
    tmp_path: Path, writing: Callable[[Path, bytes], None]
) -> None:
    secret = write(tmp_path / "secret", "s")
    for temporary in (".STATUS.yaml.part", "STATUS.yaml"):
        (tmp_path / temporary).symlink_to(secret)
        writing(tmp_path / "STATUS.yaml", b"ours")
        assert (tmp_path / "STATUS.yaml").read_bytes() == b"ours"
        (tmp_path / "STATUS.yaml").unlink()
    assert secret.read_text() == "s"


def test_what_is_in_the_way_of_a_finished_job_is_moved_aside(tmp_path: Path) -> None:
    job = tmp_path / "job"
    write(job / "STATUS.yaml" / "a", "a folder where a file goes")
    write(job / "graphs", "a file where a folder goes")
    write(job / "outputs" / "a.png", "x")
    write(job / "WHY.txt", "a file where a file goes")
    drops.clear_way(job)
    assert sorted(path.name for path in job.iterdir()) == [
        "STATUS.yaml (aside)",
        "WHY.txt",
        "graphs (aside)",
        "outputs",
    ]


def test_a_folder_that_cannot_be_moved_is_linked_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> Path:
        raise OSError(errno.EBUSY, "Device or resource busy", str(path))

    write(tmp_path / "mount" / "deep" / "a.png", "x")
    (tmp_path / "mount" / "link").symlink_to(tmp_path)
    monkeypatch.setattr(Path, "rename", refuse)
    for _ in range(2):  # again after a crash
        move_or_link(tmp_path / "mount", tmp_path / "inputs")
    assert (tmp_path / "inputs" / "deep" / "a.png").samefile(tmp_path / "mount" / "deep" / "a.png")
    assert [path.name for path in (tmp_path / "inputs").iterdir()] == ["deep"]
    with pytest.raises(OSError, match="busy"):
        move_or_link(tmp_path / "mount" / "deep" / "a.png", tmp_path / "a.png")


def test_inputs_are_not_gathered_through_a_link(tmp_path: Path) -> None:
    job, elsewhere = tmp_path / "job", tmp_path / "elsewhere"
    write(job / "a.png", "x")
    elsewhere.mkdir()
    (job / ".dropped").symlink_to(elsewhere)
    drops.begin_layout(job)
    drops.gather_inputs(job, "job.yaml")
    assert (job / "inputs" / "a.png").exists()
    assert list(elsewhere.iterdir()) == []


def test_of_two_that_make_a_folder_at_once_none_moves_aside_what_the_other_made(
    tmp_path: Path,
) -> None:
    with ThreadPoolExecutor(8) as pool:
        for turn in range(100):
            job = tmp_path / str(turn)
            job.mkdir()
            together = Barrier(8)
            made = [pool.submit(_make_outputs, job, together) for _ in range(8)]
            for one in made:
                one.result()
            assert [path.name for path in job.iterdir()] == ["outputs"]


def _make_outputs(job: Path, together: Barrier) -> None:
    together.wait()
    make_folder(job / "outputs", job)
