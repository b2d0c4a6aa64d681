"""Daemons that reach each other's spools by mounts, which come late, or are away as one starts.

A link stands for the mount: while it leads nowhere that is away.
"""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.daemons import Daemon, manifest_of
from tests.faults.test_killed_at_each_step import Held
from tests.mounts import Sshfs, needs_mounts, tool
from tests.proxy import Proxy
from tests.samples import picture_job
from tests.waiting import wait_for

JOB = "vqd: 1\nworkflow: image-scale\nparams: {size: 24x24}\nschedule: {needs: {tags: [far]}}\n"
WITHIN_S = 120

pytestmark = pytest.mark.timeout(600)


class Studio:
    """Where jobs are dropped (`home`), and who carries them out (`helper`), by its `mount`."""

    def __init__(self, folder: Path, database: str, far: str) -> None:
        folder.mkdir()
        self.mount = folder / "mount"
        self._aside = folder / "aside"
        servers = [{"url": "http://127.0.0.1:9", "name": "near"}]
        self.home = Daemon(folder / "home", database=database, servers=servers, lease_s=60)
        self.helper = Daemon(
            folder / "helper",
            database=database,
            servers=[{"url": far, "name": "far", "tags": ["far"]}],
            spools=[str(self.mount)],
            lease_s=60,
        )
        self.mount.symlink_to(self.home.spool.root)

    def unmount(self) -> None:
        """Let the mount be away."""
        self.mount.rename(self._aside)

    def remount(self) -> None:
        """Let it be back."""
        self._aside.rename(self.mount)

    def drop(self, folder: Path) -> None:
        picture_job(folder / "one", pictures=1, job=JOB).rename(self.home.spool.inbox / "one")

    def rescued(self) -> list[tuple[int, int, int]]:
        """What each start made of what ran before, and each look after that did."""
        lines = self.helper.logged("prompts.rescued")
        return [(one["adopted"], one["requeued"], one["left"]) for one in lines]

    def close(self) -> None:
        self.home.close()
        self.helper.close()


@pytest.fixture
def studio(tmp_path: Path, database: str, proxy: Proxy) -> Iterator[Studio]:
    made = Studio(tmp_path / "studio", database, proxy.url)
    yield made
    made.close()


def states(database: str) -> list[str]:
    """The state of each prompt."""
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT state FROM vqd.prompts").fetchall()
    return [str(state) for (state,) in rows]


def killed_with_a_prompt_on_its_server(
    studio: Studio, database: str, proxy: Proxy, folder: Path
) -> None:
    """Kill the helper as its server has a prompt, which goes on there, and take its mount away."""
    held = Held()
    proxy.tampers("POST /prompt", held.after)
    for daemon in (studio.home, studio.helper):
        daemon.start()
    studio.drop(folder)
    wait_for(held.reached.is_set, within_s=WITHIN_S, what="a prompt on its server")
    studio.helper.kill()
    studio.unmount()
    held.let_go()
    studio.helper.start()
    wait_for(lambda: studio.rescued()[-1:] == [(0, 0, 1)], within_s=WITHIN_S)
    assert states(database) == ["running"]


def test_what_ran_is_followed_when_a_mount_is_back_that_was_away_as_the_daemon_started(
    studio: Studio, database: str, proxy: Proxy, tmp_path: Path
) -> None:
    killed_with_a_prompt_on_its_server(studio, database, proxy, tmp_path)

    studio.remount()

    done = studio.home.wait_done("one", within_s=WITHIN_S)
    assert studio.rescued()[-1] == (1, 0, 0)
    assert [line["attempt"] for line in manifest_of(done)] == [1]


def test_a_job_that_is_cancelled_waits_for_no_mount(
    studio: Studio, database: str, proxy: Proxy, tmp_path: Path
) -> None:
    killed_with_a_prompt_on_its_server(studio, database, proxy, tmp_path)
    [active] = studio.home.spool.active.iterdir()

    (active / "CANCEL").touch()

    studio.home.wait_closed("one", within_s=WITHIN_S)
    assert states(database) == ["cancelled"]


def test_a_mount_that_comes_after_the_daemon_is_used_from_then_on(
    studio: Studio, tmp_path: Path
) -> None:
    studio.unmount()
    for daemon in (studio.home, studio.helper):
        daemon.start()
    wait_for(lambda: studio.helper.logged("spools.away"), within_s=WITHIN_S)
    studio.drop(tmp_path)

    studio.remount()

    studio.home.wait_done("one", within_s=WITHIN_S)
    assert studio.helper.logged("spools.found")


@needs_mounts("sshfs")
@pytest.mark.skipif(tool("sftp-server") is None, reason="sftp-server is not installed")
def test_a_mount_that_does_not_answer_holds_no_start_up(studio: Studio, tmp_path: Path) -> None:
    studio.unmount()
    mount = Sshfs(studio.home.spool.root, studio.mount)
    mount.mount()
    try:
        with mount.silent():
            for daemon in (studio.home, studio.helper):
                daemon.start()
            studio.drop(tmp_path)
            wait_for(lambda: studio.helper.logged("spools.away"), within_s=WITHIN_S)
        studio.home.wait_done("one", within_s=WITHIN_S)
        studio.helper.kill()
    finally:
        mount.unmount()
