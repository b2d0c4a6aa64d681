"""When jobs start: held with a reason that a person reads, through kill -9, until it is time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import write
from tests.daemons import Daemon, status_of
from tests.samples import picture, picture_job
from tests.waiting import wait_for

WIDE = ", ".join(f"{width}x16" for width in range(16, 96, 2))
"""Sizes for forty prompts of each picture."""


SIZES = [f"{width}x{height}" for height in range(16, 24) for width in range(16, 1016)]
ENDLESS = ", ".join(SIZES)
"""Sizes for more prompts of a picture than a test waits for."""


def drop(daemon: Daemon, name: str, *lines: str, pictures: int = 1) -> None:
    """Drop a job of a picture or more, with some more lines in its job file."""
    text = "\n".join(["vqd: 1", "workflow: image-scale", *lines, ""])
    job = picture_job(daemon.folder / "dropping" / name, pictures=pictures, job=text)
    job.rename(daemon.spool.inbox / name)


def wait_held(daemon: Daemon, name: str, said: str) -> Path:
    """Wait until a job's status says so, and `vqd status` and `vqd show` too; gives its folder."""
    folder = daemon.wait_accepted(name)
    wait_for(lambda: reason_of(folder) == said, within_s=60, what=f"{said!r} in {name}")
    assert said in daemon.vqd("status").stdout
    assert said in daemon.vqd("show", folder.name).stdout
    return folder


def reason_of(folder: Path) -> str | None:
    status = folder / "STATUS.yaml"
    said = status_of(folder)["reason"] if status.exists() else None
    return None if said is None else str(said)


def set_up_anew(daemon: Daemon, **settings: Any) -> None:
    """kill -9, then start with other settings."""
    daemon.kill()
    values = yaml.safe_load(daemon.settings.read_text(encoding="utf-8"))
    daemon.settings.write_text(yaml.safe_dump({**values, **settings}), encoding="utf-8")
    daemon.start()


def times_of(folder: Path, said: str) -> list[str]:
    """The times of the lines in a closed job's log that begin so."""
    lines = (folder / "log.txt").read_text(encoding="utf-8").splitlines()
    told = (line.partition(" ") for line in lines)
    return [at for at, _, what in told if what.startswith(said)]


def clock(hours_from_now: int) -> str:
    return (datetime.now().astimezone() + timedelta(hours=hours_from_now)).strftime("%H:%M")


def test_a_suspended_job_waits_for_resume_through_a_kill(daemon: Daemon) -> None:
    daemon.start()
    drop(daemon, "beach", "schedule: {suspended: true}")
    held = wait_held(daemon, "beach", "suspended: RESUME starts it")
    daemon.kill()
    daemon.start()
    drop(daemon, "other")
    daemon.wait_closed("other")
    assert held.is_dir()
    assert daemon.vqd("resume", "beach").returncode == 0
    done = daemon.wait_closed("beach")
    assert (done.parent, status_of(done)["reason"]) == (daemon.spool.done, None)
    assert [path.name.split("-")[0] for path in done.rglob("RESUME*")] == ["RESUME.done"]


def test_a_job_that_runs_is_paused_and_goes_on(daemon: Daemon) -> None:
    daemon.start()
    drop(daemon, "beach", f"fan_out: {{matrix: {{size: [{ENDLESS}]}}}}")
    folder = daemon.wait_accepted("beach")
    wait_for(lambda: daemon.logged("prompt.concluded"), within_s=60)
    assert daemon.vqd("pause", "beach").returncode == 0
    wait_held(daemon, "beach", "suspended: RESUME starts it")
    wait_for(lambda: status_of(folder)["counts"]["running"] == 0, within_s=60)
    succeeded = status_of(folder)["counts"]["succeeded"]
    (folder / "PAUSE").touch()
    wait_for(lambda: [*folder.glob("PAUSE.refused-suspended already")], within_s=60)
    daemon.kill()
    daemon.start()
    drop(daemon, "other")
    daemon.wait_closed("other")
    assert status_of(folder)["counts"]["succeeded"] == succeeded
    assert daemon.vqd("resume", "beach").returncode == 0
    wait_for(lambda: status_of(folder)["counts"]["succeeded"] > succeeded, within_s=60)
    assert reason_of(folder) is None


