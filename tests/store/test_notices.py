from typing import Any

import pytest

from tests.builders import A_JOB_FILE, NOW, a_planned_job, accept_a_job, comes_back, notices_told
from vqd.domain.errors import Problem
from vqd.domain.job import Notify
from vqd.domain.lifecycle import PROOF_MADE, JobState, Move, PromptState
from vqd.domain.notice import JobNews, Notice
from vqd.domain.schedule import Judgement
from vqd.store.store import Session, Store

ALL = Notify(("accepted", "started", "done", "failed", "cancelled"), "studio")


def accept(store: Store, notify: Notify | None = ALL, **changes: Any) -> int:
    return accept_a_job(store, **{"notify": notify, **changes})


def waiting(store: Store, target: str = "studio") -> list[Notice]:
    """Everything that waits for a target, taken off the list one by one."""
    taken: list[Notice] = []
    while True:
        with store.reading() as session:
            notice = session.notices.due(target, NOW + 1000)
        if notice is None:
            return taken
        taken.append(notice)
        store.write(lambda session, sent=notice: session.notices.sent(sent, now=NOW))  # type: ignore[misc]


def end(session: Session, job_key: int, state: JobState) -> None:
    session.prompts.move_all(job_key, Move.CANCEL, PromptState.PENDING, now=NOW)
    session.prompts.move_all(job_key, Move.CANCEL, PromptState.RUNNING, now=NOW)
    session.jobs.begin_publishing(job_key)
    session.jobs.close(job_key, state, None, now=NOW + 8)


def of_job(notice: Notice) -> JobNews:
    assert isinstance(notice.news, JobNews)
    return notice.news


def test_a_job_tells_of_its_way_in_order_and_as_it_was_each_time(store: Store) -> None:
    job_key = accept(store, total=2)
    store.write(lambda session: session.prompts.claim("gpu1", "p-1", now=NOW + 1))
    store.write(lambda session: session.prompts.claim("gpu1", "p-2", now=NOW + 2))
    store.write(lambda session: end(session, job_key, JobState.CANCELLED))
    notices = waiting(store)
    assert [notice.event for notice in notices] == ["accepted", "started", "cancelled"]
    by_event = {str(notice.event): notice for notice in notices}
    news = {event: of_job(notice) for event, notice in by_event.items()}
    assert news["accepted"].state is JobState.QUEUED
    assert news["accepted"].counts.pending == 2
    assert (news["started"].state, by_event["started"].at) == (JobState.RUNNING, NOW + 1)
    assert news["cancelled"].counts.cancelled == 2
    assert [news[event].seconds for event in by_event] == [0, 0, 7]
    assert len({notice.identity for notice in notices}) == 3


@pytest.mark.parametrize(
    ("notify", "events"),
    [(Notify(("done",), "studio"), ["done"]), (Notify((), "studio"), []), (None, [])],
)
def test_only_what_was_asked_for_is_told(
    store: Store, notify: Notify | None, events: list[str]
) -> None:
    job_key = accept(store, notify)
    store.write(lambda session: end(session, job_key, JobState.DONE))
    assert [notice.event for notice in waiting(store)] == events


def test_a_job_that_cannot_run_tells_that_it_failed(store: Store) -> None:
    def reject(session: Session) -> None:
        problems = [Problem("unknown_key", "no")]
        facts: dict[str, Any] = {"name": "a", "workflow": "w", "input_folder": "", "notify": ALL}
        job_key = session.jobs.reject("j", problems, A_JOB_FILE, now=NOW, **facts)
        session.jobs.close(job_key, JobState.FAILED, "no", now=NOW)

    store.write(reject)
    (notice,) = waiting(store)
    news = of_job(notice)
    assert (notice.event, news.reason, news.counts.total) == ("failed", "no", 0)


def test_a_notice_that_was_postponed_is_due_later_and_its_first_failure_is_in_the_jobs_log(
    store: Store,
) -> None:
    job_key = accept(store, Notify(("accepted",), "studio"))
    for tries in range(2):
        with store.reading() as session:
            notice = session.notices.due("studio", NOW + 1000)
        assert notice is not None
        assert notice.tries == tries
        store.write(
            lambda session, late=notice: session.notices.put_off(  # type: ignore[misc]
                late, "it is asleep", again_at=NOW + 500, now=NOW
            )
        )
    with store.reading() as session:
        assert session.notices.due("studio", NOW + 499) is None
        assert session.notices.next_at("studio") == NOW + 500
        assert session.notices.next_at("other") is None
    assert notices_told(store, job_key) == ["notice.postponed"]
    assert len(waiting(store)) == 1
    assert notices_told(store, job_key) == ["notice.postponed", "notice.sent"]


def test_notices_for_targets_that_are_gone_are_given_up_and_the_jobs_log_says_so(
    store: Store,
) -> None:
    gone, kept = accept(store), accept(store, Notify(("accepted",), "mail"), job="b")
    assert store.write(lambda session: session.notices.keep_only(["mail"], now=NOW)) == 1
    assert notices_told(store, gone) == ["notice.given_up"]
    assert notices_told(store, kept) == []
    assert len(waiting(store, "mail")) == 1


def test_a_quote_and_a_proof_are_told_once_each(store: Store) -> None:
    planned = a_planned_job(2, notify=Notify(("quoted", "proof"), "studio"), has_proof=True)
    store.accept("j", planned, A_JOB_FILE, input_folder="", now=NOW, quote="quoted: 2 prompts")
    assert [notice.event for notice in waiting(store)] == ["quoted"]
    with store.reading() as session:
        job = session.jobs.find("j")
    assert job is not None
    for _ in range(2):
        made = Judgement(PROOF_MADE)
        store.write(lambda session, is_=made: session.schedules.judged(job.job_key, is_, now=NOW))  # type: ignore[misc]
    assert [notice.event for notice in waiting(store)] == ["proof"]


def test_a_job_that_comes_back_starts_anew(store: Store) -> None:
    job_key = accept(store, Notify(("started",), "studio"), total=1)
    for _ in range(2):
        store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
        store.write(lambda session: end(session, job_key, JobState.CANCELLED))
        comes_back(store, job_key, notify=Notify(("started",), "studio"))
    assert [notice.event for notice in waiting(store)] == ["started", "started"]
