"""Disks that fill up in the middle and are emptied again: everything parks, and nothing fails."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.builders import write
from tests.daemons import Daemon, status_of
from tests.faults.rendering import assert_made_once, outcomes
from tests.mounts import disk_image, needs, remount, small_disk
from tests.samples import picture_job
from tests.waiting import wait_for

WIDE = """\
vqd: 1
workflow: image-scale
fan_out:
  matrix:
    size: [96x64, 160x100, 240x160, 320x200, 400x300, 480x320]
    method: [lanczos, area]
retry: {limit: 0}
"""
PICTURES = 12
"""So many that the job outlasts the looks at the disk, a second or more apart."""
PROMPTS = 12 * PICTURES


@contextmanager
def house(folder: Path, **settings: Any) -> Iterator[Daemon]:
    """A daemon whose end comes before that of the disks below its folder."""
    daemon = Daemon(folder, **settings)
    try:
        yield daemon
    finally:
        daemon.close()


def drop(daemon: Daemon, folder: Path, name: str, *, pictures: int = 1, job: str = WIDE) -> None:
    """Bring a job from another disk, and move it into the inbox when it is whole."""
    made = picture_job(folder / name, pictures=pictures, job=job)
    shutil.copytree(made, daemon.spool.root / f".{name}").rename(daemon.spool.inbox / name)


def fill(folder: Path, *, leave_bytes: int = 0) -> Path:
    """Fill the disk that a folder lies on, but for so much; gives what it is filled with."""
    ballast = folder / ".ballast"
    with ballast.open("wb") as file:
        while (left := free_bytes(folder) - leave_bytes) > 0:
            try:
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, left)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise  # others were quicker to take some of it
    return ballast


def use_up_inodes(folder: Path, *, leave: int) -> None:
    """Make files until the disk has room for so few more, whoever else makes some meanwhile."""
    for number in count():
        if os.statvfs(folder).f_favail <= leave:
            return
        (folder / str(number)).touch()


def free_bytes(folder: Path) -> int:
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize


def begun(daemon: Daemon, folder: Path) -> Path:
    """Let a job begin, of which much is left to do; gives its folder."""
    daemon.start()
    drop(daemon, folder, "wide", pictures=PICTURES)
    wait_for(lambda: len(daemon.logged("prompt.concluded")) >= 3, within_s=60)
    (active,) = daemon.spool.active.glob("*-wide")
    return active


def assert_nothing_failed(daemon: Daemon) -> None:
    """The job that was begun is whole, and the daemon that began it ended it."""
    done = daemon.wait_closed("wide")
    assert_made_once(daemon, done, PROMPTS)
    assert [path.name for path in done.rglob(".*.part")] == []
    assert len(daemon.logged("daemon.started")) == 1


def assert_nothing_was_lost(daemon: Daemon) -> None:
    """The job that was begun is whole, and no prompt of it was sent twice."""
    assert_nothing_failed(daemon)
    assert set(outcomes(daemon)) == {"succeeded"}


def test_a_spool_that_fills_up_parks_everything_and_says_so_until_there_is_room(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "house" / "spool", "size=64m"), house(tmp_path / "house") as daemon:
        active = begun(daemon, tmp_path)
        ballast = fill(daemon.spool.root, leave_bytes=1_000_000)
        wait_for(lambda: "stay free" in str(status_of(active)["reason"]), within_s=60)
        assert status_of(active)["reason"].startswith(f"parked: {daemon.spool.root} has ")
        assert "that stay free (reserve): make room there" in daemon.vqd("status").stdout
        assert "make room there" in daemon.vqd("explain", "wide").stdout
        drop(daemon, tmp_path, "later", job="vqd: 1\nworkflow: image-scale\n")
        wait_for(lambda: "later: waits for room: " in daemon.waiting, within_s=60)
        write(active / "PRIORITY 60", "")
        wait_for(lambda: [*active.glob("PRIORITY.done-*")], within_s=60)
        ballast.unlink()
        wait_for(lambda: daemon.logged("room.back"), within_s=60)
        ballast = fill(daemon.spool.root)  # to the last byte, at once
        wait_for(lambda: len(daemon.logged("room.low")) >= 2, within_s=60)
        ballast.unlink()
        assert_nothing_was_lost(daemon)
        assert daemon.wait_closed("later").parent == daemon.spool.done


def test_a_spool_that_is_out_of_inodes_parks_as_if_it_were_full(tmp_path: Path) -> None:
    disk = small_disk(tmp_path / "house" / "spool", "size=64m,nr_inodes=1000")
    with disk, house(tmp_path / "house") as daemon:
        active = begun(daemon, tmp_path)
        crowd = active.parents[1] / ".crowd"
        crowd.mkdir()
        use_up_inodes(crowd, leave=12)
        wait_for(lambda: daemon.logged("room.low"), within_s=60)
        assert "files (inodes), less than the 20 that stay free" in daemon.vqd("status").stdout
        shutil.rmtree(crowd)
        assert_nothing_was_lost(daemon)


def test_a_full_disk_below_the_state_parks_the_daemon_and_does_not_end_it(tmp_path: Path) -> None:
    with small_disk(tmp_path / "house" / "state", "size=64m"), house(tmp_path / "house") as daemon:
        active = begun(daemon, tmp_path)
        ballast = fill(tmp_path / "house" / "state")
        wait_for(lambda: daemon.logged("room.low"), within_s=60)
        wait_for(lambda: "parked: " in str(status_of(active)["reason"]), within_s=60)
        assert f"{tmp_path}/house/state has 0 bytes free" in daemon.vqd("status").stdout
        ballast.unlink()
        assert_nothing_failed(daemon)
        of_the_engine = {"disk_full", "unreachable"}  # it lies there, too, and cannot store inputs
        assert set(outcomes(daemon)) <= {"succeeded", *of_the_engine}


@needs("mkfs.ext4")
def test_a_spool_that_becomes_read_only_is_waited_for(tmp_path: Path) -> None:
    spool = tmp_path / "house" / "spool"
    with disk_image(spool, tmp_path / "disk", megabytes=64), house(tmp_path / "house") as daemon:
        begun(daemon, tmp_path)
        wait_for(lambda: remount(spool, "ro"), within_s=60)
        wait_for(lambda: daemon.logged("room.low"), within_s=60)
        assert f"parked: {spool} is read-only: mount it" in daemon.vqd("status").stdout
        assert remount(spool, "rw")
        assert_nothing_was_lost(daemon)


def test_a_daemon_starts_on_a_spool_that_is_full_and_takes_up_its_work_when_it_is_not(
    tmp_path: Path,
) -> None:
    disk = small_disk(tmp_path / "house" / "spool", "size=8m,nr_inodes=200")
    with disk, house(tmp_path / "house") as daemon:
        drop(daemon, tmp_path, "wide", job="vqd: 1\nworkflow: image-scale\n")
        ballast = fill(daemon.spool.root)
        crowd = crowded(daemon.spool.root)
        daemon.start()
        assert "parked: " in daemon.vqd("status").stdout
        refused = daemon.vqd("submit", str(tmp_path / "wide"))
        assert refused.returncode == 5
        assert "[no_space]" in refused.stderr
        assert {path.name for path in daemon.spool.inbox.iterdir()} - {"_vqd"} == {"wide"}
        ballast.unlink()
        shutil.rmtree(crowd)
        assert daemon.wait_closed("wide").parent == daemon.spool.done
        wait_for((daemon.spool.inbox / "_vqd" / "README.txt").exists, within_s=60)


def crowded(folder: Path) -> Path:
    """Take every file that a small disk has room for."""
    crowd = folder / ".crowd"
    crowd.mkdir()
    for number in range(1000):
        try:
            (crowd / str(number)).touch()
        except OSError:
            break
    return crowd


def test_a_done_that_cannot_be_written_holds_only_what_is_published(
    daemon: Daemon, tmp_path: Path
) -> None:
    done = daemon.spool.done

    def has_a_file_in_its_place() -> bool:
        """Put one there, unless the daemon made the missing folder again before that."""
        done.rmdir()
        with suppress(IsADirectoryError):
            write(done, "a file in its place")
        return done.is_file()

    daemon.start()
    wait_for(has_a_file_in_its_place, within_s=60)
    drop(daemon, tmp_path, "first", job="vqd: 1\nworkflow: image-scale\n")
    drop(daemon, tmp_path, "second", job="vqd: 1\nworkflow: image-scale\n")

    def held() -> list[Path]:
        """Give the jobs that say why they are not there."""
        folders = [*daemon.spool.active.glob("*/STATUS.yaml")]
        told = {status.parent: str(status_of(status.parent)["reason"]) for status in folders}
        return [folder for folder, why in told.items() if why.startswith("parked: ")]

    wait_for(lambda: len(held()) == 2, within_s=60)
    assert outcomes(daemon) == {"succeeded": 2}
    assert (
        f"{done}/{held()[0].name} cannot be written: Not a directory" in daemon.vqd("status").stdout
    )
    assert not daemon.logged("spool.away")
    done.unlink()
    wait_for(done.is_dir, within_s=60, what="the folder that is missing")
    assert daemon.wait_closed("first").parent == done
    assert daemon.wait_closed("second").parent == done


def refusing(folder: Path, below: Path, patch: pytest.MonkeyPatch) -> Path:
    """Let a daemon that starts be refused what it does `below` while there is a file, which is
    given, and says what (refusing.c)."""
    source = Path(__file__).with_name("refusing.c")
    shim, refusals = folder / "refusing.so", folder / "refusals"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(shim), str(source)], check=True)
    patch.setenv("LD_PRELOAD", str(shim))
    patch.setenv("REFUSED_BELOW", str(below))
    patch.setenv("REFUSALS", str(refusals))
    return refusals


@needs("cc")
def test_what_a_disk_refuses_though_it_has_room_parks_everything_and_is_tried_again(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = refusing(tmp_path, daemon.spool.active, monkeypatch)
    begun(daemon, tmp_path)
    write(refusals, str(errno.EDQUOT))
    (refused,) = wait_for(lambda: daemon.logged("room.refused"), within_s=60)
    why = " cannot be written: Disk quota exceeded"
    assert why in refused["said"]
    wait_for(lambda: why in daemon.vqd("status").stdout, within_s=60)
    refusals.unlink()
    assert_nothing_was_lost(daemon)
