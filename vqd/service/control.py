"""Steering a job. Each answer says what was done, or why not."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace

from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import CLOSED_STATES, JobState, Move, PromptState
from vqd.domain.queue import STEERED, Job
from vqd.store.store import Session, Store

HIGHEST_PRIORITY = 100
_LOOKED_THROUGH = 20
"""Answers among which that to a file is; there are newer ones where people ask over another door.
"""
_AGAIN = ", move this folder into the inbox"


@frozen
class Answer:
    """What became of a request: `done`, and `said` in a few words."""

    done: bool
    said: str


@frozen
class Spot:
    """A place among the jobs that wait: right before or after the `other`, or first of all."""

    other: str | None = None
    is_after: bool = False

    def __str__(self) -> str:
        """Give it in words: `before 20260101-000000-plates`."""
        return "first" if self.other is None else f"{_SIDES[self.is_after]} {self.other}"


_SIDES = ("before", "after")


class Control:
    """Cancel, retry, suspend, resume, approve, prioritise, place: facts written down, which the
    runner acts on."""

    def __init__(self, store: Store, *, on_change: Callable[[], None]) -> None:
        self._store = store
        self._on_change = on_change
        self._by_file: str | None = None

    def by_file(self, sign: str) -> "Control":
        """Give the same for what the steering file of this sign asks for: that is done once, though
        the daemon may be killed before the file is answered."""
        control = copy(self)
        control._by_file = sign
        return control

    def is_to_come(self, job: str) -> bool:
        """Tell whether a job whose folder is in active/ is not accepted yet: it is being taken in,
        or is still known as one that is over."""
        with self._store.reading() as session:
            found = session.jobs.find(job)
        return found is not None and found.state in {JobState.ASSEMBLING, *CLOSED_STATES}

    def cancel(self, job: str, *, why: str, now: float) -> Answer:
        """Stop a job: what waits is cancelled now, what runs is interrupted by the runner."""
        return self._steer(
            job, "CANCEL", now, lambda session, found: _cancel(session, found, why, now)
        )

    def retry(self, job: str, *, now: float) -> Answer:
        """Let the failed prompts of a job that is not over run again."""
        return self._steer(job, "RETRY", now, lambda session, found: _retry(session, found, now))

    def suspend(self, job: str, *, now: float) -> Answer:
        """Start nothing more of a job until it is resumed; what runs goes on to its end."""
        return self._steer(job, "PAUSE", now, lambda session, found: _suspend(session, found, now))

    def resume(self, job: str, *, now: float) -> Answer:
        """Let a suspended job go on."""
        return self._steer(job, "RESUME", now, lambda session, found: _resume(session, found, now))

    def approve(self, job: str, *, now: float) -> Answer:
        """Let a quoted job start, or what is left of a job whose proof was looked at."""
        return self._steer(
            job, "APPROVE", now, lambda session, found: _approve(session, found, now)
        )

    def prioritise(self, job: str, priority: int | None, *, now: float) -> Answer:
        """Give a job another priority, 0 to 100; None is one that was not named."""
        what = "PRIORITY" if priority is None else f"PRIORITY {priority}"
        return self._steer(
            job, what, now, lambda session, found: _prioritise(session, found, priority, now)
        )

    def place(self, job: str, spot: Spot, *, now: float) -> Answer:
        """Let a job start before all others, or right before or after another one. It gets the
        priority that has that place."""
        return self._steer(
            job, f"PLACE {spot}", now, lambda session, found: _placed(session, found, spot)
        )

    def _steer(
        self, job: str, what: str, now: float, steer: Callable[[Session, Job], Answer]
    ) -> Answer:
        def steered(session: Session) -> Answer:
            given = _given(session, job, self._by_file)
            if given is not None:
                return given
            found = _open_job(session, job)
            if isinstance(found, Answer):
                return found if what != "RETRY" else replace(found, said=f"{found.said}{_AGAIN}")
            answer = steer(session, found)
            session.events.add(
                STEERED,
                at=now,
                job_key=found.job_key,
                what=what,
                done=answer.done,
                said=answer.said,
                by_file=self._by_file,
            )
            return answer

        answer = self._store.write(steered)
        self._on_change()
        return answer


def _given(session: Session, job: str, by_file: str | None) -> Answer | None:
    """Give what was answered to a file before a crash, which did not get that into its name."""
    found = None if by_file is None else session.jobs.find(job)
    if found is None:
        return None
    for event in session.events.of_job_itself(found.job_key, [STEERED], limit=_LOOKED_THROUGH):
        if event.facts.get("by_file") == by_file:
            return Answer(done=bool(event.facts["done"]), said=str(event.facts["said"]))
    return None


def _cancel(session: Session, job: Job, why: str, now: float) -> Answer:
    if not session.cancel(job.job_key, now=now, why=why):
        return Answer(done=False, said="cancelled already")
    return Answer(done=True, said="cancelled")


def _retry(session: Session, job: Job, now: float) -> Answer:
    moved = session.prompts.move_all(job.job_key, Move.RETRY, PromptState.FAILED, now=now)
    if not moved:
        return Answer(done=False, said="no prompt of it has failed")
    return Answer(done=True, said=f"{moved} prompts run again")


def _suspend(session: Session, job: Job, now: float) -> Answer:
    if job.cancel_requested_at is not None:
        return Answer(done=False, said="cancelled already")
    if job.state is JobState.QUOTED:
        return Answer(done=False, said="it is quoted and waits for APPROVE")
    if not session.schedules.suspend(job.job_key, now=now):
        return Answer(done=False, said="suspended already")
    return Answer(done=True, said="suspended")


def _resume(session: Session, job: Job, now: float) -> Answer:
    if not session.schedules.resume(job.job_key, now=now):
        return Answer(done=False, said="it is not suspended")
    return Answer(done=True, said="resumed")


def _approve(session: Session, job: Job, now: float) -> Answer:
    if job.cancel_requested_at is not None:
        return Answer(done=False, said="cancelled already")
    if not session.schedules.approve(job.job_key, now=now):
        return Answer(done=False, said="it waits for no approval")
    is_quoted = job.state is JobState.QUOTED
    return Answer(done=True, said="approved: it starts" if is_quoted else "approved: the rest runs")


def _prioritise(session: Session, job: Job, priority: int | None, now: float) -> Answer:
    if priority is None or priority > HIGHEST_PRIORITY:
        return Answer(done=False, said="name a priority from 0 to 100, as in PRIORITY 80")
    session.schedules.prioritise(job.job_key, priority, now=now)
    return Answer(done=True, said=f"priority {priority}")


def _placed(session: Session, job: Job, spot: Spot) -> Answer:
    if spot.other is None:
        priority = session.turns.put_first(job.job_key)
    else:
        other = _open_job(session, spot.other)
        if isinstance(other, Answer):
            return replace(other, said=f"{spot.other}: {other.said}")
        if other.job_key == job.job_key:
            return Answer(done=False, said="name another job")
        put = session.turns.put_after if spot.is_after else session.turns.put_before
        priority = put(job.job_key, other.job_key)
    as_now = "" if priority == job.priority else f", with priority {priority}"
    does = "takes its turn" if session.rules.is_fair() else "starts"
    return Answer(done=True, said=f"{does} {spot}{as_now}")


def _open_job(session: Session, job: str) -> Job | Answer:
    found = session.jobs.find(job)
    if found is None:
        return Answer(done=False, said="no such job")
    if found.state is JobState.ASSEMBLING:
        return Answer(done=False, said="it is still being taken in")
    if found.state in CLOSED_STATES or found.counts.over == found.counts.total:
        return Answer(done=False, said=f"over already ({found.state})")
    return found
