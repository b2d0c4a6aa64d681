import threading
import time
from collections.abc import Iterator

import pytest

from tests.builders import NOW, accept_a_job, write
from tests.waiting import wait_for
from vqd.domain.lifecycle import Move, PromptState
from vqd.domain.outcome import Progress
from vqd.domain.queue import PromptKey
from vqd.runner.publish import Publisher
from vqd.spool.layout import Spool
from vqd.store.store import Store

JOB = "20260101-000000-a"


@pytest.fixture
def over(store: Store, spool: Spool) -> int:
    """A job of which nothing runs any more; its key."""
    job_key = accept_a_job(store, JOB)
    store.write(
        lambda session: session.prompts.move_all(job_key, Move.CANCEL, PromptState.PENDING, now=NOW)
    )
    write(spool.active / JOB / "job.yaml", "vqd: 1\nworkflow: image-scale\n")
    return job_key


@pytest.fixture
def publisher(store: Store, spool: Spool) -> Iterator[Publisher]:
    made = Publisher(store, spool, on_change=lambda: None)
    made.start()
    yield made
    made.stop()


def test_a_status_that_cannot_be_told_holds_up_no_publishing(
    publisher: Publisher, spool: Spool, over: int
) -> None:
    publisher.tell([over], {PromptKey(over, 1): ("gpu1", Progress("1", float("nan")))}, None)
    publisher.publish(over, JOB)
    wait_for((spool.failed / JOB).is_dir, within_s=5)


def test_what_is_being_closed_again_is_not_asked_for_again(
    store: Store, spool: Spool, over: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.runner.publish.AGAIN_S", 0.0)
    spool.failed.rmdir()
    write(spool.failed, "a file in its place")
    postponed = threading.Event()
    publisher = Publisher(store, spool, on_change=postponed.set)
    publisher.start()
    publisher.publish(over, JOB)
    assert postponed.wait(5)
    assert publisher.again_s(time.monotonic()) == 0
    publisher.stop()
    publisher.publish(over, JOB)
    assert publisher.again_s(time.monotonic()) is None
