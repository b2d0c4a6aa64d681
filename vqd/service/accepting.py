"""Accepting a claimed job (S1 to S2): planned it is queued, at fault it is published to failed/."""

from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from vqd.domain.errors import Problem
from vqd.domain.quote import QuoteOver, quote
from vqd.service.draft import Draft
from vqd.spool import drops
from vqd.spool.files import is_real_folder
from vqd.spool.layout import Spool
from vqd.spool.status import write_status
from vqd.store.store import Store

_log = structlog.get_logger(__name__)


class Accepting:
    """Brings claimed folders into the queue. Closed jobs of the same name become theirs."""

    def __init__(
        self, spool: Spool, store: Store, quote_over: QuoteOver, on_change: Callable[[], None]
    ) -> None:
        self._spool = spool
        self._store = store
        self.quote_over = quote_over
        """What jobs are quoted that are accepted from now on."""
        self._on_change = on_change

    def accept(self, job: str, draft: Draft, *, now: float, kept: int = 0) -> None:
        """Accept the folder `job` in active/. `kept` prompts of it are made already."""
        self.begin(job, draft, now=now, kept=kept)()
        self._on_change()

    def begin(self, job: str, draft: Draft, *, now: float, kept: int = 0) -> Callable[[], None]:
        """Begin to accept a folder, and give what ends it, of which nobody is told yet; those begun
        together share a commit."""
        problems = draft.problems or _reserved(draft)
        if draft.planned is None or problems:
            self._reject(job, draft, problems, now=now)
            return _nothing
        plan = draft.planned.plan
        wait = self._store.begin_accepting(
            job,
            draft.planned,
            draft.job_file,
            input_folder=draft.input_folder,
            now=now,
            quote=self._quote(plan.workflow, plan.total - kept),
        )

        def end() -> None:
            wait()
            self._tell(job, now=now)

        return end

    def _quote(self, workflow: str, prompts: int) -> str | None:
        with self._store.reading() as session:
            prompt_s = session.estimates.seconds(workflow)
        return quote(prompts, prompt_s, self.quote_over) if prompts else None

    def _reject(self, job: str, draft: Draft, problems: Sequence[Problem], *, now: float) -> None:
        if not draft.input_folder:
            drops.begin_layout(self._spool.active / job)
        self._store.reject(
            job,
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
            ),
        )

    def _tell(self, job: str, *, now: float) -> None:
        with self._store.reading() as session:
            accepted = session.jobs.find(job)
        folder: Path = self._spool.active / job
        if accepted is None or not is_real_folder(folder):
            return
        try:
            write_status(folder, accepted, now=now, durable=False)
        except OSError as error:  # it is accepted all the same, and told of when it changes
            _log.warning("status.unwritten", error=str(error))


def _nothing() -> None:
    """Do nothing more about a job that was rejected."""


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
