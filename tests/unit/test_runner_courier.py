import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job, notices_told
from tests.receiver import receiver
from tests.unit.test_runner_picturing import make
from vqd.domain.errors import VqdError
from vqd.domain.job import Notify
from vqd.domain.lifecycle import JobState
from vqd.domain.notice import HouseEvent, HouseNews
from vqd.media.thumbnails import Thumbnails
from vqd.notify.target import Target
from vqd.runner.courier import FIRST_AGAIN_S, GIVEN_UP_AFTER_S, LONGEST_AGAIN_S, Courier
from vqd.spool.layout import Spool
from vqd.store import connection
from vqd.store.store import Session, Store

STUDIO = Notify(("accepted",), "studio")
NOBODY = "http://127.0.0.1:9/"


class Clock:
    """A clock that tests move on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def courier(store: Store, spool: Spool, url: str, clock: Clock, link: str | None = None) -> Courier:
    return Courier(store, spool, Target("studio", url), link, clock=clock)


def test_what_is_due_is_delivered_once(store: Store, spool: Spool) -> None:
    job_key = accept_a_job(store, notify=STUDIO)
    accept_a_job(store, "b", notify=STUDIO)
    accept_a_job(store, "c", notify=Notify(("accepted",), "mail"))
    with receiver() as there:
        bringer = courier(store, spool, there.url, Clock(), "https://nas/{folder}?{job}")
        assert bringer.deliver() is None
        assert bringer.deliver() is None
    assert [one["job"] for one in there.told] == ["20260101-000000-a", "b"]
    assert there.told[1]["folder"] == str(spool.active / "b")
    assert there.told[1]["link"] == "https://nas/active/b?b"
    assert notices_told(store, job_key) == ["notice.sent"]


def test_what_was_delivered_is_not_again_while_the_queue_cannot_be_written(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "WRITES_BUSY_S", 0.0)
    queue = tmp_path / "queue.db"
    with closing(Store(queue)) as store, receiver() as there:
        accept_a_job(store, notify=STUDIO)
        bringer = courier(store, spool, there.url, Clock())
        with closing(sqlite3.connect(queue)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(3):
                with pytest.raises(VqdError, match="locked"):
                    bringer.deliver()
        assert bringer.deliver() is None
    assert there.events == ["accepted"]


def test_what_is_not_taken_is_tried_again_after_a_growing_while(store: Store, spool: Spool) -> None:
    accept_a_job(store, notify=STUDIO)
    clock, waits = Clock(), []
    bringer = courier(store, spool, NOBODY, clock)
    for _ in range(11):
        wait_s = bringer.deliver()
        assert wait_s is not None
        assert bringer.deliver() == wait_s
        waits.append(wait_s)
        clock.now += wait_s
    assert waits[:3] == [FIRST_AGAIN_S, 2 * FIRST_AGAIN_S, 4 * FIRST_AGAIN_S]
    assert waits[-2:] == [LONGEST_AGAIN_S, LONGEST_AGAIN_S]
    with receiver() as there:
        assert courier(store, spool, there.url, clock).deliver() is None
    assert there.events == ["accepted"]


def test_what_waits_longer_than_any_is_tried_at_once_as_the_clock_was_set_back(
    store: Store, spool: Spool
) -> None:
    accept_a_job(store, notify=STUDIO)
    clock = Clock()
    assert courier(store, spool, NOBODY, clock).deliver() == FIRST_AGAIN_S
    clock.now -= 2 * LONGEST_AGAIN_S
    with receiver() as there:
        assert courier(store, spool, there.url, clock).deliver() is None
    assert there.events == ["accepted"]


def test_it_is_given_up_after_a_day_and_the_jobs_log_says_so(store: Store, spool: Spool) -> None:
    job_key = accept_a_job(store, notify=STUDIO)
    clock = Clock()
    bringer = courier(store, spool, NOBODY, clock)
    while (wait_s := bringer.deliver()) is not None:
        clock.now += wait_s
    assert GIVEN_UP_AFTER_S <= clock.now - NOW <= GIVEN_UP_AFTER_S + LONGEST_AGAIN_S
    assert notices_told(store, job_key) == ["notice.postponed", "notice.given_up"]


def test_one_notice_that_is_refused_holds_up_no_other(store: Store, spool: Spool) -> None:
    clock = Clock()
    with receiver() as there:
        accept_a_job(store, notify=STUDIO)
        there.status = 400
        bringer = courier(store, spool, there.url, clock)
        assert bringer.deliver() == FIRST_AGAIN_S
        there.status = 200
        accept_a_job(store, "b", notify=STUDIO)
        assert bringer.deliver() == FIRST_AGAIN_S
    assert [one["job"] for one in there.told] == ["20260101-000000-a", "b"]


@pytest.mark.parametrize("is_silent", [True, False])
def test_the_end_waits_for_no_target(
    store: Store, spool: Spool, tmp_path: Path, is_silent: bool
) -> None:
    accept_a_job(store, notify=STUDIO)
    with receiver() as there:
        there.is_silent = is_silent
        bringer = courier(store, spool, there.url, Clock())
        bringer.start()
        assert there.came.wait(60)
        bringer.end()
        bringer.join(2)
    assert there.events == ["accepted"]


def test_what_is_refused_with_its_picture_is_sent_without_it(
    store: Store, spool: Spool, tmp_path: Path
) -> None:
    kept = Thumbnails(tmp_path / "thumbnails")
    clock = Clock()
    job_key = make(store, kept, tmp_path, prompts=1)
    store.write(lambda session: end(session, job_key))
    with receiver() as there:
        there.status = 413
        bringer = Courier(store, spool, Target("studio", there.url), kept=kept, clock=clock)
        clock.now += bringer.deliver() or 0
        there.status = 200
        bringer.deliver()
    with_picture, without = there.told
    assert with_picture["picture"]["filename"] == "20260101-000000-a.jpg"
    assert without["picture"] is None
    assert with_picture["notice"] == without["notice"]


def test_the_house_is_told_of_through_the_same_target(store: Store, spool: Spool) -> None:
    news = HouseNews("It takes no prompts.", "gpu1")
    store.write(
        lambda session: session.notices.add_of_house(
            HouseEvent.SERVER_DOWN, news, to="studio", now=NOW
        )
    )
    with receiver() as there:
        assert courier(store, spool, there.url, Clock()).deliver() is None
    (told,) = there.told
    assert (told["event"], told["server"]) == ("server_down", "gpu1")
    assert told["spool"] == str(spool.root)


def end(session: Session, job_key: int) -> None:
    session.jobs.begin_publishing(job_key)
    session.jobs.close(job_key, JobState.DONE, None, now=NOW)
