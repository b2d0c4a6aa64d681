"""Steering a job. Each answer says what was done, or why not."""

from collections.abc import Callable
from dataclasses import dataclass

from vqd.domain.lifecycle import CLOSED_STATES, Move, PromptState
from vqd.domain.queue import Job
from vqd.store.store import Session, Store


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: `done`, and `said` in a few words."""

    done: bool
    said: str


class Control:
    """Cancel and retry: facts written down, which the runner acts on."""

    def __init__(self, store: Store, *, on_change: Callable[[], None]) -> None:
        self._store = store
        self._on_change = on_change

    def cancel(self, job: str, *, why: str, now: float) -> Answer:
        """Stop a job: what waits is cancelled now, what runs is interrupted by the runner."""
        answer = self._store.write(lambda session: _cancel(session, job, why, now))
        self._on_change()
        return answer

    def retry(self, job: str, *, now: float) -> Answer:
        """Let the failed prompts of a job that is not over run again."""
        answer = self._store.write(lambda session: _retry(session, job, now))
        self._on_change()
        return answer


def _cancel(session: Session, job: str, why: str, now: float) -> Answer:
    found = _open_job(session, job)
    if isinstance(found, Answer):
        return found
    if not session.jobs.request_cancel(found.job_key, now=now, why=why):
        return Answer(done=False, said="cancelled already")
    session.prompts.move_all(found.job_key, Move.CANCEL, PromptState.PENDING, now=now)
    return Answer(done=True, said="cancelled")


def _retry(session: Session, job: str, now: float) -> Answer:
    found = _open_job(session, job)
    if isinstance(found, Answer):
        return found
    moved = session.prompts.move_all(found.job_key, Move.RETRY, PromptState.FAILED, now=now)
    if not moved:
        return Answer(done=False, said="no prompt of it has failed")
    return Answer(done=True, said=f"{moved} prompts run again")


def _open_job(session: Session, job: str) -> Job | Answer:
    found = session.jobs.find(job)
    if found is None:
        return Answer(done=False, said="no such job")
    if found.state in CLOSED_STATES or found.counts.over == found.counts.total:
        return Answer(done=False, said=f"over already ({found.state})")
    return found
