"""Steering a job that ends meanwhile: the answer is found wherever the job went."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.house import House
from tests.waiting import wait_for
from vqd.cli import requesting
from vqd.spool.layout import Spool

JOB = "20260101-000000-beach"


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    (tmp_path / "spool" / "active" / JOB).mkdir()
    return made


@contextmanager
def a_daemon_that(house: House, request: str, answered_as: str | None) -> Iterator[None]:
    """Play the daemon: it answers a request while it closes the job, or closes it before."""
    spool = Spool(house.folder / "spool")
    folder = spool.active / JOB

    def close() -> None:
        wait_for((folder / request).exists, within_s=30)
        (folder / request).rename(folder / (answered_as or request))
        folder.rename(spool.done / JOB)

    with (house.folder / "state" / "daemon.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        playing = threading.Thread(target=close)
        playing.start()
        yield
        playing.join()


def test_the_answer_is_found_where_the_job_went(house: House) -> None:
    with a_daemon_that(house, "RESUME", answered_as="RESUME.done-101500"):
        told = house.vqd("resume", "beach")
    assert (told.exit_code, told.output) == (0, f"{JOB}: done-101500\n")


def test_a_job_that_was_over_before_it_was_answered_is_told_as_such(house: House) -> None:
    with a_daemon_that(house, "CANCEL", answered_as=None):
        told = house.vqd("cancel", "beach")
    assert told.exit_code == 5
    assert "is over already; it lies in" in told.output


def test_where_no_answer_comes_soon_it_is_said_where_it_will_be(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requesting, "ANSWERED_WITHIN_S", 0.01)
    with (house.folder / "state" / "daemon.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = house.vqd("cancel", "beach")
    waits = f"the daemon has not answered yet. vqd log {JOB} will tell what it answers"
    assert (told.exit_code, told.output) == (0, f"{JOB}: cancel is asked for; {waits}\n")
    assert (house.folder / "spool" / "active" / JOB / "CANCEL").is_file()


def test_without_a_daemon_the_request_waits_for_it(house: House) -> None:
    told = house.vqd("priority", "beach", "80")
    assert told.exit_code == 0
    assert "priority is asked for; the daemon answers when it is started" in told.output
    assert (house.folder / "spool" / "active" / JOB / "PRIORITY 80").is_file()
