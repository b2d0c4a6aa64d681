import os
import time
from pathlib import Path

import pytest

from tests.builders import write
from tests.waiting import wait_for
from vqd.spool.leftovers import Swept, copy_name, cut_log, folders_in, is_half_made, sweep

UNUSED_S = 0.05


def grow_old() -> None:
    """Let everything that is there be older than UNUSED_S, which no file's time can be set to."""
    until = time.time() + 2 * UNUSED_S
    wait_for(lambda: time.time() > until, within_s=30)


def is_ours(name: str) -> bool:
    return name.startswith("ours")


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def swept(folder: Path, *, may_be_folders: bool = True) -> Swept:
    return sweep(folder, is_ours, unused_s=UNUSED_S, may_be_folders=may_be_folders)


def test_only_what_is_ours_and_old_goes(tmp_path: Path) -> None:
    for name in ("ours-old", "theirs-old"):
        write(tmp_path / name, "12345")
    grow_old()
    write(tmp_path / "ours-new", "12345")
    assert swept(tmp_path) == Swept(1, 5)
    assert left(tmp_path) == ["ours-new", "theirs-old"]


def test_the_time_of_a_file_can_be_set_and_says_nothing(tmp_path: Path) -> None:
    os.utime(write(tmp_path / "ours", "x"), (0, 0))
    assert swept(tmp_path) == Swept()


def test_a_folder_goes_with_all_that_is_in_it_once_all_of_it_is_old(tmp_path: Path) -> None:
    write(tmp_path / "ours" / "deep" / "a", "123")
    write(tmp_path / "ours" / "b", "45")
    grow_old()
    assert swept(tmp_path, may_be_folders=False) == Swept()
    late = write(tmp_path / "ours" / "deep" / "late", "6")
    assert swept(tmp_path) == Swept()
    assert len(left(tmp_path)) == 5
    grow_old()
    assert swept(tmp_path) == Swept(3, 6)
    assert not late.exists()
    assert left(tmp_path) == []


def test_no_link_is_followed_and_none_is_removed(tmp_path: Path) -> None:
    theirs = write(tmp_path / "elsewhere" / "ours-too", "x").parent
    folder = tmp_path / "folder"
    write(folder / "ours-with-link" / "a", "x")
    (folder / "ours-with-link" / "out").symlink_to(theirs)
    (folder / "ours-link").symlink_to(theirs / "ours-too")
    (folder / "ours-folder").symlink_to(theirs)
    (tmp_path / "link").symlink_to(folder)
    grow_old()
    for place in (folder, tmp_path / "link"):
        assert swept(place) == Swept()
    assert len(left(folder)) == 5
    assert left(theirs) == ["ours-too"]


def test_of_a_name_that_others_share_the_content_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "ours").hardlink_to(write(tmp_path / "theirs", "12345"))
    grow_old()
    assert swept(tmp_path) == Swept(1, 0)
    assert (tmp_path / "theirs").read_text() == "12345"


def test_what_cannot_be_removed_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ours1", "ours2", "ours3"):
        write(tmp_path / name, "x")
    unlink = os.unlink

    def refuse(name: str, **where: int) -> None:
        if name == "ours2":
            raise PermissionError(1, "Operation not permitted", name)
        unlink(name, **where)

    grow_old()
    monkeypatch.setattr(os, "unlink", refuse)
    assert swept(tmp_path) == Swept(2, 2, left=1)
    assert left(tmp_path) == ["ours2"]


def test_where_nothing_is_ours_nothing_is_written(tmp_path: Path) -> None:
    write(tmp_path / "theirs", "x")
    before = tmp_path.stat().st_mtime_ns
    assert swept(tmp_path) == Swept()
    assert tmp_path.stat().st_mtime_ns == before


@pytest.mark.parametrize("kind", ["nothing", "a file"])
def test_a_folder_that_is_not_there_is_clean(tmp_path: Path, kind: str) -> None:
    if kind == "a file":
        write(tmp_path / "x", "")
    assert swept(tmp_path / "x") == Swept()
    assert folders_in(tmp_path / "x") == []


def test_it_ends_in_the_middle_when_it_is_asked_to(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / f"ours{number}", "x")
    grow_old()
    asked = iter([False, False, True])
    ended = sweep(tmp_path, is_ours, unused_s=UNUSED_S, is_ending=lambda: next(asked))
    assert ended.files == 2
    assert len(left(tmp_path)) == 3


def test_folders_are_told_from_links_to_some(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "b")
    write(tmp_path / "c", "")
    assert folders_in(tmp_path) == ["b"]


def test_a_long_log_is_cut_to_its_end_and_its_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"".join(b"line %04d\n" % number for number in range(1000)))
        assert cut_log(path, most_bytes=20_000, kept_bytes=100) == Swept()
        assert cut_log(path, most_bytes=5_000, kept_bytes=105) == Swept(0, 9_900)
        writer.write(b"next\n")
    assert path.read_bytes() == b"next\n"
    kept = (tmp_path / "engine.log.1").read_text().splitlines()
    assert kept == [f"line {number:04}" for number in range(990, 1000)]


def test_a_log_that_is_not_there_is_short_enough(tmp_path: Path) -> None:
    assert cut_log(tmp_path / "engine.log", most_bytes=1, kept_bytes=1) == Swept()


def test_what_is_half_made_is_told_by_its_name() -> None:
    assert is_half_made(copy_name())
    assert is_half_made(".vqd-probe-1234")
    for name in (".vqd-spool", ".vqd-serving", ".submit-x.part", "PAUSE", ".part"):
        assert not is_half_made(name)
