"""Where the folders of jobs are: in the spool that this daemon serves, or in one that another does,
whose jobs it helps with; or out of reach, so that their files travel by the depot."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from vqd.domain.queue import Job, Prompt
from vqd.runner.bydepot import ByDepot
from vqd.runner.carriage import IN_REACH, Carriage
from vqd.runner.share import Share, ShareAway
from vqd.spool.layout import Spool

AGAIN_S = 30.0
"""How long another daemon's spool is left alone that was away or paused."""


class HomeAway(Exception):
    """The spool of another daemon, where a job is at home, is not in reach; why, in a few words."""


class JobFolders:
    """Finds the folders of jobs. `others` are the spools of other daemons by their marks.

    Used by the loop's thread, but for `are_away`, which any thread may ask.
    """

    def __init__(
        self,
        spool: Spool,
        share: Share,
        others: Mapping[str, Spool],
        *,
        on_answer: Callable[[], None],
        depot: ByDepot | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._share = share
        self._others = {
            mark: (other, Share(other, on_answer=on_answer)) for mark, other in others.items()
        }
        self._depot = depot
        self._clock = clock
        self._away_until: dict[str, float] = {}

    def reached(self) -> list[str]:
        """Give the marks of the other spools whose jobs may be claimed now."""
        now = self._clock()
        return [mark for mark in self._others if self._away_until.get(mark, now) <= now]

    def is_elsewhere(self, job: Job) -> bool:
        """Tell whether another daemon serves the spool of a job."""
        return job.home in self._others or self._by_depot(job) is not None

    @property
    def has_depot(self) -> bool:
        """Tell whether the files of jobs may travel by the depot now."""
        return self._depot is not None and self._depot.is_there

    def carriage(self, job: Job) -> Carriage:
        """Give what carries the files of a job's prompts here and back."""
        depot = self._by_depot(job)
        return IN_REACH if depot is None else depot.carriage(job)

    def active(self, job: Job, prompt: Prompt) -> Path | None:
        """Give the folder of a job that is not over, or what stands in for it where the files of a
        prompt travel by the depot; None if it is gone, and the job with it.

        Raises:
            ShareAway: nobody can tell.
            HomeAway: the same, of another daemon's spool, or that is paused; or the folder is gone,
                for that daemon to find out.
        """
        depot = self._by_depot(job)
        if depot is not None:
            return depot.folder_for(prompt)
        if not self.is_elsewhere(job):
            return self._spool.active / job.job if self._share.has_active(job.job) else None
        spool, share = self._others[job.home]
        why = _why_away(share, job)
        if why is not None:
            self._away_until[job.home] = self._clock() + AGAIN_S
            raise HomeAway(f"{spool.root}: {why}")
        return spool.active / job.job

    def _by_depot(self, job: Job) -> ByDepot | None:
        """Give what carries the files of a job whose folder is not in reach; None if it is."""
        if self._depot is None or job.home in self._others or job.home in ("", self._depot.home):
            return None
        return self._depot

    def are_away(self) -> bool:
        """Tell whether one of the spools is not there."""
        spools = (self._spool, *(spool for spool, _ in self._others.values()))
        return not all(spool.is_present() for spool in spools)


def _why_away(share: Share, job: Job) -> str | None:
    try:
        if not share.has_mark(job.home):
            return "it is another spool by now"
        held = share.held_by()
        if held is None and not share.has_active(job.job):
            return f"{job.job} is not in active/"
    except ShareAway as away:
        return str(away)
    return held
