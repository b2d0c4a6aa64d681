"""CANCEL at any moment of a job: answered each time, and never half a cancel."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import Daemon, manifest_of, status_of
from tests.samples import TWO_LINES, picture_job
from tests.waiting import wait_for

SIZES = [f"{width}x16" for width in range(16, 216)]
MANY = f"{TWO_LINES}fan_out: {{matrix: {{size: {SIZES}, method: [lanczos, area]}}}}\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path_factory.mktemp("cancel") / "house", settle_s=0.1, rescan_s=600)
    yield daemon.start()
    daemon.close()


def active(daemon: Daemon, name: str) -> Path:
    return wait_for(lambda: next(daemon.spool.active.glob(f"*-{name}"), None), within_s=60)


def taken_in(daemon: Daemon, name: str) -> Path | None:
    """Give the folder of a job that was taken in, which may be over before anybody looks."""
    return next(daemon.spool.active.glob(f"*-{name}"), None) or daemon.closed(name)


def answer_in(folder: Path) -> str:
    """Give the name that answers CANCEL, which may come an instant after the end of its job."""

    def answers() -> list[str]:
        names = [path.name for path in folder.iterdir() if path.name.startswith("CANCEL")]
        return [] if "CANCEL" in names else names

    (answer,) = wait_for(answers, within_s=60, what="the answer to CANCEL")
    return answer


def test_a_job_that_waits_is_cancelled_whole(house: Daemon, tmp_path: Path) -> None:
    house.spool.pause()
    picture_job(tmp_path / "waiting").rename(house.spool.inbox / "waiting")
    (active(house, "waiting") / "CANCEL").touch()
    closed = house.wait_closed("waiting")
    house.spool.resume()
    assert closed.parent == house.spool.failed
    assert status_of(closed)["counts"]["cancelled"] == 2
    assert answer_in(closed).startswith("CANCEL.done-")


def test_a_job_that_runs_keeps_what_it_made_and_makes_no_more(
    house: Daemon, tmp_path: Path
) -> None:
    picture_job(tmp_path / "running", pictures=1, job=MANY).rename(house.spool.inbox / "running")
    folder = active(house, "running")
    wait_for(lambda: len(list((folder / "outputs").glob("*.png"))) >= 3, within_s=60)
    (folder / "CANCEL").touch()
    closed = house.wait_closed("running")
    counts = status_of(closed)["counts"]
    assert (closed.parent, status_of(closed)["state"]) == (house.spool.failed, "cancelled")
    assert counts["succeeded"] + counts["cancelled"] == counts["total"] == 400
    assert counts["cancelled"] > 0
    lines = manifest_of(closed)
    assert len(lines) == counts["succeeded"]
    assert all((closed / line["output"]).is_file() for line in lines)
    assert answer_in(closed).startswith("CANCEL.done-")


def test_a_cancel_in_the_last_moment_is_done_or_refused_and_says_which(
    house: Daemon, tmp_path: Path
) -> None:
    pause, seen = threading.Event(), 0
    for number in range(16):
        name = f"late{number}"
        picture_job(tmp_path / name, pictures=1).rename(house.spool.inbox / name)
        taken = wait_for(lambda name=name: taken_in(house, name), within_s=60)  # type: ignore[misc]
        pause.wait(number * 0.02)
        try:
            (house.spool.active / taken.name / "CANCEL").touch()
        except FileNotFoundError:
            continue  # it was over sooner
        closed = house.wait_closed(name)
        answer = answer_in(closed)
        status = status_of(closed)
        if answer.startswith("CANCEL.done-"):  # what ran may have come to its end all the same
            assert status["state"] == "cancelled" or status["counts"]["succeeded"] == 1
            assert "CANCEL was put there" in status["reason"]
        else:
            assert answer.startswith("CANCEL.refused-over already")
            assert (status["state"], status["reason"]) == ("done", None)
        seen += 1
    assert seen
