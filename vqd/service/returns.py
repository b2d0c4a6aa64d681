"""Jobs that come back: a folder moved back from done/ or failed/, edited or not, taken out of
active/ and put back, or brought from another spool.

1. It is claimed by one rename (S0 to S1), under the JOB that its STATUS.yaml tells if that is free,
   and no job of another daemon that shares the queue.
2. It is planned anew where it lies now, and compared with its manifest (`again`).
3. Outputs that no prompt keeps are moved to previous/, and it is accepted (S1 to S2): what is kept
   has succeeded, the rest runs. One that was suspended when the queue lost it still is.

Killed anywhere after 1, the folder in active/ has no open row, and 2 and 3 are done again. They may
have to read many files, so they are carried out aside.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from vqd.domain.errors import VqdError
from vqd.domain.job import PlannedJob
from vqd.domain.lifecycle import CLOSED_STATES, SUSPENDED, JobState
from vqd.domain.listing import Counts
from vqd.domain.queue import Job, JobFile
from vqd.service.accepting import Accepting
from vqd.service.again import Again, Stopped
from vqd.service.aside import Aside
from vqd.service.drafts import Drafting
from vqd.spool import claims, drops, manifest
from vqd.spool.jobfiles import job_file_in, only_job_file
from vqd.spool.layout import Spool
from vqd.spool.status import job_told_by, reason_told_by, write_status
from vqd.store.store import Store

COMPARING = "it came back: what lies there is compared with what is to be made"

_log = structlog.get_logger(__name__)


class Returns:
    """Takes in folders that were a job's before."""

    def __init__(
        self,
        spool: Spool,
        store: Store,
        drafting: Drafting,
        accepting: Accepting,
        aside: Aside,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._spool = spool
        self._store = store
        self.drafting = drafting
        self._accepting = accepting
        self._aside = aside
        self._clock = clock
        self._underway: set[str] = set()

    def take(self, folder: Path, job_file: JobFile, new_name: Callable[[], str]) -> str | None:
        """Claim a folder that was a job's before, and let it be taken in; gives its JOB, which is
        a new one if its own is taken. None if it was no job's.

        Raises:
            FileNotFoundError: its owner was quicker and moved it away.
            VqdError: `job_closing`, it was moved back before its job was closed.
        """
        told = job_told_by(folder / drops.STATUS)
        if told is None:
            return None
        with self._store.reading() as session:
            known, is_elsewhere = session.jobs.find(told), session.jobs.is_elsewhere(told)
        if is_elsewhere or not self._spool.is_free(told):
            return self._claim(folder, new_name())
        if known is None or is_over(known):
            return self._claim(folder, told)
        if known.state is JobState.PUBLISHING:
            hint = "It is taken as soon as that is done."
            raise VqdError("job_closing", f"{told} is still being closed.", hint)
        if known.job_file != job_file:
            return self._claim(folder, new_name())
        claims.claim_folder(folder, self._spool.active / told)  # its job goes on there
        return told

    def is_underway(self, job: str) -> bool:
        """Tell whether a folder in active/ is being taken in, or waits for that."""
        return job in self._underway

    def take_in(self, job: str) -> None:
        """Let a folder in active/ be taken in, of which the queue has no open job."""
        self._underway.add(job)
        self._aside.carry_out(lambda: self._take_in(job))

    def _claim(self, folder: Path, job: str) -> str:
        self._underway.add(job)
        try:
            claims.claim_folder(folder, self._spool.active / job)
        except BaseException:
            self._underway.discard(job)
            raise
        self._aside.carry_out(lambda: self._take_in(job))
        return job

    def _take_in(self, job: str) -> None:
        try:
            self._compare(job, self._spool.active / job)
        except (FileNotFoundError, Stopped):
            return  # moved away meanwhile; or found again at the next start
        except (OSError, VqdError) as error:
            _log.warning("return.postponed", job=job, error=str(error))
        except Exception:  # noqa: BLE001 - the top of one return: it waits, others are taken in
            _log.exception("return.failed", job=job)
        finally:
            self._underway.discard(job)

    def _compare(self, job: str, folder: Path) -> None:
        job_file = job_file_in(folder) or only_job_file(folder)
        if job_file is None:
            return
        now = self._clock()
        drops.lay_inputs_out(folder, job_file.name)
        is_suspended = reason_told_by(folder / drops.STATUS) == SUSPENDED
        if not is_suspended:  # which is told until it is accepted, and after a crash until then
            write_status(folder, _comparing(job, job_file.name, now), now=now, durable=True)
        if self._lacks_events(job):
            drops.set_log_aside(folder)
        with self._store.letting_by():
            draft = self.drafting.draft(job_file, now=now)
        with manifest.opened(folder) as told:
            if draft.planned is None:
                self._accepting.accept(job, draft, now=now)
                return
            again = Again(draft.planned, folder, told, now=now, is_stopping=self._is_stopping)
            moved = drops.set_outputs_aside(folder, again.paths)
            planned = _suspended(again.planned) if is_suspended else again.planned
            self._accepting.accept(job, replace(draft, planned=planned), now=now, kept=again.kept)
        _log.info("job.returned", job=job, prompts=again.total, kept=again.kept, set_aside=moved)

    def _is_stopping(self) -> bool:
        return self._aside.is_stopping

    def _lacks_events(self, job: str) -> bool:
        with self._store.reading() as session:
            return session.adopted.lacks_events(job)


def _suspended(planned: PlannedJob) -> PlannedJob:
    schedule = replace(planned.plan.schedule, suspended=True)
    return replace(planned, plan=replace(planned.plan, schedule=schedule))


def _comparing(job: str, job_file: str, now: float) -> Job:
    """Give a job as it is to be told of while it is compared, which may take long."""
    return Job(
        job_key=0,
        job=job,
        workflow="",
        state=JobState.ASSEMBLING,
        counts=Counts(0, 0, 0, 0, 0, 0),
        plan=None,
        job_file=JobFile(job_file, ""),
        input_folder=drops.INPUTS,
        priority=0,
        accepted_at=now,
        reason=COMPARING,
    )


def is_over(job: Job) -> bool:
    """Tell whether nothing goes on of a job: it is closed, or was never accepted whole."""
    return job.state in CLOSED_STATES or job.state is JobState.ASSEMBLING
