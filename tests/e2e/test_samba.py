"""Drops by way of a Samba share, as they come from Windows and macOS.

What Explorer does and smbclient does not, to set a file's full size before its data, looks on the
server's disk as in tests/e2e/test_ways_of_copying.py.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.mounts import needs
from tests.samba import Samba
from tests.samples import TWO_LINES, picture, picture_job
from tests.waiting import wait_for

pytestmark = needs("smbd", "smbclient")


class House:
    """A daemon whose inbox is a share."""

    def __init__(self, folder: Path) -> None:
        # Longer than smbclient, on a machine that does much else, is between two files.
        self.daemon = Daemon(folder / "house", settle_s=2)
        self.inbox = self.daemon.spool.inbox
        self.samba = Samba(folder / "samba", self.inbox)

    def close(self) -> None:
        self.daemon.close()
        self.samba.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("samba"))
    try:
        made.samba.start()
        made.daemon.start()
        yield made
    finally:
        made.close()


class SlowPut:
    """smbclient copying one file, of which the test feeds one part after another."""

    def __init__(self, house: House, source: Path, target: str) -> None:
        self._content = source.read_bytes()
        self._sent = 0
        pipe = source.with_name(f"{source.name}.pipe")
        os.mkfifo(pipe)
        self.client = house.samba.client(f'put "{pipe}" "{target}"')
        self._feed = wait_for(lambda: writing_end(pipe), within_s=60, what="the copy's begin")
        os.set_blocking(self._feed, True)

    def feed(self, share: float) -> None:
        """Let the client have the file up to this share of it."""
        until = int(len(self._content) * share)
        while self._sent < until:
            self._sent += os.write(self._feed, self._content[self._sent : until])

    def finish(self) -> None:
        """Let it have the rest, and end well."""
        self.feed(1)
        os.close(self._feed)
        assert self.client.wait(90) == 0

    def abort(self) -> None:
        """kill -9 it in the middle: the server sees its connection end."""
        self.client.kill()
        self.client.wait(60)
        os.close(self._feed)


def writing_end(pipe: Path) -> int | None:
    """Open a pipe that somebody reads; None while nobody does (fifo(7))."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def large(path: Path) -> Path:
    """Write a picture that does not compress: 1.2 MB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.frombytes("RGB", (640, 640), os.urandom(640 * 640 * 3)).save(path)
    return path


def assert_made(done: Path, prompts: int) -> None:
    assert done.parent.name == "done", (done / "WHY.txt").read_text()
    assert status_of(done)["counts"]["succeeded"] == prompts


def test_a_folder_that_is_copied_over_the_share_is_taken_whole(
    house: House, tmp_path: Path
) -> None:
    picture_job(tmp_path / "beach", pictures=5)
    house.samba.run("prompt off; recurse on; mput beach", cwd=tmp_path)
    assert_made(house.daemon.wait_closed("beach"), 5)


def test_a_folder_that_is_unpacked_onto_the_share_is_taken_whole(
    house: House, tmp_path: Path
) -> None:
    picture_job(tmp_path / "packed" / "tape", pictures=3)
    subprocess.run(["tar", "cf", "tape.tar", "-C", "packed", "tape"], cwd=tmp_path, check=True)
    assert house.samba.client("", "-Tx", "tape.tar", cwd=tmp_path).wait(90) == 0
    assert_made(house.daemon.wait_closed("tape"), 3)


def test_a_folder_is_not_taken_while_the_server_still_writes_a_file_of_it(
    house: House, tmp_path: Path
) -> None:
    picture(tmp_path / "small.png")
    house.samba.run(f'mkdir slow; cd slow; put "{tmp_path}/small.png" small.png')
    put = SlowPut(house, large(tmp_path / "big.png"), "slow/big.png")
    write(tmp_path / "job.yaml", TWO_LINES)
    house.samba.run(f'put "{tmp_path}/job.yaml" slow/job.yaml')
    for share in (0.2, 0.5, 0.8):
        put.feed(share)
        wait_for(lambda: "slow: a file is still being written" in house.daemon.waiting, within_s=60)
    put.finish()
    assert_made(house.daemon.wait_closed("slow"), 2)


def test_an_aborted_copy_fails_alone_and_is_named(house: House, tmp_path: Path) -> None:
    picture_job(tmp_path / "torn", pictures=2)
    house.samba.run("mkdir torn")
    put = SlowPut(house, large(tmp_path / "big.png"), "torn/big.png")
    house.samba.run("prompt off; recurse on; mput torn", cwd=tmp_path)
    put.feed(0.6)
    wait_for(lambda: "torn: a file is still being written" in house.daemon.waiting, within_s=60)
    put.abort()
    failed = house.daemon.wait_closed("torn")
    assert failed.parent.name == "failed"
    assert "big.png is not a usable image" in (failed / "WHY.txt").read_text()
    counts = status_of(failed)["counts"]
    assert (counts["succeeded"], counts["failed"]) == (2, 1)
    assert len(manifest_of(failed)) == 2


def test_a_folder_that_is_renamed_when_it_is_complete_is_taken_under_that_name(
    house: House, tmp_path: Path
) -> None:
    picture_job(tmp_path / "late.tmp", pictures=2)
    house.samba.run("prompt off; recurse on; mput late.tmp", cwd=tmp_path)
    wait_for(lambda: "late.tmp: ignored: temporary name" in house.daemon.waiting, within_s=60)
    house.samba.run("rename late.tmp late")
    assert_made(house.daemon.wait_closed("late"), 2)


def test_a_folder_that_is_deleted_while_it_waits_is_forgotten(house: House, tmp_path: Path) -> None:
    picture(tmp_path / "gone" / "p1.png")
    house.samba.run("prompt off; recurse on; mput gone", cwd=tmp_path)
    wait_for(lambda: "gone: no job.yaml here" in house.daemon.waiting, within_s=60)
    house.samba.run("deltree gone")
    wait_for(lambda: "gone: " not in house.daemon.waiting, within_s=60)


def test_names_that_differ_in_case_are_one_file_on_the_share(house: House, tmp_path: Path) -> None:
    picture_job(tmp_path / "twins", pictures=1)
    house.samba.run(
        f'mkdir twins; put "{tmp_path}/twins/p1.png" twins/A.png; '
        f'put "{tmp_path}/twins/p1.png" twins/a.PNG; put "{tmp_path}/twins/job.yaml" twins/Job.YAML'
    )
    assert_made(house.daemon.wait_closed("twins"), 1)


def test_a_job_is_steered_over_the_share(house: House, tmp_path: Path) -> None:
    job = TWO_LINES + "schedule: {suspended: true}\n"
    picture_job(house.inbox.parent / "held", pictures=1, job=job).rename(house.inbox / "held")
    held = house.daemon.wait_accepted("held")
    share = Samba(tmp_path / "samba", house.daemon.spool.active)
    try:
        share.start()
        write(tmp_path / "resume.txt", "")
        share.run(f'put "{tmp_path}/resume.txt" {held.name}/resume.txt')
        assert_made(house.daemon.wait_closed("held"), 1)
    finally:
        share.stop()
