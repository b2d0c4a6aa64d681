"""Where the folders of jobs are: in the spool that this daemon serves, or in one that another does,
whose jobs it helps with; or out of reach, so that their files travel by the depot."""

import time
from collections.abc import Callable
from pathlib import Path

from vqd.domain.queue import Job, Prompt
from vqd.runner.bydepot import ByDepot
from vqd.runner.carriage import IN_REACH, Carriage
from vqd.runner.otherspools import OtherSpools
from vqd.runner.share import Share, ShareAway
from vqd.spool.layout import Spool

AGAIN_S = 30.0
"""How long another daemon's spool is left alone that was away or paused."""


class HomeAway(Exception):
    """The spool of another daemon, where a job is at home, is not in reach; why, in a few words."""


class HomeSilent(HomeAway):
    """It may be in reach again, with the folder in it: nobody can tell for now."""


class JobFolders:
    """Finds the folders of jobs. `others` are the spools of other daemons.

    Used by the loop's thread, but for `are_away`, which any thread may ask.
    """

    def __init__(
        self,
        spool: Spool,
        share: Share,
        others: OtherSpools,
        *,
        depot: ByDepot | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._share = share
        self._others = others
        self._depot = depot
        self._clock = clock
        self._away_until: dict[str, float] = {}

    def reached(self) -> list[str]:
        """Give the marks of the other spools whose jobs may be claimed now."""
        now = self._clock()
        return [mark for mark in self._others.known if self._away_until.get(mark, now) <= now]

    def again_s(self) -> float | None:
        """Give the seconds until jobs of one more spool may be claimed, or one that is not known
        yet is to be asked for its mark; None if none is left out."""
        now = self._clock()
        waits = [until - now for until in self._away_until.values() if until > now]
        unknown_s = self._others.again_s()
        return min(waits if unknown_s is None else [*waits, unknown_s], default=None)

    def is_elsewhere(self, job: Job) -> bool:
        """Tell whether another daemon serves the spool of a job."""
        return job.home not in ("", self._others.home)

    @property
    def has_depot(self) -> bool:
        """Tell whether the files of jobs may travel by the depot now."""
        return self._depot is not None and self._depot.is_there

    def carriage(self, job: Job) -> Carriage:
        """Give what carries the files of a job's prompts here and back."""
        depot = self._by_depot(job)
        return IN_REACH if depot is None else depot.carriage(job)

    def active(self, job: Job, prompt: Prompt, *, is_sent: bool = False) -> Path | None:
        """Give the folder of a job that is not over, or what stands in for it where the files of a
        prompt travel by the depot; None if it is gone, and the job with it.

        A spool that is paused is in reach for a prompt that `is_sent`, which comes to its end.

        Raises:
            ShareAway: nobody can tell.
            HomeAway: the same, of another daemon's spool (`HomeSilent`), or that is paused; or the
                folder is gone, for that daemon to find out.
        """
        if not self.is_elsewhere(job):
            return self._spool.active / job.job if self._share.has_active(job.job) else None
        depot = self._by_depot(job)
        if depot is not None:
            return depot.folder_for(prompt)
        if job.home not in self._others.known:
            raise (HomeAway if self._others.are_known else HomeSilent)(_UNKNOWN)
        spool, share = self._others.known[job.home]
        try:
            _require_active(share, job, is_sent=is_sent)
        except HomeAway as away:
            self._away_until[job.home] = self._clock() + AGAIN_S
            raise type(away)(f"{spool.root}: {away}") from away
        return spool.active / job.job

    def _by_depot(self, job: Job) -> ByDepot | None:
        """Give what carries the files of a job whose folder is not in reach; None if it is."""
        is_in_reach = job.home in self._others.known or not self.is_elsewhere(job)
        return None if is_in_reach else self._depot

    def are_away(self) -> bool:
        """Tell whether one of the spools is not there."""
        spools = (self._spool, *(spool for spool, _ in list(self._others.known.values())))
        return not all(spool.is_present() for spool in spools)


def _require_active(share: Share, job: Job, *, is_sent: bool) -> None:
    """Do nothing if the folder of a job is in another daemon's spool, and may be used.

    Raises:
        HomeAway: it is not, or may not be.
    """
    try:
        if share.mark() != job.home:
            raise HomeAway("it is another spool by now")
        if not is_sent and (held := share.held_by()) is not None:
            raise HomeAway(held)
        if not share.has_active(job.job):
            raise HomeAway(f"{job.job} is not in active/")
    except ShareAway as away:
        raise HomeSilent(str(away)) from away


_UNKNOWN = "its spool is none of those that are mounted here"
