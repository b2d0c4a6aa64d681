"""The command line and the spool as people mistreat them."""

import json
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.daemons import Daemon, manifest_of
from tests.samples import picture_job
from tests.waiting import wait_for


@pytest.mark.parametrize("verb", ["cancel", "retry", "show"])
def test_what_names_no_job_moves_nothing(daemon: Daemon, verb: str) -> None:
    daemon.start()
    before = sorted(daemon.spool.root.iterdir())
    for name in ("", "..", ".", "../../etc", "nope"):
        answer = daemon.vqd(verb, name)
        assert answer.returncode == 4
        assert "[unknown_job]" in answer.stderr
    assert sorted(daemon.spool.root.iterdir()) == before


def test_status_says_that_the_daemon_is_down_and_the_share_away(daemon: Daemon) -> None:
    daemon.start()
    assert json.loads(daemon.vqd("status", "--json").stdout)["daemon"] is True
    daemon.stop()
    daemon.spool.active.rmdir()
    said = daemon.vqd("status").stdout
    assert "the daemon is not running" in said
    assert "active is missing" in said


def test_steering_a_share_that_is_away_is_refused_with_the_reason(daemon: Daemon) -> None:
    (daemon.spool.root / ".vqd-spool").unlink()
    for verb in ("cancel", "retry"):
        answer = daemon.vqd(verb, "beach")
        assert answer.returncode == 5
        assert "[spool_away]" in answer.stderr


def test_many_submits_of_one_name_at_once_drop_one_folder_each(
    daemon: Daemon, tmp_path: Path
) -> None:
    job = picture_job(tmp_path / "beach", pictures=1)
    with ThreadPoolExecutor(4) as several:
        answers = list(several.map(lambda _: daemon.vqd("submit", str(job), "--json"), range(4)))
    assert [answer.stderr for answer in answers] == [""] * 4
    drops = {json.loads(answer.stdout)["dropped"] for answer in answers}
    assert len(drops) == 4
    for drop in drops:
        assert sorted(path.name for path in Path(drop).iterdir()) == ["job.yaml", "p1.png"]


@pytest.mark.parametrize(
    ("inbox", "folder", "file"), [("2775", "2770", "660"), ("755", "700", "600")]
)
def test_a_submit_is_open_for_the_group_where_the_inbox_is(
    daemon: Daemon, tmp_path: Path, inbox: str, folder: str, file: str
) -> None:
    job = picture_job(tmp_path / "beach", pictures=1)
    job.chmod(0o700)
    (job / "p1.png").chmod(0o600)
    daemon.spool.inbox.chmod(int(inbox, 8))

    drop = Path(json.loads(daemon.vqd("submit", str(job), "--json").stdout)["dropped"])

    modes = [f"{stat.S_IMODE(path.stat().st_mode):o}" for path in (drop, drop / "p1.png")]
    assert modes == [folder, file]


@pytest.mark.parametrize(
    "words",
    [
        ["--settings", "/proc/nowhere/vqd.yaml"],
        ["--state", "/proc/nowhere"],
        ["--state", "spool/inbox/state"],
        ["--server", "gpu1:8188"],
    ],
)
def test_init_ends_in_words_and_can_be_asked_again(tmp_path: Path, words: list[str]) -> None:
    def init(*given: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vqd", "init", "spool", *given]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    refused = init(*words)
    assert refused.returncode in (3, 5)
    assert refused.stderr.startswith("error: ")
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "vqd.yaml").exists()
    assert init("--state", "state").returncode == 0


def test_a_rejected_bare_job_that_was_mended_and_moved_back_runs(daemon: Daemon) -> None:
    daemon.start()
    job = picture_job(daemon.folder / "beach", pictures=1)
    (job / "job.yaml").write_text("{{{")
    (job / "job.yaml").rename(daemon.spool.inbox / "late.yaml")
    failed = daemon.wait_closed("late")
    (failed / "late.yaml").write_text("vqd: 1\nworkflow: image-scale\n")
    (job / "p1.png").rename(failed / "inputs" / "p1.png")
    failed.rename(daemon.spool.inbox / failed.name)
    done = wait_for(lambda: next(iter(daemon.spool.done.iterdir()), None), within_s=60)
    assert (done / "late.yaml").is_file()


