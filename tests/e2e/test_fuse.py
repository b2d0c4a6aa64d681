"""A spool on a mounted share: no event comes for what others do there, and it may go away."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.mounts import Bindfs, Sshfs, bound_over, needs_mounts
from tests.samples import TWO_LINES, picture, picture_job
from tests.waiting import wait_for
from vqd.spool.layout import Spool

pytestmark = needs_mounts("bindfs")

POLLED = {"settle_poll_s": 2, "rescan_s": 2}
WIDE = """\
vqd: 1
workflow: image-scale
fan_out: {matrix: {size: [16x16, 24x16, 32x16, 40x16, 48x16, 56x16], method: [lanczos, area]}}
retry: {limit: 0}
"""
WIDE_PROMPTS = 12


class Share:
    """A spool as the daemon has it, mounted (`daemon`), and as those who drop into it (`far`)."""

    def __init__(self, folder: Path) -> None:
        self.mount = Bindfs(folder / "far", folder / "house" / "spool")
        self.mount.mount()
        self.daemon = Daemon(folder / "house", **POLLED)
        self.far = Spool(folder / "far")
        self.bare = self.mount.mountpoint

    def close(self) -> None:
        self.daemon.close()
        self.mount.unmount()

    def shell(self, script: str) -> None:
        """Do something in the inbox from the far side, as a process of its own."""
        subprocess.run(["bash", "-euc", script], cwd=self.far.inbox, check=True)


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Share]:
    made = Share(tmp_path_factory.mktemp("share"))
    try:
        made.daemon.start()
        yield made
    finally:
        made.close()


@pytest.fixture
def own_share(tmp_path: Path) -> Iterator[Share]:
    made = Share(tmp_path)
    yield made
    made.close()


def assert_made(done: Path, prompts: int) -> None:
    """The job is whole: every prompt has succeeded, and what it made is there, once."""
    assert done.parent.name == "done", (done / "WHY.txt").read_text()
    assert status_of(done)["counts"]["succeeded"] == prompts
    lines = manifest_of(done)
    assert len(lines) == prompts
    assert len({line["output"] for line in lines}) == prompts
    assert all((done / line["output"]).is_file() for line in lines)


def test_a_folder_copied_in_from_the_far_side_is_taken_whole(share: Share, tmp_path: Path) -> None:
    picture_job(tmp_path / "copied", pictures=3)
    share.shell(f"cp -r {tmp_path}/copied .")
    assert_made(share.daemon.wait_closed("copied"), 3)


def test_a_file_that_grows_slowly_is_not_taken_by_half(share: Share, tmp_path: Path) -> None:
    picture_job(tmp_path / "slow", pictures=1)
    picture(tmp_path / "slow" / "big.png", size=(400, 300))
    share.shell(
        f"""
        mkdir slow; cp {tmp_path}/slow/job.yaml {tmp_path}/slow/p1.png slow
        size=$(stat -c %s {tmp_path}/slow/big.png)
        for at in $(seq 0 11); do
            dd if={tmp_path}/slow/big.png bs=$((size / 12 + 1)) skip=$at count=1 status=none \
                >>slow/big.png
            sleep 0.3
        done
        """
    )
    assert_made(share.daemon.wait_closed("slow"), 2)


def test_a_file_of_full_size_whose_data_come_later_is_not_taken_by_half(
    share: Share, tmp_path: Path
) -> None:
    picture(tmp_path / "big.png", size=(400, 300))
    write(tmp_path / "job.yaml", TWO_LINES)
    share.shell(
        f"""
        mkdir ahead; cp {tmp_path}/job.yaml ahead
        size=$(stat -c %s {tmp_path}/big.png)
        truncate -s "$size" ahead/big.png
        for at in $(seq 0 11); do
            dd if={tmp_path}/big.png of=ahead/big.png bs=$((size / 12 + 1)) \
                skip=$at seek=$at count=1 conv=notrunc status=none
            touch -d 1980-01-01 ahead/big.png
            sleep 0.3
        done
        """
    )
    assert_made(share.daemon.wait_closed("ahead"), 1)


def test_inputs_may_come_before_the_job_file_and_after_it(share: Share, tmp_path: Path) -> None:
    picture_job(
        tmp_path / "j", pictures=2, job=TWO_LINES + "inputs: {image: {glob: '*.png', expect: 2}}\n"
    )
    share.shell(f"mkdir before after; cp {tmp_path}/j/*.png before; cp {tmp_path}/j/job.yaml after")
    wait_for(lambda: "no files are here, 2 are expected" in share.daemon.waiting, within_s=60)
    wait_for(lambda: "before: no job.yaml here" in share.daemon.waiting, within_s=60)
    share.shell(f"cp {tmp_path}/j/job.yaml before; cp {tmp_path}/j/*.png after")
    assert_made(share.daemon.wait_closed("before"), 2)
    assert_made(share.daemon.wait_closed("after"), 2)


def test_a_steering_file_from_the_far_side_is_answered(share: Share, tmp_path: Path) -> None:
    job = WIDE + "schedule: {suspended: true}\n"
    picture_job(tmp_path / "held", pictures=1, job=job).rename(share.far.inbox / "held")
    held = share.daemon.wait_accepted("held")
    write(share.far.active / held.name / "cancel.TXT", "")
    failed = share.daemon.wait_closed("held")
    assert failed.parent == share.daemon.spool.failed
    answers = share.far.failed.glob
    wait_for(lambda: [*answers("*-held/CANCEL.done-*")], within_s=60, what="the answer")


def test_a_file_that_says_pause_holds_everything_and_its_removal_lets_it_go(
    share: Share, tmp_path: Path
) -> None:
    write(share.far.root / "PAUSE", "")
    picture_job(tmp_path / "calm", pictures=1).rename(share.far.inbox / "calm")
    calm = wait_for(lambda: [*share.far.active.glob("*-calm/STATUS.yaml")], within_s=60)[0]
    assert status_of(calm.parent)["counts"]["succeeded"] == 0
    (share.far.root / "PAUSE").unlink()
    assert_made(share.daemon.wait_closed("calm"), 1)


def test_what_is_dropped_into_a_hot_folder_on_the_far_side_becomes_one_job(
    share: Share, tmp_path: Path
) -> None:
    picture_job(tmp_path / "hot", pictures=3)
    share.shell(f"mkdir scaled; cp {tmp_path}/hot/job.yaml scaled/_defaults.yaml")
    wait_for(lambda: "scaled: hot folder" in share.daemon.waiting, within_s=60)
    share.shell(f"for n in 1 2 3; do cp {tmp_path}/hot/p$n.png scaled; sleep 0.3; done")
    done = wait_for(lambda: [*share.far.done.glob("*-scaled")], within_s=60)[0]
    assert_made(done, 3)
    assert [path.name for path in (share.far.inbox / "scaled").iterdir()] == ["_defaults.yaml"]


def test_a_share_that_dies_while_jobs_run_loses_nothing_and_nothing_is_left_in_the_bare_folder(
    own_share: Share, tmp_path: Path
) -> None:
    daemon, far = own_share.daemon.start(), own_share.far
    picture_job(tmp_path / "wide", pictures=4, job=WIDE).rename(far.inbox / "wide")
    wait_for(lambda: len(daemon.logged("prompt.concluded")) >= 3, within_s=60)
    own_share.mount.leave_dead()
    wait_for(lambda: daemon.logged("spool.away"), within_s=60)
    said = daemon.logged("spool.away")[0]["said"]
    assert "not connected" in said or "connection abort" in said  # of a call that was on its way
    own_share.mount.clear()
    picture_job(tmp_path / "later", pictures=1).rename(far.inbox / "later")
    assert "share away" in daemon.vqd("status").stdout
    assert list(own_share.bare.rglob("*")) == []
    own_share.mount.mount()
    assert_made(daemon.wait_closed("wide"), 4 * WIDE_PROMPTS)
    assert_made(daemon.wait_closed("later"), 1)
    assert daemon.logged("spool.back")
    assert daemon.stop() == 0
    assert list(far.active.iterdir()) == []


def test_another_spool_mounted_in_its_place_is_left_alone(own_share: Share, tmp_path: Path) -> None:
    daemon = own_share.daemon.start()
    picture_job(tmp_path / "wide", pictures=2, job=WIDE).rename(own_share.far.inbox / "wide")
    wait_for(lambda: daemon.logged("prompt.concluded"), within_s=60)
    theirs = Spool.create(tmp_path / "other")
    picture_job(theirs.inbox / "theirs")
    with bound_over(own_share.bare, theirs.root):
        (away,) = wait_for(lambda: daemon.logged("spool.away"), within_s=60)
        assert "another spool is mounted there" in away["said"]  # whoever finds it first
        assert [path.name for path in theirs.inbox.iterdir()] == ["theirs"]
        assert [*theirs.active.iterdir(), *theirs.done.iterdir(), *theirs.failed.iterdir()] == []
    assert_made(daemon.wait_closed("wide"), 2 * WIDE_PROMPTS)


def test_a_daemon_does_not_start_on_a_share_that_is_not_mounted(own_share: Share) -> None:
    own_share.mount.unmount()
    ended = own_share.daemon.vqd("run")
    assert ended.returncode == 5
    assert "Mount the share" in ended.stderr
    assert list(own_share.bare.iterdir()) == []


class Manager:
    """A service manager that counts the daemon's signs of life (sd_notify(3))."""

    def __init__(self, address: Path) -> None:
        self.signs = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(address))
        self._address = str(address)
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> "Manager":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", self._address)
        self._thread.join()
        self._socket.close()

    def wait_for_sign(self) -> None:
        """Wait for the next sign of life."""
        before = self.signs
        wait_for(lambda: self.signs > before, within_s=60, what="a sign of life")

    def _read(self) -> None:
        while told := self._socket.recv(4096):
            self.signs += told == b"WATCHDOG=1"


