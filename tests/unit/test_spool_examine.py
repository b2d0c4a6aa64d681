"""What is found of a spool, and that finding it leaves no trace."""

import os
from pathlib import Path

import pytest

from tests.mounts import small_disk
from vqd.domain.finding import Finding, Level
from vqd.spool.examine import examine_other_spool, examine_room, examine_spool, let_write
from vqd.spool.layout import Spool
from vqd.spool.reserve import Reserve


def faults(spool: Spool) -> dict[str, Finding]:
    found = examine_spool(spool, Path("/var/lib/vqd"))
    return {one.code: one for one in found if one.level is not Level.OK}


def everything_in(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_ino) for path in folder.rglob("*"))


def test_a_whole_spool_has_no_fault_and_is_left_as_it_was(spool: Spool) -> None:
    before = everything_in(spool.root)
    assert faults(spool) == {}
    assert everything_in(spool.root) == before


def test_a_spool_without_its_marker_is_written_to_by_nobody(spool: Spool) -> None:
    (spool.root / ".vqd-spool").unlink()
    before = spool.inbox.stat().st_mtime_ns
    found = faults(Spool(spool.root))["spool_away"]
    assert "its marker .vqd-spool is missing" in found.said
    assert found.cure == (
        f"sudo mount {spool.root}  # if it is a share or a disk",
        f'vqd init {spool.root} --state /var/lib/vqd --settings "$(mktemp -u)"'
        "  # if it was never made",
    )
    assert spool.inbox.stat().st_mtime_ns == before


def test_a_file_in_the_place_of_a_spool_is_moved_before_one_is_made(tmp_path: Path) -> None:
    (tmp_path / "spool").touch()
    found = faults(Spool(tmp_path / "spool"))["spool_away"]
    assert (
        found.cure[0] == f"mv {tmp_path}/spool {tmp_path}/spool.aside  # a file lies in its place"
    )
    assert found.cure[1].startswith(f"vqd init {tmp_path}/spool ")


def test_active_that_was_moved_away_is_asked_back_before_it_is_made(spool: Spool) -> None:
    spool.active.rmdir()
    found = faults(spool)["spool_away"]
    assert found.cure == (f"mkdir {spool.active}  # or move it back, if somebody moved it away",)


def test_a_folder_that_is_missing_has_its_command(spool: Spool) -> None:
    spool.done.rmdir()
    found = faults(spool)["folder_missing"]
    assert (found.level, found.cure) == (Level.WARN, (f"mkdir {spool.done}",))


def test_a_folder_on_another_disk_is_named_with_the_way_out(spool: Spool) -> None:
    if Path("/dev/shm").stat().st_dev == spool.root.stat().st_dev:
        pytest.skip("/dev/shm is no disk of its own")
    spool.done.rmdir()
    spool.done.symlink_to("/dev/shm")
    found = faults(spool)["spool_split"]
    assert found.level is Level.WRONG
    assert f"{spool.done} lies on another file system" in found.said
    assert found.cure == (
        f"rm {spool.done} && mkdir {spool.done}  # and move into it what lies in /dev/shm",
    )


def test_a_pause_is_told_with_what_ends_it(spool: Spool) -> None:
    spool.pause()
    assert faults(spool)["paused"].cure == ("vqd resume",)


def test_a_name_that_a_shell_would_take_apart_is_quoted(tmp_path: Path) -> None:
    spool = Spool.create(tmp_path / "it's; rm -rf ~")
    spool.done.rmdir()
    (cure,) = faults(spool)["folder_missing"].cure
    assert cure == f"""mkdir '{tmp_path}/it'"'"'s; rm -rf ~/done'"""


def test_the_spool_of_another_is_there_or_away_or_ones_own(tmp_path: Path, spool: Spool) -> None:
    def found(root: Path) -> tuple[Level, str]:
        (one,) = examine_other_spool(Spool(root), spool)
        return one.level, one.code

    other = Spool.create(tmp_path / "other")
    before = everything_in(other.root)
    assert found(other.root) == (Level.OK, "other_spool_there")
    assert everything_in(other.root) == before
    assert found(tmp_path / "nowhere") == (Level.WARN, "other_spool_away")
    assert found(spool.root) == (Level.WARN, "other_spool_own")


def test_less_room_than_the_reserve_parks_and_twice_that_is_little(tmp_path: Path) -> None:
    total = os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize

    def found(reserve_bytes: float) -> Finding:
        (one,) = examine_room(tmp_path, Reserve(reserve_bytes, 1.0))
        return one

    assert (found(0.1 * free).level, found(0.1 * free).code) == (Level.OK, "room")
    assert (found(0.7 * free).level, found(0.7 * free).code) == (Level.WARN, "little_room")
    parked = found(total)
    assert (parked.level, parked.code) == (Level.WRONG, "no_room")
    assert "less than the" in parked.said
    assert parked.cure[0].startswith("sudo du -xh -d 3 ")


def test_a_disk_without_inodes_is_told_by_what_counts_them(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=64m,nr_inodes=200") as disk:
        for number in range(197):
            (disk / str(number)).touch()
        (found,) = examine_room(disk, Reserve())
    assert found.code == "no_room"
    assert "files (inodes)" in found.said
    assert found.cure[0].startswith("sudo du --inodes -x -d 3 ")


def test_a_mount_inside_the_spool_is_to_be_unmounted(spool: Spool) -> None:
    with small_disk(spool.done, "size=1m"):
        assert faults(spool)["spool_split"].cure == (f"sudo umount {spool.done}",)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_folders_of_a_service_are_not_given_to_whoever_asks(tmp_path: Path) -> None:
    assert let_write(tmp_path) == f"sudo chown -R root: {tmp_path}"
    os.chown(tmp_path, 987, 987)
    asked = let_write(tmp_path).partition("  #")[0]
    assert asked.startswith("sudo -u ")
    assert asked.endswith(" vqd doctor")
