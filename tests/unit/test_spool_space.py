"""What is free where vqd writes, and whether it is enough."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from vqd.spool.reserve import Reserve
from vqd.spool.space import Disks, NoRoom, Space, disks_at, is_of_disk, refusal, space_at

GB = 10**9
NOTHING_KEPT = Reserve(0, 1.0)


def a_space(**changes: Any) -> Space:
    values: dict[str, Any] = {
        "folder": Path("/srv/vqd"),
        "free_bytes": 100 * GB,
        "total_bytes": 1000 * GB,
        "free_files": 10**6,
        "total_files": 10**7,
        "is_read_only": False,
    }
    return Space(**{**values, **changes})


def test_what_the_kernel_tells_of_a_folder_is_what_anybody_may_use(tmp_path: Path) -> None:
    space, facts = space_at(tmp_path), os.statvfs(tmp_path)
    assert space.total_bytes == facts.f_blocks * facts.f_frsize
    assert 0 < space.free_bytes <= space.total_bytes
    assert not space.is_read_only


@pytest.mark.parametrize(
    ("reserve", "total_gb", "kept_bytes"),
    [
        (Reserve(), 1000, 1 << 30),
        (Reserve(), 10, 0.2 * GB),
        (Reserve(5 * GB, 1.0), 10, 5 * GB),
        (Reserve(float("inf"), 0.05), 1000, 50 * GB),
        (NOTHING_KEPT, 1000, 0),
    ],
)
def test_a_reserve_is_the_lesser_of_a_size_and_a_share(
    reserve: Reserve, total_gb: int, kept_bytes: float
) -> None:
    assert reserve.bytes_of(total_gb * GB) == pytest.approx(kept_bytes)


def test_of_files_a_thousand_or_a_fiftieth_stay_free() -> None:
    assert (Reserve().files_of(10**7), Reserve().files_of(200)) == (1000, 4)
    assert (Reserve(5 * GB, 1.0).files_of(200), NOTHING_KEPT.files_of(200)) == (4, 0)


def test_a_shortage_says_where_how_much_and_what_to_do() -> None:
    little = Disks(a_space(free_bytes=120_000_000), a_space(), Reserve())
    assert str(little.shortage()) == (
        "/srv/vqd has 120 MB free, less than the 1.1 GB that stay free (reserve): make room there"
    )
    few = Disks(a_space(free_files=12), a_space(), Reserve())
    assert str(few.shortage()) == (
        "/srv/vqd has room for 12 files (inodes), less than the 1,000 that stay free (reserve):"
        " make room there"
    )
    fixed = Disks(a_space(is_read_only=True), a_space(), NOTHING_KEPT)
    assert str(fixed.shortage()) == ("/srv/vqd is read-only: mount it so that it can be written")


def test_what_is_planned_counts_in_the_spool_and_not_where_the_state_lies() -> None:
    small = a_space(folder=Path("/var/lib/vqd"), free_bytes=2 * GB)
    disks = Disks(a_space(), small, Reserve())
    assert disks.shortage(planned_bytes=90 * GB) is None
    short = disks.shortage(planned_bytes=99.5 * GB)
    assert short is not None
    assert " and the 100 GB that are wanted" in short.said
    assert disks.left_bytes == 100 * GB - (1 << 30)


def test_where_the_state_lies_is_looked_at_too() -> None:
    full = a_space(folder=Path("/var/lib/vqd"), free_bytes=0)
    short = Disks(a_space(), full, Reserve()).shortage()
    assert short is not None
    assert short.folder == Path("/var/lib/vqd")


def test_what_was_begun_may_use_half_of_the_reserve_to_come_to_its_end() -> None:
    Disks(a_space(free_bytes=int(0.6 * GB)), None, Reserve()).require_end()
    with pytest.raises(NoRoom, match=r"/srv/vqd has 500 MB free.*: make room there") as raised:
        Disks(a_space(free_bytes=GB // 2), None, Reserve()).require_end()
    assert is_of_disk(raised.value)


def test_what_a_disk_refuses_is_said_with_its_place_and_told_from_what_it_says_of_one_name() -> (
    None
):
    quota = OSError(errno.EDQUOT, "Disk quota exceeded", "/srv/vqd/active/job/.part/1-1.png")
    full = OSError(errno.ENOSPC, "No space left on device")
    folder = Path("/srv/vqd/active/job")
    assert refusal(quota, folder) == f"{folder}/.part/1-1.png cannot be written: {quota.strerror}"
    assert refusal(full, folder) == f"{folder} cannot be written: {full.strerror}"
    assert is_of_disk(quota)
    assert not is_of_disk(OSError(errno.EACCES, "Permission denied"))


def test_a_disk_that_is_away_or_counts_no_files_is_short_of_nothing(tmp_path: Path) -> None:
    away = disks_at(tmp_path / "away", tmp_path / "gone", Reserve())
    assert (away.shortage(), away.left_bytes) == (None, float("inf"))
    uncounted = Disks(a_space(free_files=None, total_files=None), None, Reserve())
    assert uncounted.shortage() is None
