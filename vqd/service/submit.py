"""Taking a job in: S0 dropped, S1 claimed, S2 accepted.

A draft is made from the files as they lie, without touching them; then the folder is claimed by
one rename and the draft committed. After a crash between the two, the folder in active/ has no
row, and the same is done from there.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from vqd.domain.errors import Problem
from vqd.domain.job import Plan
from vqd.domain.lifecycle import CLOSED_STATES, JobState, Move, PromptState
from vqd.domain.queue import Job
from vqd.domain.quote import QuoteOver, quote
from vqd.service.drafts import Draft, Drafting
from vqd.service.drift import with_server_drift
from vqd.spool import claims, drops
from vqd.spool.jobfiles import is_alone, job_file_in, only_job_file
from vqd.spool.layout import Spool
from vqd.spool.status import job_told_by, write_status
from vqd.store.store import Session, Store

_NO_BOUND = QuoteOver()


class Submission:
    """Brings jobs into the queue, whichever door they came by."""

    def __init__(
        self,
        spool: Spool,
        store: Store,
        drafting: Drafting,
        *,
        quote_over: QuoteOver = _NO_BOUND,
        on_change: Callable[[], None],
    ) -> None:
        self._quote_over = quote_over
        self._spool = spool
        self._store = store
        self._drafting = drafting
        self._on_change = on_change

    def draft(self, job_file: Path, *, now: float) -> Draft:
        """Read and plan a job where it lies."""
        draft = self._drafting.draft(job_file, now=now)
        if draft.record is None:
            return draft
        with self._store.reading() as session:
            return with_server_drift(draft, session)

    def take(self, job_file: Path, draft: Draft, *, now: float) -> str:
        """Claim a settled drop and accept it; gives its JOB.

        Raises:
            FileNotFoundError: its owner was quicker and moved it away; nothing was taken.
        """
        inbox = self._spool.inbox
        earlier = None if job_file.parent == inbox else self._resumed(job_file, draft, now=now)
        if earlier is not None:
            return earlier
        job = self._spool.free_job_name(draft.name, now, self._is_known)
        folder = self._spool.active / job
        if job_file.parent == inbox:
            inputs = [inbox / path for path in draft.inputs if not Path(path).is_absolute()]
            claims.claim_file(job_file, inputs, folder, alone=not inputs or is_alone(job_file))
        else:
            claims.claim_folder(job_file.parent, folder)
        self._accept(job, draft, now=now)
        return job

    def readmit(self, *, now: float) -> list[str]:
        """Accept every folder in active/ that the queue does not know; gives their JOBs.

        These were claimed when the daemon died, or moved into active/ or renamed there by hand.
        """
        readmitted = []
        for folder in sorted(path for path in self._spool.active.iterdir() if path.is_dir()):
            try:
                if not folder.name.startswith(".") and self._readmit(folder, now=now):
                    readmitted.append(folder.name)
            except FileNotFoundError:
                continue  # published since it was listed
        return readmitted

    def _readmit(self, folder: Path, *, now: float) -> bool:
        job_file = job_file_in(folder) or only_job_file(folder)
        with self._store.reading() as session:
            known = session.jobs.find(folder.name)
        is_closed = known is not None and known.state in CLOSED_STATES
        is_new = known is None or known.state is JobState.ASSEMBLING
        if job_file is None or not (is_new or is_closed):
            return False
        draft = self.draft(job_file, now=now)
        if known is not None and known.is_brief:
            self._accept(self._renamed(folder, draft, now=now), draft, now=now)
        elif known is not None and is_closed:
            self._reopen(known, input_folder=draft.input_folder, now=now)
        elif self._resumed(job_file, draft, now=now) is None:
            self._accept(folder.name, draft, now=now)
        return True

    def _renamed(self, folder: Path, draft: Draft, *, now: float) -> str:
        """Give a folder in active/ the name of a new job."""
        job = self._spool.free_job_name(draft.name, now, self._is_known)
        claims.claim_folder(folder, self._spool.active / job)
        return job

    def _resumed(self, job_file: Path, draft: Draft, *, now: float) -> str | None:
        """Put a job's folder back where the job goes on, if it was moved away; give its JOB."""
        earlier = self._earlier(job_file.parent)
        if earlier is None or earlier.plan is None or earlier.job_file != draft.job_file:
            return None  # also if its record is brief: its folder comes in as a new job
        claims.claim_folder(job_file.parent, self._spool.active / earlier.job)
        if earlier.state in CLOSED_STATES:
            self._reopen(earlier, input_folder=draft.input_folder, now=now)
        return earlier.job

    def _accept(self, job: str, draft: Draft, *, now: float) -> None:
        folder = self._spool.active / job
        drops.set_aside(folder, but=frozenset({drops.STATUS} if draft.input_folder else ()))
        problems = draft.problems or _reserved(draft)
        if draft.planned is not None and not problems:
            self._store.accept(
                job,
                draft.planned,
                draft.job_file,
                input_folder=draft.input_folder,
                now=now,
                quote=self._quote(draft.planned.plan),
            )
            self._tell(job, now=now)
        else:
            self._reject(job, draft, problems, now=now)
        self._on_change()

    def _quote(self, plan: Plan) -> str | None:
        with self._store.reading() as session:
            prompt_s = session.estimates.seconds(plan.workflow)
        return quote(plan.total, prompt_s, self._quote_over)

    def _reject(self, job: str, draft: Draft, problems: Sequence[Problem], *, now: float) -> None:
        if not draft.input_folder:
            drops.begin_layout(self._spool.active / job)
        self._store.write(
            lambda session: session.jobs.reject(
                job,
                problems,
                draft.job_file,
                name=draft.name,
                workflow=draft.workflow,
                input_folder=draft.input_folder,
                notify=draft.notify,
                keep_s=draft.keep_s,
                now=now,
            )
        )

    def _reopen(self, job: Job, *, input_folder: str, now: float) -> None:
        def reopen(session: Session) -> None:
            if not session.jobs.reopen(job.job_key, input_folder=input_folder, now=now):
                return  # trimmed since it was read: it is found in active/ and comes in as new
            for source in (PromptState.FAILED, PromptState.CANCELLED):
                session.prompts.move_all(job.job_key, Move.RETRY, source, now=now)

        self._store.write(reopen)
        self._tell(job.job, now=now)
        self._on_change()

    def _tell(self, job: str, *, now: float) -> None:
        with self._store.reading() as session:
            accepted = session.jobs.find(job)
        folder = self._spool.active / job
        if accepted is not None and folder.is_dir():
            write_status(folder, accepted, now=now, final=False)

    def _earlier(self, folder: Path) -> Job | None:
        job = job_told_by(folder / drops.STATUS)
        if job is None or self._spool.find(job) is not None:
            return None
        with self._store.reading() as session:
            return session.jobs.find(job)

    def _is_known(self, job: str) -> bool:
        with self._store.reading() as session:
            return session.jobs.find(job) is not None


def _reserved(draft: Draft) -> tuple[Problem, ...]:
    taken = {path.split("/")[0] for path in draft.inputs} & drops.RESULT_NAMES
    if draft.input_folder:
        return ()
    return tuple(
        Problem(
            code="reserved_name",
            said=f"inputs may not lie in {name}: vqd writes its own {name} into a job's folder.",
            where=draft.job_file.name,
            hint="Rename it (it was moved to previous/) and the paths that name it.",
        )
        for name in sorted(taken)
    )
