import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import wait_for
from vqd.domain.queue import JobFile
from vqd.service.draft import Draft
from vqd.watchers import reading as watchers_reading
from vqd.watchers.reading import AGAIN_S, AT_ONCE, Reading
from vqd.watchers.settle import Waiting

JOB_FILE = Path("/inbox/beach/job.yaml")


class Slow:
    """Drafts that are there once they may be."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.begun: list[Path] = []

    def __call__(self, job_file: Path) -> Draft:
        self.begun.append(job_file)
        self.may.wait(60)
        return a_draft(job_file)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    monkeypatch.setattr(watchers_reading, "PATIENCE_S", 0.01)
    return Slow()


def test_a_draft_that_is_made_at_once_is_given_at_once() -> None:
    made = Reading().draft(JOB_FILE, a_draft, now=5.0, changed_at=5.0)
    assert isinstance(made, Draft)


def test_one_that_takes_long_is_waited_for_without_a_stop(slow: Slow) -> None:
    reading = Reading()
    begun = reading.draft(JOB_FILE, slow, now=5.0, changed_at=5.0)
    assert begun == Waiting("is being read", 0.005)
    later = [reading.underway(JOB_FILE, now) for now in (5.0625, 60.0)]
    assert later == [
        Waiting("is being read", 0.015625),
        Waiting("is being read", AGAIN_S),
    ]
    slow.may.set()
    ended(reading)
    made = reading.draft(JOB_FILE, slow, now=9.0, changed_at=5.0)
    assert isinstance(made, Draft)
    assert slow.begun == [JOB_FILE]


def test_what_changed_since_is_read_anew(slow: Slow) -> None:
    reading = Reading()
    reading.draft(JOB_FILE, slow, now=5.0, changed_at=5.0)
    slow.may.set()
    ended(reading)
    reading.draft(JOB_FILE, slow, now=9.0, changed_at=7.0)
    ended(reading)
    assert slow.begun == [JOB_FILE, JOB_FILE]


def test_a_draft_is_given_once(slow: Slow) -> None:
    reading = Reading()
    slow.may.set()
    for now in (5.0, 6.0):
        assert isinstance(read(reading, slow, now), Draft)
    assert slow.begun == [JOB_FILE, JOB_FILE]


def test_more_than_a_few_at_once_wait(slow: Slow) -> None:
    reading = Reading()
    files = [Path(f"/inbox/{number}/job.yaml") for number in range(AT_ONCE + 1)]
    told = [reading.draft(file, slow, now=5.0, changed_at=5.0) for file in files]
    assert [one.reason for one in told if isinstance(one, Waiting)] == [
        *["is being read"] * AT_ONCE,
        "is read as soon as others are",
    ]
    slow.may.set()
    for file in files[:-1]:
        ended(reading, file)
    assert sorted(slow.begun) == files[:-1]


def test_a_thread_reads_one_job_after_the_other() -> None:
    reading = Reading()
    readers: list[threading.Thread] = []

    def make(job_file: Path) -> Draft:
        readers.append(threading.current_thread())
        return a_draft(job_file)

    def is_read_by_one_of_before() -> bool:
        read(reading, make, now=5.0)
        return readers[-1] in readers[:-1]

    wait_for(is_read_by_one_of_before, within_s=30)


def test_what_is_wrong_is_told_to_who_asks() -> None:
    def gone(job_file: Path) -> Draft:
        raise FileNotFoundError(job_file)

    with pytest.raises(FileNotFoundError):
        Reading().draft(JOB_FILE, gone, now=5.0, changed_at=5.0)


def test_what_is_forgotten_is_read_anew(slow: Slow) -> None:
    reading = Reading()
    reading.draft(JOB_FILE, slow, now=5.0, changed_at=5.0)
    reading.forget(JOB_FILE.parent)
    assert reading.underway(JOB_FILE, 5.0) is None
    slow.may.set()
    assert isinstance(read(reading, a_draft, 6.0), Draft)


def read(reading: Reading, make: Callable[[Path], Draft], now: float) -> Draft | Waiting:
    """Ask until it is read, however slow the machine is."""

    def made() -> Draft | None:
        told = reading.draft(JOB_FILE, make, now=now, changed_at=now)
        return told if isinstance(told, Draft) else None

    return wait_for(made, within_s=30)


def ended(reading: Reading, job_file: Path = JOB_FILE) -> None:
    """Wait until a job file is read."""
    wait_for(lambda: reading.underway(job_file, 5.0) is None, within_s=30)


def a_draft(job_file: Path) -> Draft:
    """A draft that was made at once."""
    return Draft(job_file.parent.name, "image-scale", JobFile(job_file.name, ""), "")
