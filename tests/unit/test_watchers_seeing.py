import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from vqd.spool.mounts import MountTable, WatchMode, filesystem_type
from vqd.watchers.seeing import Seeing, gets_events


@contextmanager
def seeing_as(
    kind: str, mode: WatchMode = "auto", *, settle_poll_s: float | None = None
) -> Iterator[Seeing]:
    with closing(Seeing(mode, settle_poll_s=settle_poll_s, type_of=lambda _path: kind)) as seeing:
        yield seeing


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs"])
def test_a_local_disk_is_watched_and_its_leases_are_believed(tmp_path: Path, kind: str) -> None:
    with seeing_as(kind) as seeing:
        sight = seeing.at(tmp_path)
    assert (sight.is_polled, sight.is_local) == (False, True)


@pytest.mark.parametrize(
    ("kind", "settle_poll_s"),
    [("cifs", 10), ("nfs4", 10), ("fuse.sshfs", 25), ("fuse.unheard_of", 10), ("fuse.bindfs", 3)],
)
def test_what_others_may_write_to_is_polled_and_no_lease_believed(
    tmp_path: Path, kind: str, settle_poll_s: float
) -> None:
    with seeing_as(kind) as seeing:
        sight = seeing.at(tmp_path)
    assert (sight.is_polled, sight.is_local, sight.settle_poll_s) == (True, False, settle_poll_s)


def test_on_a_kind_that_is_not_known_events_are_tried_and_leases_are_not_believed(
    tmp_path: Path,
) -> None:
    with seeing_as("overlay") as seeing:
        sight = seeing.at(tmp_path)
    assert (sight.is_polled, sight.is_local, sight.settle_poll_s) == (False, False, 3)
    assert list(tmp_path.iterdir()) == []


def test_where_no_file_can_be_made_no_events_are_expected() -> None:
    assert not gets_events(Path("/proc/self"))


def test_the_settings_decide_for_every_directory(tmp_path: Path) -> None:
    with seeing_as("cifs", "native", settle_poll_s=0.5) as seeing:
        sight = seeing.at(tmp_path)
    assert (sight.is_polled, sight.is_local, sight.settle_poll_s) == (False, False, 0.5)
    with seeing_as("ext4", "poll") as seeing:
        sight = seeing.at(tmp_path)
    assert (sight.is_polled, sight.is_local) == (True, False)


def test_a_directory_is_judged_once(tmp_path: Path) -> None:
    asked: list[Path] = []

    def type_of(path: Path) -> str:
        asked.append(path)
        return "ext4"

    with closing(Seeing("auto", type_of=type_of)) as seeing:
        for _ in range(3):
            seeing.at(tmp_path)
    assert asked == [tmp_path]


def test_a_link_to_a_share_does_not_make_a_share_of_where_it_lies(tmp_path: Path) -> None:
    asked: list[Path] = []

    def type_of(path: Path) -> str:
        asked.append(path)
        return "ext4"

    (tmp_path / "link").symlink_to("/proc")
    with closing(Seeing("auto", type_of=type_of)) as seeing:
        seeing.at(tmp_path / "link")
    assert asked == [tmp_path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a tmpfs at a name below the test's folder."""
    mounted: list[Path] = []

    def mounting(name: str) -> Path:
        point = tmp_path / name
        point.mkdir()
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "none", point], capture_output=True, text=True, check=False
        )
        if made.returncode:
            pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
        mounted.append(point)
        return point

    yield mounting
    for point in mounted:
        subprocess.run(["umount", point], check=True)


def test_a_mount_below_is_judged_on_its_own_and_when_it_changes(
    tmp_path: Path, mount: Callable[[str], Path]
) -> None:
    kinds = {tmp_path / "inbox": "ext4", tmp_path / "inbox" / "café x": "cifs"}
    (tmp_path / "inbox").mkdir()
    with closing(Seeing("auto", type_of=lambda path: kinds[path])) as seeing:
        assert not seeing.is_polled(tmp_path / "inbox")
        share = mount("inbox/café x")
        assert seeing.is_polled(share)
        assert not seeing.is_polled(tmp_path / "inbox")
        kinds[share] = "ext4"
        mount("elsewhere")
        assert not seeing.is_polled(share)


def test_nothing_is_open_before_anything_is_judged(tmp_path: Path) -> None:
    before = [*Path("/proc/self/fd").iterdir()]
    with closing(Seeing("auto")) as seeing:
        assert [*Path("/proc/self/fd").iterdir()] == before
        assert not seeing.is_polled(tmp_path)
        assert [*Path("/proc/self/fd").iterdir()] != before
    assert [*Path("/proc/self/fd").iterdir()] == before


def test_the_type_of_a_mount_with_any_name_is_told(mount: Callable[[str], Path]) -> None:
    share = mount("café\n\\040 x")
    assert filesystem_type(share / "below") == "tmpfs"


def test_a_mount_is_noticed_once(mount: Callable[[str], Path]) -> None:
    with closing(MountTable()) as mounts:
        assert not mounts.has_changed()
        mount("share")
        assert mounts.has_changed()
        assert not mounts.has_changed()
