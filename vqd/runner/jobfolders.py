"""Where the folders of jobs are: in the spool that this daemon serves, or in one that another does,
whose jobs it helps with."""

from collections.abc import Callable, Mapping
from pathlib import Path

from vqd.domain.queue import Job
from vqd.runner.share import Share, ShareAway
from vqd.spool.layout import Spool


class HomeAway(Exception):
    """The spool of another daemon, where a job is at home, is not in reach; why, in a few words."""


class JobFolders:
    """Finds the folders of jobs. `others` are the spools of other daemons by their marks."""

    def __init__(
        self,
        spool: Spool,
        share: Share,
        others: Mapping[str, Spool],
        *,
        on_answer: Callable[[], None],
    ) -> None:
        self._spool = spool
        self._share = share
        self._others = {
            mark: (other, Share(other, on_answer=on_answer)) for mark, other in others.items()
        }

    def active(self, job: Job) -> Path | None:
        """Give the folder of a job that is not over; None if it is gone, and the job with it.

        Raises:
            ShareAway: nobody can tell.
            HomeAway: the same, of another daemon's spool; or its folder is gone, for that one to
                find out.
        """
        if job.home not in self._others:
            return self._spool.active / job.job if self._share.has_active(job.job) else None
        spool, share = self._others[job.home]
        try:
            if not share.has_mark(job.home):
                raise HomeAway(f"{spool.root} is another spool")
            if not share.has_active(job.job):
                raise HomeAway(f"{job.job} is not in {spool.active}")
        except ShareAway as away:
            raise HomeAway(str(away)) from away
        return spool.active / job.job

    def are_away(self) -> bool:
        """Tell whether one of the spools is not there."""
        spools = (self._spool, *(spool for spool, _ in self._others.values()))
        return not all(spool.is_present() for spool in spools)