@needs_mounts("sshfs", "sftp-server")
def test_a_server_that_does_not_answer_holds_up_nothing_but_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "1500000")
    mount = Sshfs(tmp_path / "far", tmp_path / "house" / "spool")
    mount.mount()
    with Manager(tmp_path / "notify") as manager:
        daemon = Daemon(tmp_path / "house", settle_poll_s=2.5, rescan_s=2)
        try:
            lives_through_silence_and_loss(daemon, mount, manager, tmp_path)
        finally:
            daemon.close()
            mount.unmount()


def lives_through_silence_and_loss(
    daemon: Daemon, mount: Sshfs, manager: Manager, folder: Path
) -> None:
    daemon.start()
    picture_job(folder / "wide", pictures=3, job=WIDE).rename(folder / "far" / "inbox" / "wide")
    wait_for(lambda: len(daemon.logged("prompt.concluded")) >= 2, within_s=60)
    with mount.silent():
        for _ in range(5):
            manager.wait_for_sign()
    wait_for(lambda: len(daemon.logged("prompt.concluded")) >= 10, within_s=60)
    mount.lose_server()
    wait_for(lambda: daemon.logged("spool.away"), within_s=60)
    assert list(mount.mountpoint.rglob("*")) == []
    mount.mount()
    assert_made(daemon.wait_closed("wide"), 3 * WIDE_PROMPTS)