def test_a_job_starts_at_its_time_and_not_before(daemon: Daemon) -> None:
    daemon.start()
    set_up_anew(daemon, rescan_s=3600)  # which it does not wait for
    starts_at = datetime.now(UTC) + timedelta(seconds=20)
    drop(daemon, "beach", f"schedule: {{not_before: {starts_at:%Y-%m-%dT%H:%M:%S}Z}}")
    shown = starts_at.astimezone().strftime("%Y-%m-%d %H:%M")
    wait_held(daemon, "beach", f"waits until {shown}")
    daemon.kill()
    daemon.start()
    done = daemon.wait_closed("beach")
    (claimed_at,) = times_of(done, "prompt 1 goes to ")
    due_at = starts_at.replace(microsecond=0)
    up_at = datetime.fromisoformat(daemon.logged("daemon.started")[-1]["timestamp"])
    assert datetime.fromisoformat(claimed_at) >= due_at
    late_s = (datetime.fromisoformat(claimed_at) - max(due_at, up_at)).total_seconds()
    assert late_s < 60
    told = [len(times_of(done, said)) for said in (f"waits until {shown}", "waits no longer")]
    assert told == [1, 1]


def test_a_job_outside_its_window_waits_until_the_settings_let_it(daemon: Daemon) -> None:
    later = {"from": clock(2), "to": clock(4)}
    daemon.start()
    set_up_anew(daemon, windows={"nights": later})
    drop(daemon, "beach", "schedule: {window: nights}")
    held = wait_held(daemon, "beach", f"outside its window nights (opens {later['from']})")
    set_up_anew(daemon, windows={})
    wait_held(daemon, "beach", "its window nights is not in the settings any more")
    assert held.is_dir()
    set_up_anew(daemon, windows={"nights": {"from": clock(-1), "to": clock(1)}})
    assert daemon.wait_closed("beach").parent == daemon.spool.done


def test_no_more_prompts_of_a_job_are_on_servers_than_it_allows(daemon: Daemon) -> None:
    daemon.start()
    lines = [f"fan_out: {{matrix: {{size: [{WIDE}]}}}}", "schedule: {max_parallel: 1}"]
    drop(daemon, "beach", *lines)
    log = (daemon.wait_closed("beach") / "log.txt").read_text(encoding="utf-8")
    kinds = [line.split()[3] for line in log.splitlines() if " prompt " in line]
    assert kinds == ["goes", "succeeded"] * 40


def test_a_job_waits_for_another_until_that_was_mended_and_is_done(daemon: Daemon) -> None:
    daemon.start()
    drop(daemon, "comp", "schedule: {after: [plates]}")
    wait_held(daemon, "comp", "waits for the job plates: there is none of that name yet")
    job = picture_job(daemon.folder / "plates", pictures=0)
    write(job / "p1.png", "no picture yet")
    job.rename(daemon.spool.inbox / "plates")
    failed = daemon.wait_closed("plates")
    said = "waits for the job plates, which failed: it goes on when that is retried and done"
    wait_held(daemon, "comp", said)
    daemon.kill()
    picture(failed / "inputs" / "p1.png")
    (daemon.spool.root / "PAUSE").touch()
    daemon.start()
    assert daemon.vqd("retry", failed.name).returncode == 0
    wait_held(daemon, "comp", "waits for the job plates")
    assert daemon.vqd("resume").returncode == 0
    done = [status_of(daemon.wait_closed(name)) for name in ("plates", "comp")]
    assert [status["state"] for status in done] == ["done", "done"]
    assert done[0]["finished_at"] <= done[1]["started_at"]


def test_jobs_that_wait_for_one_another_say_so(daemon: Daemon) -> None:
    daemon.start()
    drop(daemon, "hen", "schedule: {after: [egg]}")
    drop(daemon, "egg", "schedule: {after: [hen]}")
    for name, other in (("hen", "egg"), ("egg", "hen")):
        said = f"waits for the job {other}, which waits for this one: cancel one of the two"
        wait_held(daemon, name, said)
    assert daemon.vqd("cancel", "hen").returncode == 0
    daemon.wait_closed("hen")
    said = "waits for the job hen, which was cancelled: it goes on when that is retried and done"
    wait_held(daemon, "egg", said)


def test_a_prompt_goes_only_to_a_server_that_has_what_it_needs(daemon: Daemon) -> None:
    daemon.start()
    set_up_anew(daemon, servers=[{"url": "builtin", "name": "own", "tags": ["Pictures"]}])
    drop(daemon, "flux", "schedule: {needs: {tags: [flux]}}")
    drop(daemon, "big", "schedule: {needs: {vram_gb: 22}}")
    drop(daemon, "small", "schedule: {needs: {tags: [pictures]}}")
    assert daemon.wait_closed("small").parent == daemon.spool.done
    wait_held(daemon, "flux", "no server has the tag flux")
    wait_held(daemon, "big", "no server is known to have 22 GB of VRAM")
    servers = [{"url": "builtin", "name": "own", "tags": ["flux"], "vram_gb": 24}]
    set_up_anew(daemon, servers=servers)
    for name in ("flux", "big"):
        assert daemon.wait_closed(name).parent == daemon.spool.done


