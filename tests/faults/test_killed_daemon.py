"""kill -9 of the daemon, at any moment: every job ends once, every output is published once."""

from pathlib import Path

import pytest

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.samples import picture_job
from tests.waiting import wait_for

WIDE = """\
vqd: 1
workflow: image-scale
fan_out:
  matrix: {size: [16x16, 24x16, 32x16, 40x16, 48x16, 56x16], method: [lanczos, area]}
"""
PROMPTS = 24


def drop_five(daemon: Daemon, folder: Path) -> None:
    """Drop three good jobs and two broken ones."""
    for name in ("one", "two", "three"):
        picture_job(folder / name, job=WIDE)
    picture_job(folder / "typo", job="vqd: 1\nworkflow: image-scale\nparamz: {}\n")
    picture_job(folder / "lost", job="vqd: 1\nworkflow: image-scale\ninputs: {image: no.png}\n")
    for name in ("one", "typo", "two", "lost", "three"):
        (folder / name).rename(daemon.spool.inbox / name)


def assert_all_ended_once(daemon: Daemon) -> None:
    """Every job is in one place, whole, and every output was made and published once."""
    done = sorted(folder.name.split("-", 2)[2] for folder in daemon.spool.done.iterdir())
    failed = sorted(folder.name.split("-", 2)[2] for folder in daemon.spool.failed.iterdir())
    assert (done, failed) == (["one", "three", "two"], ["lost", "typo"])
    for folder in daemon.spool.done.iterdir():
        lines = manifest_of(folder)
        assert [line["prompt"] for line in lines] == list(range(1, PROMPTS + 1))
        assert len({line["output"] for line in lines}) == PROMPTS
        pictures = {str(path.relative_to(folder)) for path in (folder / "outputs").rglob("*.png")}
        assert pictures == {line["output"] for line in lines}
        assert status_of(folder)["counts"]["succeeded"] == PROMPTS
        assert sorted(path.name for path in (folder / "inputs").iterdir()) == ["p1.png", "p2.png"]
        log = (folder / "log.txt").read_text()
        assert log.count(" succeeded on ") == PROMPTS
        assert log.count(" accepted: ") == 1
    for folder in daemon.spool.failed.iterdir():
        assert "job.yaml:" in (folder / "WHY.txt").read_text()
    assert list(daemon.spool.active.iterdir()) == []


def succeeded(daemon: Daemon) -> int:
    return len([one for one in daemon.logged("prompt.concluded") if one["outcome"] == "succeeded"])


@pytest.mark.parametrize("after", [0, 1, 10, 30, 50, 70])
def test_five_jobs_survive_a_kill_in_the_middle(daemon: Daemon, tmp_path: Path, after: int) -> None:
    daemon.start()
    drop_five(daemon, tmp_path)
    wait_for(lambda: succeeded(daemon) >= after, within_s=90)
    daemon.kill()
    daemon.start()
    for name in ("one", "two", "three", "typo", "lost"):
        daemon.wait_closed(name)
    assert daemon.stop() == 0
    assert_all_ended_once(daemon)


def test_jobs_survive_kill_after_kill(daemon: Daemon, tmp_path: Path) -> None:
    drop_five(daemon, tmp_path)
    for turn in range(6):
        daemon.start()
        before = succeeded(daemon)
        wait_for(
            lambda least=before + 3 * turn: succeeded(daemon) >= least or daemon.closed("three"),  # type: ignore[misc]
            within_s=60,
        )
        daemon.kill()
    daemon.start()
    for name in ("one", "two", "three", "typo", "lost"):
        daemon.wait_closed(name)
    assert daemon.stop() == 0
    assert_all_ended_once(daemon)


def test_a_claimed_folder_without_a_row_is_accepted_at_the_next_start(
    daemon: Daemon, tmp_path: Path
) -> None:
    picture_job(tmp_path / "j").rename(daemon.spool.active / "20260101-000000-claimed")
    daemon.start()
    folder = daemon.wait_closed("claimed")
    assert folder == daemon.spool.done / "20260101-000000-claimed"


def test_a_second_daemon_refuses_and_names_the_first(daemon: Daemon) -> None:
    daemon.start()
    assert daemon.process is not None
    second = daemon.vqd("run")
    assert second.returncode == 5
    assert f"pid {daemon.process.pid}" in second.stderr


def test_a_job_folder_deleted_by_hand_ends_its_job_alone(daemon: Daemon, tmp_path: Path) -> None:
    write(daemon.spool.root / "PAUSE", "")
    daemon.start()
    for name in ("gone", "other"):
        picture_job(tmp_path / name).rename(daemon.spool.inbox / name)
    for name in ("gone", "other"):
        wait_for(lambda name=name: accepted(daemon, name), within_s=60)  # type: ignore[misc]
    (gone,) = accepted(daemon, "gone")
    gone.parent.rename(tmp_path / "deleted")  # by one step, whatever is written there meanwhile
    (daemon.spool.root / "PAUSE").unlink()
    assert daemon.wait_closed("other").parent == daemon.spool.done
    wait_for(lambda: "cancelled" in daemon.vqd("show", gone.parent.name).stdout, within_s=60)
    assert "its folder was deleted" in daemon.vqd("list").stdout


def accepted(daemon: Daemon, name: str) -> list[Path]:
    """Give the status that a job has once the queue has the job."""
    return [*daemon.spool.active.glob(f"*-{name}/STATUS.yaml")]


def test_a_share_that_goes_away_while_jobs_run_costs_no_prompt_a_try(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    picture_job(tmp_path / "wide", pictures=6, job=WIDE + "retry: {limit: 0}\n")
    (tmp_path / "wide").rename(daemon.spool.inbox / "wide")
    wait_for(lambda: succeeded(daemon) >= 3, within_s=60)
    away = daemon.spool.root.with_name("away")
    daemon.spool.root.rename(away)
    daemon.spool.root.mkdir()
    wait_for(lambda: daemon.logged("spool.away"), within_s=60)
    assert list(daemon.spool.root.iterdir()) == []
    daemon.spool.root.rmdir()
    away.rename(daemon.spool.root)
    done = daemon.wait_closed("wide")
    assert done.parent == daemon.spool.done
    assert status_of(done)["counts"]["succeeded"] == 6 * PROMPTS // 2


def test_an_unmounted_share_is_left_alone_until_it_is_back(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    marker = daemon.spool.root / ".vqd-spool"
    kept = marker.read_bytes()
    marker.unlink()
    wait_for(lambda: daemon.logged("spool.away"), within_s=60)
    picture_job(tmp_path / "later").rename(daemon.spool.inbox / "later")
    assert (daemon.spool.inbox / "later").is_dir()
    marker.write_bytes(kept)
    assert daemon.wait_closed("later").parent == daemon.spool.done
