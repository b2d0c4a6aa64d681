"""The inbox: sees drops, waits until they are complete, and hands them in.

1. A hint names a drop, or the rescan sees it. Only these two looks take anything.
2. The drop settles: looks at it are compared (`settle`). A hot folder stays: see `hotfolder`.
3. It is drafted where it lies. If all that is missing is inputs that may still come, it waits.
4. It is claimed and accepted (`service.submit`).
"""

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from vqd.domain.figures import INTAKE_BOUNDS_S, Histogram
from vqd.service.draft import Draft
from vqd.service.hot import HotFolders
from vqd.service.submit import Coming, Submission
from vqd.spool.layout import OWN_FOLDER, Spool
from vqd.spool.leftovers import is_half_made
from vqd.spool.requests import hold_back
from vqd.spool.space import Shortage
from vqd.watchers.candidate import (
    Candidate,
    HotCandidate,
    NotTaken,
    ResultCandidate,
    candidate_at,
)
from vqd.watchers.coming import tell_of
from vqd.watchers.dropfolder import AGAIN_S, DropFolder
from vqd.watchers.elsewhere import Elsewhere, HotPlace
from vqd.watchers.hotfolder import HotFolder, Pace
from vqd.watchers.results import ResultDrops
from vqd.watchers.seeing import Seeing
from vqd.watchers.settle import Settling, Waiting
from vqd.watchers.waiting import WaitingList

ROOM_AGAIN_S = 5.0
"""How soon there may be room again."""


class Inbox:
    """Looks at the inbox when asked to, and says when it wants to be asked again.

    `elsewhere` are hot folders outside of it; as drops they are named by their paths. While there
    is a `shortage` of room nothing is taken.
    """

    def __init__(
        self,
        spool: Spool,
        submission: Submission,
        hots: HotFolders,
        seeing: Seeing,
        *,
        pace: Pace,
        shortage: Callable[[], Shortage | None],
        elsewhere: Sequence[HotPlace] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder = spool.inbox
        self._submission = submission
        self._hots = hots
        self._seeing = seeing
        self._pace = pace
        self._shortage = shortage
        self._short: Shortage | None = None
        self._clock = clock
        self._waiting = WaitingList(spool)
        self.lag_s = Histogram(INTAKE_BOUNDS_S)
        """From the last change of each drop to its acceptance; those in hot folders left out."""
        self._drops = DropFolder(
            folder,
            "",
            self._take,
            settling=Settling(settle_s=pace.settle_s),
            seeing=seeing,
            waiting=self._waiting,
            on_taken=self.lag_s.add,
        )
        self._results = ResultDrops(folder, submission, self._drops, clock=clock)
        self._ready: dict[str, Draft] = {}
        self._listings = self._submission.listings()
        self._hot: dict[str, HotFolder] = {}
        self._elsewhere = {
            str(place.path): Elsewhere(place, self._hot_folder(place.path, place.name))
            for place in elsewhere
        }

    @property
    def elsewhere(self) -> Collection[Path]:
        """The hot folders outside of the inbox."""
        return [Path(name) for name in self._elsewhere]

    def hint(self, name: str, *, renamed: bool) -> None:
        """Note that something happened to the drop `name`. Any thread may call it."""
        if renamed:  # what is copied here is not taken at once
            self._submission.expect()
        self._drops.hint(name, renamed=renamed)

    def scan(self, now: float, *, whole: bool) -> float | None:
        """Look at what was hinted at or is unsettled, or at everything.

        `now` is monotonic seconds. Gives the seconds until another look is due, or None.
        """
        due = self._drops.due(now)
        self._short = self._shortage()
        if whole:
            due = {path.name for path in self._folder.iterdir()} | self._elsewhere.keys()
            self._drops.keep_only(due)
            self._results.keep_only(due)
            for gone in self._hot.keys() - due:
                self._forget_hot(gone)
        self._listings = self._submission.listings()
        self._drops.look(due - {OWN_FOLDER}, now)
        self._take_ready(now)
        self._waiting.write()
        return self._drops.again_s(now)

    def _take(self, name: str, now: float) -> Waiting | NotTaken | None:
        if name in self._elsewhere:
            return self._for_room() or self._elsewhere[name].look(now)
        if is_half_made(name):
            return None  # vqd's own: it gets another name soon
        found = candidate_at(self._folder / name, self._hots.is_workflow)
        if self._short is not None and not isinstance(found, NotTaken):
            return self._for_room()
        if isinstance(found, HotCandidate):
            return self._look_into(name, found, now)
        self._forget_hot(name)
        if isinstance(found, Candidate):
            return self._hand_in(name, found, now)
        if isinstance(found, ResultCandidate):
            return self._results.look(name, now)
        if found.may_change:
            hold_back(self._folder / name, self._clock())
        return NotTaken(found.reason)  # what changes in it is hinted at

    def _for_room(self) -> Waiting | None:
        """Give what everything waits for while there is too little room; None if it does not."""
        return Waiting(f"waits for room: {self._short}", ROOM_AGAIN_S) if self._short else None

    def _look_into(self, name: str, found: HotCandidate, now: float) -> Waiting | NotTaken:
        if name not in self._hot:
            self._hot[name] = self._hot_folder(found.path, name)
        return self._hot[name].look(found, name, now)

    def _hand_in(self, name: str, found: Candidate, now: float) -> Waiting | NotTaken | None:
        draft = self._drops.ready(name, found, self._draft, now, peek=self._peek)
        if isinstance(draft, Waiting):
            return draft
        graph = self._results.graph(name) if found.is_bare and draft.problems else None
        if graph is not None:
            return graph
        if found.is_bare:
            self._ready[name] = draft
            return Waiting("complete; taken at once", AGAIN_S)
        coming = self._submission.take_folder(found.job_file, draft, now=self._clock())
        tell_of(name, draft, coming)
        return None

    def _take_ready(self, now: float) -> None:
        """Take the job files that this look found complete, together."""
        ready, self._ready = self._ready, {}
        if not ready:
            return
        files = [(self._folder / name, draft) for name, draft in ready.items()]
        outcomes = self._submission.take_files(files, now=self._clock())
        for (name, draft), outcome in zip(ready.items(), outcomes, strict=True):
            self._drops.conclude(name, partial(self._taken, name, draft, outcome), now)

    def _taken(self, name: str, draft: Draft, outcome: Coming | Exception) -> None:
        if isinstance(outcome, Exception):
            raise outcome
        for path in draft.inputs:
            self._drops.forget_moved(path.split("/")[0])
        tell_of(name, draft, outcome)

    def _draft(self, job_file: Path) -> Draft:
        with self._submission.letting_by():
            return self._submission.draft(job_file, now=self._clock(), listings=self._listings)

    def _peek(self, job_file: Path) -> Draft:
        with self._submission.letting_by():
            return self._submission.peek(job_file, listings=self._listings)

    def _hot_folder(self, path: Path, name: str) -> HotFolder:
        is_elsewhere = path.parent != self._folder
        label = str(path) if is_elsewhere else name
        return HotFolder(
            path,
            label,
            name,
            self._hots,
            pace=self._pace,
            seeing=self._seeing,
            waiting=self._waiting,
            is_sure=is_elsewhere,
            clock=self._clock,
        )

    def _forget_hot(self, name: str) -> None:
        """Note that a folder is a hot folder no more."""
        hot = self._hot.pop(name, None)
        if hot is not None:
            hot.forget()
