"""A queue that is lost, damaged or older than its folders: nothing is run twice, none is lost."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from tests.daemons import Daemon, manifest_of, status_of
from tests.samples import picture_job
from tests.waiting import wait_for

RECORDED = Path(__file__).parents[1] / "recorded" / "schemas"
JOB = "vqd: 1\nworkflow: image-scale\nparams: {size: 16x16}\n"
WAITS = f"{JOB}schedule: {{suspended: true}}\n"
SIZES = ", ".join(f"{size}x{size}" for size in range(1200, 1212))
LONG = f"""\
vqd: 1
workflow: image-scale
params: {{method: lanczos}}
schedule: {{suspended: true, max_parallel: 1}}
fan_out: {{matrix: {{size: [{SIZES}]}}}}
"""


def drop(daemon: Daemon, name: str, job: str = JOB) -> None:
    made = picture_job(daemon.folder / "dropping" / name, job=job)
    made.rename(daemon.spool.inbox / name)


def active(daemon: Daemon, name: str) -> Path:
    """The folder of a job that is not over, once its queue has it."""

    def found() -> Path | None:
        folder = next(daemon.spool.active.glob(f"*-{name}"), None)
        return folder if folder is not None and (folder / "STATUS.yaml").exists() else None

    return wait_for(found, within_s=60, what=f"{name} in active/")


def jobs_in(queue: Path) -> dict[str, tuple[str, int, int]]:
    """The jobs that a queue has: how each is, how many prompts it has, how many succeeded."""
    with closing(sqlite3.connect(queue)) as connection:
        rows = connection.execute("SELECT job, state, total, succeeded FROM jobs").fetchall()
    return {
        job.split("-", 2)[2]: (state, total, succeeded) for job, state, total, succeeded in rows
    }


def known(daemon: Daemon) -> dict[str, tuple[str, int, int]]:
    """The jobs that the daemon's queue has."""
    return jobs_in(daemon.folder / "state" / "queue.db")


def resume(folder: Path) -> None:
    (folder / "RESUME").touch()


def assert_nothing_was_made_twice(daemon: Daemon) -> None:
    """Each prompt was concluded well once at most, over all starts; and every output is there once,
    and none without a line."""
    ends = [line for line in daemon.logged("prompt.concluded") if line["outcome"] == "succeeded"]
    made = Counter((line["job"], line["prompt"]) for line in ends)
    assert [one for one, times in made.items() if times > 1] == []
    for folder in daemon.spool.done.iterdir():
        lines = sorted(line["output"] for line in manifest_of(folder))
        pictures = sorted(str(path.relative_to(folder)) for path in folder.glob("outputs/*.png"))
        assert lines == pictures
        assert len(pictures) == status_of(folder)["counts"]["total"]


def checked(daemon: Daemon) -> list[str]:
    """The codes of what `vqd db check` finds wrong."""
    told = daemon.vqd("db", "check", "--json")
    found = json.loads(told.stdout)["findings"]
    assert (told.returncode == 0) == all(one["level"] == "ok" for one in found)
    return [one["code"] for one in found if one["level"] != "ok"]


