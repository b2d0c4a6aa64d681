"""`keep`: what is forgotten of a job after a while, and what comes back from that."""

from pathlib import Path

import pytest

from tests.daemons import Daemon, manifest_of, status_of
from tests.samples import picture, picture_job
from tests.waiting import wait_for

JOB = "vqd: 1\nworkflow: image-scale\n"


def drop(daemon: Daemon, name: str, text: str) -> Path:
    picture_job(daemon.folder / "dropping" / name, job=text).rename(daemon.spool.inbox / name)
    return daemon.wait_closed(name)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_records_go_through_a_kill_and_outputs_stay(daemon: Daemon) -> None:
    daemon.start()
    kept = drop(daemon, "kept", JOB)
    trimmed = drop(daemon, "trimmed", JOB + "output: {keep: 6s}\n")
    assert names(kept) == names(trimmed)
    outputs = sorted(path.name for path in (trimmed / "outputs").iterdir())
    daemon.kill()
    daemon.start()
    wait_for(lambda: daemon.logged("record.trimmed"), within_s=60)
    assert names(kept) - names(trimmed) == {"log.txt", "graphs"}
    assert sorted(path.name for path in (trimmed / "outputs").iterdir()) == outputs
    assert len(manifest_of(trimmed)) == 2
    shown = daemon.vqd("show", trimmed.name)
    assert shown.returncode == 0
    assert "done" in shown.stdout
    assert str(trimmed) in shown.stdout
    assert "not remembered any more" in shown.stdout


@pytest.mark.parametrize("place", ["inbox", "active"])
def test_a_trimmed_job_that_comes_back_keeps_what_it_made_and_is_remembered_whole(
    daemon: Daemon, place: str
) -> None:
    daemon.start()
    first = drop(daemon, "a", JOB + "output: {keep: 1s}\n")
    made = names(first / "outputs")
    wait_for(lambda: daemon.logged("record.trimmed"), within_s=60)
    picture(first / "inputs" / "p2.png", shade=99)
    first.rename(getattr(daemon.spool, place) / first.name)
    again = wait_for(lambda: daemon.closed("a"), within_s=60)
    counts = status_of(again)["counts"]
    assert (again, counts["succeeded"], counts["kept"]) == (first, 2, 1)
    assert names(again / "outputs") == made
    assert names(again / "previous" / "outputs") == {"p2.png", "p2.png.yaml"}
