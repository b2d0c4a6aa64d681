"""Steering files by the hundred into a job that runs: it ends in one legal state, and whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import Daemon, status_of
from tests.faults.rendering import assert_made_once, outcomes
from tests.proxy import Proxy
from tests.samples import picture_job
from tests.waiting import wait_for

SIZES = [f"{width}x{width}" for width in range(1000, 1040)]
JOB = f"vqd: 1\nworkflow: image-scale\nfan_out: {{matrix: {{size: {SIZES}}}}}\n"
HARMLESS = ("PAUSE", "RESUME", "PRIORITY 90", "RETRY", "APPROVE", "RESUME", "PRIORITY 10")
LONG = "vqd: 1\nworkflow: image-scale\nparams: {size: 3000x3000, method: lanczos}\n"


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[proxy.url], settle_s=0.1, rescan_s=2)
    yield made
    made.close()


def active(daemon: Daemon, name: str) -> Path:
    return wait_for(lambda: next(daemon.spool.active.glob(f"*-{name}"), None), within_s=60)


def put(folder: Path, *verbs: str) -> None:
    """Put these, one by one; a job that is over by then takes none."""
    for verb in verbs:
        try:
            (folder / verb).touch()
        except FileNotFoundError:
            return


def unanswered(folder: Path) -> list[str]:
    """Give the requests that nobody answered yet in a job's folder; none where it is gone."""
    verbs = {*HARMLESS, "CANCEL"}
    return [path.name for path in folder.glob("*") if path.name in verbs]


def test_what_is_cancelled_and_asked_for_again_in_a_storm_is_made_once(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    picture_job(tmp_path / "one", pictures=1, job=JOB).rename(daemon.spool.inbox / "one")
    for turn in range(3):
        folder = active(daemon, "one")
        wait_for(lambda turn=turn: outcomes(daemon)["succeeded"] > turn, within_s=60)  # type: ignore[misc]
        put(folder, *HARMLESS * 10, *["CANCEL", "RETRY"] * 20)
        wait_for(lambda folder=folder: not unanswered(folder), within_s=60)  # type: ignore[misc]
        put(folder, "CANCEL")
        closed = daemon.wait_closed("one")
        wait_for(lambda closed=closed: not unanswered(closed), within_s=60)  # type: ignore[misc]
        told = status_of(closed)
        counts = told["counts"]
        assert told["state"] in ("cancelled", "done")
        assert counts["succeeded"] + counts["cancelled"] == counts["total"] == len(SIZES)
        if told["state"] == "done":
            break  # all of it was made before the storm was over
        closed.rename(daemon.spool.inbox / closed.name)
    else:
        folder = active(daemon, "one")
        put(folder, *HARMLESS * 10)
        wait_for(lambda folder=folder: not unanswered(folder), within_s=60)  # type: ignore[misc]
        put(folder, "RESUME")
    assert_made_once(daemon, daemon.wait_closed("one"), len(SIZES))


def test_a_prompt_that_runs_is_told_to_stop_when_its_job_is_cancelled(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    def stops() -> int:
        return proxy.asked["POST /interrupt"] + proxy.asked["POST /api"]

    daemon.start()
    picture_job(tmp_path / "long", pictures=9, job=LONG).rename(daemon.spool.inbox / "long")
    folder = active(daemon, "long")
    wait_for(lambda: outcomes(daemon)["succeeded"], within_s=90)
    put(folder, "CANCEL")
    wait_for(stops, within_s=60, what="the word to stop")
    closed = daemon.wait_closed("long")
    assert status_of(closed)["state"] == "cancelled"
