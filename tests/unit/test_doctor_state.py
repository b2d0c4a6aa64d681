"""Where the queue's database lies: on a disk of this machine, and there to be written in."""

from pathlib import Path

from tests.mounts import Sshfs, needs_mounts
from vqd.doctor.state import examine_state
from vqd.domain.finding import Finding, Level
from vqd.spool.reserve import Reserve


def faults(folder: Path) -> dict[str, Finding]:
    found = examine_state(folder, folder / "queue.db", Reserve(1.0), Path("/etc/vqd/vqd.yaml"))
    return {one.code: one for one in found if one.level is not Level.OK}


def test_a_folder_of_this_machine_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path) == {}


def test_one_that_is_not_there_yet_can_be_made(tmp_path: Path) -> None:
    found = faults(tmp_path / "a" / "b")["state_missing"]
    assert (found.level, found.cure) == (Level.WARN, (f"mkdir -p {tmp_path}/a/b",))


def test_a_file_in_its_place_is_to_be_moved(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    found = faults(tmp_path / "state")["state_missing"]
    assert (found.level, found.cure) == (
        Level.WRONG,
        (f"mv {tmp_path}/state {tmp_path}/state.aside",),
    )


@needs_mounts("sshfs")
def test_a_queue_on_a_share_is_wrong_and_moved_by_what_is_said(tmp_path: Path) -> None:
    share = Sshfs(tmp_path / "there", tmp_path / "state")
    share.mount()
    try:
        found = faults(tmp_path / "state")["state_on_network"]
    finally:
        share.unmount()
    assert "lies on fuse.sshfs" in found.said
    assert found.cure[1:] == (
        f"cp -a {tmp_path}/state/. /var/lib/vqd  # while the daemon is stopped",
        "sed -i 's|^state_dir:.*|state_dir: /var/lib/vqd|' /etc/vqd/vqd.yaml",
    )