def test_a_backup_that_is_put_back_runs_nothing_twice_and_loses_nothing(daemon: Daemon) -> None:
    daemon.start()
    drop(daemon, "early")
    drop(daemon, "ends", WAITS)
    drop(daemon, "long", LONG)
    daemon.wait_done("early")
    ends, long = active(daemon, "ends"), active(daemon, "long")
    told = daemon.vqd("backup", "--json")
    backup = json.loads(told.stdout)
    assert (backup["jobs"], backup["open_jobs"]) == (3, 2)
    assert "already_running" in daemon.vqd("restore", backup["backup"]).stderr

    drop(daemon, "since")
    drop(daemon, "waits", WAITS)
    resume(ends)
    daemon.wait_done("ends")
    daemon.wait_done("since")
    waits = active(daemon, "waits")
    resume(long)
    wait_for(
        lambda: (long / "manifest.jsonl").exists() and len(manifest_of(long)) >= 3, within_s=60
    )
    wait_for(lambda: status_of(long).get("reason") is None, within_s=60, what="its status")
    daemon.kill()

    restored = daemon.vqd("restore", backup["backup"], "--json")
    assert restored.returncode == 0, restored.stderr
    kept = Path(json.loads(restored.stdout)["kept"])
    assert len(jobs_in(kept / "queue.db")) == 5
    assert set(known(daemon)) == {"early", "ends", "long"}
    assert "folder_unknown" in checked(daemon)
    daemon.start()
    (told_of,) = daemon.logged("queue.reconciled")
    assert (told_of["adopted"], told_of["ended"], told_of["anew"]) == (1, 1, 1)
    wait_for(lambda: len(known(daemon)) == 5, within_s=60, what="what was unknown")
    folder = daemon.wait_done("long")
    assert known(daemon)["waits"] == ("queued", 2, 0)
    resume(waits)
    daemon.wait_done("waits")
    assert known(daemon) == {
        "early": ("done", 2, 2),
        "ends": ("done", 2, 2),
        "since": ("done", 2, 2),
        "waits": ("done", 2, 2),
        "long": ("done", 24, 24),
    }
    assert status_of(folder)["counts"]["kept"] >= 3
    assert checked(daemon) == []
    assert daemon.stop() == 0
    assert_nothing_was_made_twice(daemon)


def test_a_queue_whose_file_is_gone_is_made_of_the_folders(daemon: Daemon) -> None:
    daemon.start()
    drop(daemon, "one")
    drop(daemon, "bad", "vqd: 1\nworkflow: image-scal\n")
    first = daemon.wait_done("one")
    daemon.wait_closed("bad")
    drop(daemon, "two", WAITS)
    two = active(daemon, "two")
    before = known(daemon)
    daemon.kill()
    (daemon.folder / "state" / "queue.db").unlink()
    daemon.start()
    (told,) = daemon.logged("queue.rebuilt")
    assert (told["adopted"], told["waiting"]) == (2, 1)
    wait_for(lambda: known(daemon) == before, within_s=60, what="the queue as it was")
    assert "no workflow" in daemon.vqd("explain", "bad").stdout
    shown = json.loads(daemon.vqd("show", "one", "--json").stdout)
    assert shown["folder"] == str(first)
    assert [prompt["state"] for prompt in shown["prompts"]] == ["succeeded"] * 2
    assert checked(daemon) == []
    resume(two)
    daemon.wait_done("two")
    first.rename(daemon.spool.inbox / first.name)
    wait_for(
        lambda: first.exists() and status_of(first)["counts"]["kept"] == 2,
        within_s=60,
        what="its return with all that it has",
    )
    assert daemon.stop() == 0
    assert_nothing_was_made_twice(daemon)
    (kept,) = (daemon.folder / "state").glob("replaced-*")
    assert (kept / "queue.db-wal").exists()


def test_a_queue_that_cannot_be_used_is_refused_with_what_mends_it(daemon: Daemon) -> None:
    daemon.start()
    drop(daemon, "one")
    daemon.wait_done("one")
    assert daemon.stop() == 0
    queue = daemon.folder / "state" / "queue.db"
    for code, harm in (("store_damaged", write_rubbish), ("store_schema_unknown", put_recorded)):
        harm(queue)
        held = queue.read_bytes()
        daemon.start(may_end=True)
        assert daemon.process is not None
        assert daemon.process.wait(90) != 0
        said = (daemon.folder / "daemon.log").read_text()
        assert said.count(f"[{code}]") == 1
        assert "vqd db rebuild" in said
        assert queue.read_bytes() == held
        rebuilt = json.loads(daemon.vqd("db", "rebuild", "--json").stdout)
        assert (Path(rebuilt["kept"]) / "queue.db").read_bytes() == held
    daemon.start()
    assert known(daemon) == {"one": ("done", 2, 2)}
    assert daemon.stop() == 0
    assert_nothing_was_made_twice(daemon)


def write_rubbish(queue: Path) -> None:
    with queue.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * 40_000)


def put_recorded(queue: Path) -> None:
    """Put the queue of a vqd from before the first release there."""
    queue.unlink(missing_ok=True)
    with closing(sqlite3.connect(queue)) as connection:
        text = (RECORDED / "0001-first.sql").read_text(encoding="utf-8")
        connection.executescript(text)
