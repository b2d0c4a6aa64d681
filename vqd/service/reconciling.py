"""The queue brought to what the folders tell, before anything runs: at every start.

Folders decide. A queue that knows less was lost, or is an older copy that somebody put back:

1. A job that the queue has open, and whose folder is in done/ or failed/ with its last STATUS.yaml,
   has ended since: it is closed as the folder tells, and nothing of it runs again.
2. A job in done/ or failed/ that the queue does not know, or knows to have ended otherwise, is
   written as its folder tells.
3. A job in active/ whose manifest tells of outputs that the queue does not know is let go of, and
   accepted anew by that manifest, as is every folder in active/ that the queue does not know.
4. A job that was being accepted, and whose folder is nowhere by now, is cancelled.

Killed anywhere, it is done again. What it cannot know: what became of prompts that failed since, so
these run again.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path

import structlog

from vqd.domain.closed import ClosedJob
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import JobState
from vqd.service.filed import filed_in
from vqd.spool.files import is_real_folder
from vqd.spool.layout import Spool
from vqd.spool.madelast import made_last
from vqd.store.store import Session, Store

_SLICE_JOBS = 100
_SLICE_PROMPTS = 2000
"""What goes in one write, and between two signs of life; a job by itself may have more prompts."""

_log = structlog.get_logger(__name__)


@frozen
class Reconciled:
    """How many jobs were unknown and are `adopted`, had `ended` since or otherwise, and are taken
    up `anew` of those that are not over."""

    adopted: int
    ended: int
    anew: int


class Reconciling:
    """Brings the queue to what the folders tell. `on_slice` is called now and then meanwhile."""

    def __init__(
        self, spool: Spool, store: Store, *, on_slice: Callable[[int], None] = lambda _: None
    ) -> None:
        self._spool = spool
        self._store = store
        self._on_slice = on_slice

    def carry_out(self, *, now: float) -> Reconciled:
        """Do so once; `now` is UTC seconds.

        Cost: a list of done/ and failed/, and of the jobs; a look at each open job's folder; some
        2 ms for each job of which only its folder tells.

        Raises:
            OSError: the spool cannot be read.
        """
        with self._store.reading() as session:
            states = session.adopted.states()
        anew = [job for job, state in states.items() if state in _ACCEPTED and self._is_ahead(job)]
        for job in anew:
            self._store.disown(job, now=now)
        begun = [job for job, state in states.items() if state is JobState.ASSEMBLING]
        for job in begun:
            self._store.forget_prompts(job)  # it is accepted anew; it may have been let go of
        self._close_gone(begun, now)
        adopted = ended = 0
        for part in _slices(self._told_otherwise(states)):
            for job in (one.job for one in part if one.job in states):
                self._store.disown(job, now=now)
            written = self._adopt(part, now)
            ended += sum(job in states for job in written)
            adopted += sum(job not in states for job in written)
            self._on_slice(adopted + ended)
        found = Reconciled(adopted, ended, len(anew))
        self._tell(found)
        return found

    def _close_gone(self, jobs: Sequence[str], now: float) -> None:
        """Close those of some jobs that were being accepted whose folders were deleted since: they
        will never be whole."""
        gone = [job for job in jobs if self._spool.find(job) is None]
        if not self._spool.is_present():
            return  # an unmounted share looks as if everything were deleted
        why = "cancelled: its folder was deleted"
        for job in gone:
            self._store.write(partial(_close, job, why, now))
            _log.warning("job.gone", job=job)

    def _told_otherwise(self, states: Mapping[str, JobState]) -> Iterator[ClosedJob]:
        """Give the closed jobs of which the queue knows nothing, or something else, oldest
        first."""
        for folder in sorted(self._elsewhere(states), key=attrgetter("name")):
            state = states.get(folder.name)
            if state is not None and self._agrees(folder, state):
                continue
            closed = filed_in(folder)
            if closed is not None and closed.state != state:
                yield closed

    def _elsewhere(self, states: Mapping[str, JobState]) -> Iterator[Path]:
        """Give the folders that do not lie where the queue has their jobs: of 100,000, few."""
        there = {self._spool.done: {JobState.DONE}}
        there[self._spool.failed] = {JobState.FAILED, JobState.CANCELLED}
        for place, expected in there.items():
            with os.scandir(place) as entries:
                for name in (entry.name for entry in entries):
                    if states.get(name) not in expected:
                        yield place / name

    def _adopt(self, jobs: Sequence[ClosedJob], now: float) -> list[str]:
        """Write jobs as their folders tell, in one commit; give those that were. Where one cannot
        be written, each by itself."""
        try:
            return self._store.write(partial(_adopt, jobs, now))
        except VqdError:
            raise
        except Exception:  # noqa: BLE001 - the top of one folder: it is left alone, others are not
            if len(jobs) == 1:
                _log.exception("adoption.failed", job=jobs[0].job)
                return []
        return [name for job in jobs for name in self._adopt([job], now)]

    def _agrees(self, folder: Path, state: JobState) -> bool:
        """Tell whether a job of this state may have a folder there."""
        is_closing = state is JobState.PUBLISHING
        return is_closing or self._spool.find(folder.name) != folder

    def _is_ahead(self, job: str) -> bool:
        """Tell whether the folder of an open job tells of more than the queue knows."""
        folder = self._spool.active / job
        if not is_real_folder(folder):
            return False
        made = list(made_last(folder))
        with self._store.reading() as session:
            return session.adopted.is_unknown(job, [(one.output, one.stem) for one in made])

    def _tell(self, found: Reconciled) -> None:
        facts = {"adopted": found.adopted, "ended": found.ended, "anew": found.anew}
        if self._store.is_new:
            waiting = sum(map(is_real_folder, self._spool.active.iterdir()))
            if found.adopted or waiting:
                _log.warning("queue.rebuilt", adopted=found.adopted, waiting=waiting)
        elif any(facts.values()):
            _log.warning("queue.reconciled", **facts)


_ACCEPTED = frozenset({JobState.QUOTED, JobState.QUEUED, JobState.RUNNING})


def _close(job: str, why: str, now: float, session: Session) -> None:
    found = session.jobs.find(job)
    if found is not None:
        session.jobs.close(found.job_key, JobState.CANCELLED, why, now=now)


def _slices(jobs: Iterator[ClosedJob]) -> Iterator[list[ClosedJob]]:
    part: list[ClosedJob] = []
    for job in jobs:
        part.append(job)
        if len(part) == _SLICE_JOBS or sum(len(one.prompts) for one in part) >= _SLICE_PROMPTS:
            yield part
            part = []
    if part:
        yield part


def _adopt(jobs: Sequence[ClosedJob], now: float, session: Session) -> list[str]:
    return [one.job for one in jobs if session.adopted.adopt(one, now=now)]