def test_after_so_many_failures_the_rest_of_the_job_is_cancelled(daemon: Daemon) -> None:
    daemon.start()
    (daemon.spool.root / "PAUSE").touch()
    lines = [f"fan_out: {{matrix: {{size: [{WIDE}]}}}}", "retry: {limit: 0, stop_job_after: 3}"]
    job = picture_job(daemon.folder / "bad", pictures=0, job="")
    write(job / "cat.png", "no picture")
    write(job / "job.yaml", "\n".join(["vqd: 1", "workflow: image-scale", *lines, ""]))
    job.rename(daemon.spool.inbox / "bad")
    daemon.wait_accepted("bad")
    daemon.vqd("resume")
    folder = daemon.wait_closed("bad")
    status = status_of(folder)
    said = "cancelled: 3 of its prompts failed (retry.stop_job_after)"
    assert (status["state"], status["reason"]) == ("cancelled", said)
    assert status["counts"]["failed"] == 3
    assert status["counts"]["cancelled"] == 37
    why = (folder / "WHY.txt").read_text(encoding="utf-8")
    assert "3 of its prompts failed (retry.stop_job_after)" in why
    assert "cat.png is not a usable image" in why


@pytest.mark.parametrize("is_running", [True, False])
def test_what_is_not_done_by_its_deadline_is_cancelled(daemon: Daemon, is_running: bool) -> None:
    daemon.start()
    start = [] if is_running else ["schedule: {suspended: true}"]
    drop(
        daemon,
        "beach",
        f"fan_out: {{matrix: {{size: [{ENDLESS}]}}}}",
        "retry: {deadline: 8s}",
        *start,
    )
    daemon.wait_accepted("beach")
    wait_for(lambda: not is_running or daemon.logged("prompt.concluded"), within_s=60)
    daemon.kill()
    daemon.start()
    folder = daemon.wait_closed("beach")
    status = status_of(folder)
    assert folder.parent == daemon.spool.failed
    assert status["reason"] == "cancelled: it was not done by its deadline (retry.deadline)"
    assert "it was not done by its deadline" in (folder / "WHY.txt").read_text(encoding="utf-8")
    assert (status["counts"]["succeeded"] > 0) == is_running
    assert status["counts"]["cancelled"] == len(SIZES) - status["counts"]["succeeded"] > 0
    accepted_at, finished_at = (datetime.fromisoformat(status[f"{name}_at"]) for name in TIMES)
    assert 8 <= (finished_at - accepted_at).total_seconds() < 60


TIMES = ("accepted", "finished")


def test_a_priority_given_later_lets_a_job_overtake(daemon: Daemon) -> None:
    daemon.start()
    assert daemon.vqd("pause").returncode == 0
    for name in ("first", "second"):
        drop(daemon, name)
        daemon.wait_accepted(name)
    assert daemon.vqd("priority", "second", "80").returncode == 0
    assert daemon.vqd("priority", "second", "101").returncode == 2
    daemon.kill()
    daemon.start()
    assert "paused" in daemon.vqd("status").stdout
    assert daemon.vqd("resume").returncode == 0
    started = [status_of(daemon.wait_closed(name))["started_at"] for name in ("second", "first")]
    assert started == sorted(started)
    assert "no PAUSE" in daemon.vqd("resume").stdout


def test_a_window_that_nobody_named_is_told_with_the_nearest(daemon: Daemon) -> None:
    daemon.start()
    set_up_anew(daemon, windows={"nights": {"from": "22:00", "to": "06:00"}})
    drop(daemon, "beach", "schedule: {window: night}")
    why = (daemon.wait_closed("beach") / "WHY.txt").read_text(encoding="utf-8")
    assert "job.yaml:3: schedule.window: there is no window night in the settings." in why
    assert "Did you mean nights?" in why


def test_the_daemon_lives_with_a_time_that_never_comes(daemon: Daemon) -> None:
    daemon.start()
    drop(
        daemon, "never", "schedule: {not_before: 8999-12-31T23:59}", "retry: {deadline: 99999999d}"
    )
    wait_held(daemon, "never", "waits until 8999-12-31 23:59")
    drop(daemon, "now")
    assert daemon.wait_closed("now").parent == daemon.spool.done
    assert daemon.vqd("cancel", "never").returncode == 0
    assert daemon.wait_closed("never").parent == daemon.spool.failed