def test_folders_of_the_spool_that_were_moved_away_end_nothing(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    daemon.spool.done.rmdir()
    daemon.spool.inbox.rename(tmp_path / "inbox")
    wait_for(lambda: daemon.spool.inbox.is_dir() and daemon.spool.done.is_dir(), within_s=60)
    daemon.spool.active.rename(tmp_path / "active")
    wait_for(lambda: daemon.logged("spool.away"), within_s=60)
    (tmp_path / "active").rename(daemon.spool.active)
    picture_job(tmp_path / "beach", pictures=1).rename(daemon.spool.inbox / "beach")
    assert daemon.wait_closed("beach").parent == daemon.spool.done
    assert daemon.logged("spool.back")


def test_a_second_daemon_on_the_spool_refuses_and_the_first_goes_on(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    other = tmp_path / "other.yaml"
    other.write_text(f"spool: {daemon.spool.root}\nstate_dir: {tmp_path / 'other-state'}\n")
    command = [sys.executable, "-m", "vqd", "run", "--settings", str(other)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode != 0
    assert "spool_taken" in second.stderr
    assert daemon.process is not None
    assert f"pid {daemon.process.pid}" in second.stderr
    picture_job(tmp_path / "beach", pictures=1).rename(daemon.spool.inbox / "beach")
    assert daemon.wait_closed("beach").parent == daemon.spool.done


def test_a_job_whose_folder_was_renamed_while_it_ran_goes_on_under_its_name(
    daemon: Daemon, tmp_path: Path
) -> None:
    sizes = ", ".join(f"{width}x16" for width in range(16, 96))
    text = f"vqd: 1\nworkflow: image-scale\nfan_out: {{matrix: {{size: [{sizes}]}}}}\n"
    daemon.start()
    picture_job(tmp_path / "long", pictures=1, job=text).rename(daemon.spool.inbox / "long")
    running = wait_for(
        lambda: next((one for one in daemon.spool.active.glob("*-long/outputs")), None),
        within_s=60,
    ).parent
    running.rename(running.with_name("mine"))
    done = wait_for(lambda: next(iter(daemon.spool.done.iterdir()), None), within_s=60)
    assert done.name == running.name
    assert len(manifest_of(done)) == 80
    concluded = [line["prompt"] for line in daemon.logged("prompt.concluded")]
    assert len(concluded) < 2 * 80


def test_a_job_whose_folder_was_taken_out_and_put_back_goes_on(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    (daemon.spool.root / "PAUSE").touch()
    picture_job(tmp_path / "out", pictures=2).rename(daemon.spool.inbox / "out")
    waiting = wait_for(
        lambda: next(iter(daemon.spool.active.glob("*-out/STATUS.yaml")), None), within_s=60
    ).parent
    waiting.rename(tmp_path / "desktop")
    (daemon.spool.root / "PAUSE").unlink()
    wait_for(lambda: daemon.logged("job.closed"), within_s=60, what="the job's cancelling")
    (tmp_path / "desktop").rename(waiting)
    done = daemon.wait_closed("out")
    assert done.parent == daemon.spool.done
    assert len(manifest_of(done)) == 2


def test_ctrl_c_ends_the_showing_and_not_the_job(daemon: Daemon, tmp_path: Path) -> None:
    job = picture_job(tmp_path / "beach", pictures=1)
    command = [sys.executable, "-m", "vqd", "submit", str(job), "--wait"]
    with subprocess.Popen(
        [*command, "--settings", str(daemon.settings)], stderr=subprocess.PIPE, text=True
    ) as showing:
        assert showing.stderr is not None
        assert "not running" in showing.stderr.readline()
        showing.send_signal(signal.SIGINT)
        said = showing.stderr.read()
    assert showing.returncode == 130
    assert "beach goes on" in said
    daemon.start()
    assert daemon.wait_closed("beach").parent == daemon.spool.done
