"""A write-ahead log that grows is told of, and does not grow where nobody keeps it from being
emptied."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.builders import accept_a_job
from vqd.store.log import SAID_AGAIN_S, LogWatch, log_bytes, readers_of
from vqd.store.store import Store


class Clock:
    """Monotonic seconds, as the test says."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_log_is_begun_anew_once_nobody_reads_it(store: Store, tmp_path: Path) -> None:
    sizes = []
    with store.reading() as session:
        session.adopted.states()
        for number in range(20):
            accept_a_job(store, f"20260101-000000-{number}", total=1000)
            sizes.append(log_bytes(tmp_path / "queue.db"))
    assert sizes == sorted(set(sizes))
    assert sizes[-1] > 4 << 20
    for number in range(20):
        accept_a_job(store, f"20260102-000000-{number}", total=1000)
    assert log_bytes(tmp_path / "queue.db") < sizes[-1] + sizes[0]


def test_a_log_that_grows_is_told_of_now_and_then_with_who_reads(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.store.log.LARGE_BYTES", 1 << 20)
    clock = Clock()
    watch = LogWatch(tmp_path / "queue.db", clock=clock)
    with store.reading() as session, capture_logs() as said:
        session.adopted.states()
        for number in range(20):
            accept_a_job(store, f"20260101-000000-{number}", total=250)
            watch.look()
        (told,) = said
        clock.now_s = SAID_AGAIN_S
        watch.look()
    assert (told["event"], len(said)) == ("queue.log_large", 2)
    assert told["bytes"] > 1 << 20
    assert len(told["read_by"]) == 1


def test_readers_are_told_only_while_they_read(store: Store, tmp_path: Path) -> None:
    accept_a_job(store)
    assert readers_of(tmp_path / "queue.db") == []
    with store.reading() as session:
        session.adopted.states()
        assert len(readers_of(tmp_path / "queue.db")) == 1
    assert readers_of(tmp_path / "queue.db") == []


def test_of_no_queue_there_is_no_log(tmp_path: Path) -> None:
    assert log_bytes(tmp_path / "queue.db") == 0
    assert readers_of(tmp_path / "queue.db") == []
