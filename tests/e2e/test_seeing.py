"""Drops are seen by events and by looks, and nothing rests on either: the rescan is far away."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import write
from tests.daemons import Daemon, status_of
from tests.samples import TWO_LINES, picture, picture_job
from tests.waiting import wait_for

SUSPENDED = TWO_LINES + "schedule: {suspended: true}\n"


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that gets events, and looks at everything but once an hour: what happens within
    minutes is no look's doing."""
    yield from running(tmp_path_factory.mktemp("native"), watch="native")


@pytest.fixture(scope="module")
def polling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that gets no events, and looks at everything but once an hour."""
    yield from running(tmp_path_factory.mktemp("poll"), watch="poll", settle_poll_s=0.5)


def running(folder: Path, **settings: object) -> Iterator[Daemon]:
    daemon = Daemon(folder / "house", rescan_s=3600, **settings)
    daemon.start()
    wait_for(lambda: "Nothing is waiting" in daemon.waiting, within_s=60, what="the first look")
    yield daemon
    daemon.close()


def answer_to(daemon: Daemon, request: Path) -> str:
    """The new name of a steering file, wherever its job is by then."""
    request.touch()

    def answer() -> str | None:
        folder = daemon.spool.find(request.parent.name)
        if folder is None or (folder / request.name).exists():
            return None
        verb = request.stem.split()[0].upper()
        return next((path.name for path in folder.glob(f"{verb}.*")), None)

    return wait_for(answer, within_s=60, what=f"an answer to {request.name}")


@pytest.mark.parametrize("house", ["watching", "polling"])
def test_a_folder_that_is_filled_slowly_is_taken_when_its_job_file_has_come(
    house: str, request: pytest.FixtureRequest
) -> None:
    daemon: Daemon = request.getfixturevalue(house)
    folder = daemon.spool.inbox / "slow"
    for number in (1, 2):
        picture(folder / "frames" / f"p{number}.png", shade=number)
    wait_for(lambda: "slow: no job.yaml here" in daemon.waiting, within_s=60, what="a look")
    write(folder / "job.yaml", f"{TWO_LINES}inputs: {{image: frames}}\n")
    closed = daemon.wait_closed("slow")
    assert status_of(closed)["counts"]["succeeded"] == 2


@pytest.mark.parametrize("house", ["watching", "polling"])
def test_steering_files_are_answered_at_once(
    house: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    daemon: Daemon = request.getfixturevalue(house)
    picture_job(tmp_path / "steered", job=SUSPENDED).rename(daemon.spool.inbox / "steered")
    folder = daemon.wait_accepted("steered")
    assert answer_to(daemon, folder / "PRIORITY 80").startswith("PRIORITY.done-")
    assert answer_to(daemon, folder / "pause.txt") == "PAUSE.refused-suspended already"
    assert answer_to(daemon, folder / "CANCEL").startswith("CANCEL.done-")
    closed = daemon.wait_closed("steered")
    steered = {path.name.split("-")[0] for path in closed.iterdir()}
    assert {"PRIORITY.done", "PAUSE.refused", "CANCEL.done"} <= steered


def test_a_drop_with_cancel_in_it_is_left_alone_until_that_is_removed(
    watching: Daemon, tmp_path: Path
) -> None:
    folder = watching.spool.inbox / "regretted"
    write(picture_job(tmp_path / "regretted") / "cancel.txt", "")
    (tmp_path / "regretted").rename(folder)
    (answer,) = wait_for(lambda: list(folder.glob("CANCEL.done-*")), within_s=60, what="an answer")
    wait_for(lambda: "regretted: CANCEL was put into it" in watching.waiting, within_s=60)
    assert {path.name for path in folder.iterdir()} == {"job.yaml", "p1.png", "p2.png", answer.name}
    answer.unlink()
    assert watching.wait_closed("regretted").parent == watching.spool.done


def test_a_folder_that_its_owner_renames_all_the_time_is_taken_once(
    watching: Daemon, tmp_path: Path
) -> None:
    folder = picture_job(tmp_path / "restless")
    renames = 0
    for number in range(300):
        try:
            folder = folder.rename(watching.spool.inbox / f"restless{number}")
        except FileNotFoundError:
            break
        renames += 1
    assert renames
    closed = wait_for(
        lambda: [job for job in watching.spool.done.iterdir() if "-restless" in job.name],
        within_s=60,
    )
    assert len(closed) == 1
    assert not list(watching.spool.active.glob("*-restless*"))
    assert not list(watching.spool.inbox.glob("restless*"))


def test_a_drop_that_is_deleted_while_it_settles_is_forgotten(
    watching: Daemon, tmp_path: Path
) -> None:
    folder = picture_job(watching.spool.inbox / "gone", pictures=1)
    with (folder / "p1.png").open("ab"):
        wait_for(lambda: "gone: a file is still being written" in watching.waiting, within_s=60)
        shutil.rmtree(folder)
    wait_for(lambda: "gone" not in watching.waiting, within_s=60)
    assert not list(watching.spool.active.glob("*-gone"))


def test_an_inbox_that_was_deleted_and_made_again_is_watched(
    watching: Daemon, tmp_path: Path
) -> None:
    before = watching.spool.inbox.rename(tmp_path / "before").stat().st_ino
    wait_for(watching.spool.inbox.is_dir, within_s=60, what="another inbox")
    assert watching.spool.inbox.stat().st_ino != before
    picture_job(tmp_path / "after").rename(watching.spool.inbox / "after")
    assert watching.wait_closed("after").parent == watching.spool.done


def test_nothing_is_lost_when_the_kernel_loses_its_events(watching: Daemon, tmp_path: Path) -> None:
    job = picture_job(tmp_path / "late")
    assert watching.process is not None
    watching.process.send_signal(signal.SIGSTOP)
    for number in range(20_000):
        (watching.spool.inbox / f"{number}.tmp").touch()
    job.rename(watching.spool.inbox / "late")
    watching.process.send_signal(signal.SIGCONT)
    assert watching.wait_closed("late").parent == watching.spool.done
    assert len(list(watching.spool.done.glob("*-late"))) == 1
    for path in watching.spool.inbox.glob("*.tmp"):
        path.unlink()


def test_a_writer_who_takes_his_time_is_waited_for_and_then_not_for_long(
    watching: Daemon, tmp_path: Path
) -> None:
    whole = picture(tmp_path / "p.png", size=(64, 64)).read_bytes()
    folder = watching.spool.inbox / "patient"
    write(folder / "job.yaml", f"{TWO_LINES}inputs: {{image: below/p.png}}\n")
    (folder / "below").mkdir()
    with (folder / "below" / "p.png").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, len(whole))
        wait_for(lambda: "patient: a file is still being written" in watching.waiting, within_s=60)
        for byte in range(0, len(whole), 64):
            file.seek(byte)
            file.write(whole[byte : byte + 64])
            file.flush()
    assert watching.wait_closed("patient").parent == watching.spool.done
