"""A folder that is kept as it should be: what is ours is replaced, what is theirs never lost."""

import json
import os
from pathlib import Path

import pytest

from tests.builders import write
from vqd.spool.kept import RECORD, Changes, KeptFolder

NOTHING = Changes((), ())


def content_of(folder: Path) -> dict[str, str]:
    """What lies in a folder but the record."""
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != RECORD}


def times_of(folder: Path) -> dict[str, tuple[int, int]]:
    """What tells whether any file of a folder was replaced or written to."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_the_folder_is_made_and_the_files_are_written(tmp_path: Path) -> None:
    folder = tmp_path / "_vqd"
    assert KeptFolder(folder).keep({"a.txt": "a", "b.txt": "ü"}).written == ("a.txt", "b.txt")
    assert content_of(folder) == {"a.txt": "a", "b.txt": "ü"}


def test_what_is_as_it_should_be_is_not_touched_even_after_a_new_start(tmp_path: Path) -> None:
    KeptFolder(tmp_path).keep({"a.txt": "a", "b.txt": "b"})
    before = times_of(tmp_path)
    assert KeptFolder(tmp_path).keep({"a.txt": "a", "b.txt": "b"}) == NOTHING
    assert times_of(tmp_path) == before
    assert KeptFolder(tmp_path).keep({"a.txt": "a", "b.txt": "c"}).written == ("b.txt",)
    assert times_of(tmp_path)["a.txt"] == before["a.txt"]


def test_a_file_that_is_no_longer_wanted_is_removed_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "WAITING.txt", "theirs")
    KeptFolder(tmp_path).keep({"a.txt": "a", "b.txt": "b"})
    assert KeptFolder(tmp_path).keep({"b.txt": "b"}) == Changes((), ("a.txt",))
    assert content_of(tmp_path) == {"WAITING.txt": "theirs", "b.txt": "b"}


def test_a_file_that_went_comes_back(tmp_path: Path) -> None:
    folder = KeptFolder(tmp_path)
    folder.keep({"a.txt": "a"})
    (tmp_path / "a.txt").unlink()
    assert folder.keep({"a.txt": "a"}).written == ("a.txt",)


def test_what_somebody_made_of_a_file_is_put_aside(tmp_path: Path) -> None:
    folder = KeptFolder(tmp_path)
    folder.keep({"a.yaml": "ours"})
    write(tmp_path / "a.yaml", "theirs")
    folder.keep({"a.yaml": "ours"})
    write(tmp_path / "a.yaml", "theirs again")
    folder.keep({"a.yaml": "newer"})
    assert content_of(tmp_path) == {
        "a.yaml": "newer",
        "a (edited).yaml": "theirs",
        "a (edited2).yaml": "theirs again",
    }
    assert folder.keep({"a.yaml": "newer"}) == NOTHING


def test_what_somebody_made_of_a_file_stays_when_the_file_is_not_wanted(tmp_path: Path) -> None:
    folder = KeptFolder(tmp_path)
    folder.keep({"a.yaml": "ours"})
    write(tmp_path / "a.yaml", "theirs")
    assert folder.keep({}) == NOTHING
    assert content_of(tmp_path) == {"a.yaml": "theirs"}


def test_a_file_that_was_there_before_is_put_aside(tmp_path: Path) -> None:
    write(tmp_path / "README.txt", "of somebody")
    KeptFolder(tmp_path).keep({"README.txt": "ours"})
    assert content_of(tmp_path) == {"README.txt": "ours", "README (edited).txt": "of somebody"}


def test_a_link_or_a_folder_in_the_place_of_a_file_is_put_aside_unfollowed(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.txt", "secret")
    folder = tmp_path / "_vqd"
    (folder / "b.txt").mkdir(parents=True)
    (folder / "a.txt").symlink_to(secret)
    KeptFolder(folder).keep({"a.txt": "a", "b.txt": "b"})
    assert (folder / "a.txt").read_text() == "a"
    assert (folder / "b.txt").read_text() == "b"
    assert (folder / "a (edited).txt").is_symlink()
    assert secret.read_text() == "secret"


def test_a_link_in_place_of_the_folder_is_moved_aside(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "_vqd").symlink_to(tmp_path / "elsewhere")
    KeptFolder(tmp_path / "_vqd").keep({"a.txt": "a"})
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "_vqd" / "a.txt").read_text() == "a"
    assert (tmp_path / "_vqd (aside)").is_symlink()


def test_a_record_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", '{"a.txt": {"sha256": "", "bytes": 1, "mtime_ns": 1}}')
    (tmp_path / "_vqd").mkdir()
    (tmp_path / "_vqd" / RECORD).symlink_to(tmp_path / "elsewhere")
    assert KeptFolder(tmp_path / "_vqd").keep({"b.txt": "b"}) == Changes(("b.txt",), ())


@pytest.mark.parametrize("record", ["", "[]", "{", '{"a.txt": 3}', '{"a.txt": {"sha": ""}}'])
def test_a_record_that_somebody_broke_costs_nothing(tmp_path: Path, record: str) -> None:
    folder = KeptFolder(tmp_path)
    folder.keep({"a.txt": "a"})
    write(tmp_path / RECORD, record)
    folder.keep({"a.txt": "a"})
    assert content_of(tmp_path) == {"a.txt": "a"}
    assert folder.keep({}) == Changes((), ("a.txt",))


def test_a_record_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "_vqd"
    KeptFolder(folder).keep({"a.txt": "a"})
    outside = write(tmp_path / "a.txt", "a")
    facts = json.loads((folder / RECORD).read_text())["a.txt"]
    write(folder / RECORD, json.dumps({"../a.txt": facts, os.fspath(outside): facts}))
    KeptFolder(folder).keep({})
    assert outside.exists()
