"""A hot folder: it stays, and what is dropped into it becomes jobs.

1. A look lists it: files, folders, and what is neither (`listing`).
2. Files that are complete and came together are one job (`gathering`); a folder is one by itself,
   settled as in the inbox.
3. It is taken a slice at a time (`taking`).

While its `_defaults.yaml` is being written or has faults, everything in it waits.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from vqd.documents.sizes import size_told
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.service.draft import Draft
from vqd.service.hot import HotFolders, HotJob
from vqd.spool.requests import hold_back
from vqd.spool.status import STATUS, job_told_by
from vqd.watchers.candidate import Candidate, HotCandidate, NotTaken, candidate_at
from vqd.watchers.dropfolder import DropFolder
from vqd.watchers.gathering import Gathered, Gatherer, Gathering
from vqd.watchers.listing import Listing, file_names, list_hot, sign_of, size_in
from vqd.watchers.look import is_held
from vqd.watchers.seeing import Seeing
from vqd.watchers.settle import Settling, Waiting
from vqd.watchers.taking import Taker
from vqd.watchers.waiting import MOST_LINES, WaitingList

NEW_QUIET_S = 10.0
"""How long a folder that is merely named after a workflow is quiet until it counts as a hot folder:
it may be a job folder whose job.yaml is still to come."""
AGAIN_S = 0.5
_ARRIVED = "has arrived; taken when nothing more comes"

_log = structlog.get_logger(__name__)


@frozen
class Pace:
    """How long drops are quiet until they are complete, and until what came together is one job."""

    settle_s: float
    gather_s: float


class HotFolder:
    """One hot folder. `label` is what it is called in WAITING.txt and the log, `name` in a JOB."""

    def __init__(
        self,
        path: Path,
        label: str,
        name: str,
        hots: HotFolders,
        *,
        pace: Pace,
        seeing: Seeing,
        waiting: WaitingList,
        is_sure: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`is_sure`: somebody said so, and it is not merely named after a workflow."""
        self._path = path
        self._label = label
        self._name = name
        self._hots = hots
        self._pace = pace
        self._seeing = seeing
        self._waiting = waiting
        self._clock = clock
        self._drops = DropFolder(
            path,
            label,
            self._take_folder,
            settling=Settling(settle_s=pace.settle_s),
            seeing=seeing,
            waiting=waiting,
        )
        self._hot = HotJob(b"", None)
        self._files: Gatherer | None = None
        self._defaults: Gatherer | None = None
        self._taker = Taker()
        self._is_recovered = False
        self._is_sure = is_sure

    def look(self, found: HotCandidate, workflow: str, now: float) -> Waiting | NotTaken:
        """Take what is complete, and say what the folder waits for. `now` is monotonic seconds.

        Raises:
            OSError, VqdError: it cannot be looked into, or what lies in it not be taken.
        """
        try:
            return self._look(found, workflow, now)
        except BaseException:
            self._is_recovered = False
            self._files = None  # what was taken and lies here again came together
            raise

    def forget(self) -> None:
        """Let go of everything noted of what lies in it, and finish what is being taken."""
        self._drops.keep_only(())
        self._waiting.forget(self._label)
        try:
            with suppress(FileNotFoundError):
                self._taker.finish()
        except (OSError, VqdError) as error:
            _log.warning("drop.refused", drop=self._label, error=str(error))

    def _look(self, found: HotCandidate, workflow: str, now: float) -> Waiting | NotTaken:
        if self._taker.is_busy:
            return self._go_on()
        if not self._is_recovered:
            self._hots.recover(self._path)
            self._is_recovered = True
        self._waiting.note_inside(self._label, (), 0)
        if self._is_being_written(found.defaults, now):
            return Waiting("hot folder, its _defaults.yaml is being written", AGAIN_S)
        self._hot = self._hots.job_of(found.defaults, workflow)
        if self._hot.problems:
            return self._at_fault()
        return self._take(list_hot(self._path, self._hot), now)

    def _is_being_written(self, defaults: Path | None, now: float) -> bool:
        if defaults is None:
            return False
        if self._defaults is None:
            self._defaults = Gatherer(now)
        self._defaults.note({defaults.name: sign_of(defaults.lstat())}, now)
        is_quiet = self._defaults.is_quiet(defaults.name, now, self._settle_s())
        return not is_quiet or self._is_held(defaults.name)

    def _at_fault(self) -> NotTaken:
        faults = [("", problem.in_full) for problem in self._hot.problems]
        self._waiting.note_inside(self._label, faults, 0)
        return NotTaken("hot folder, but nothing is taken until this is mended", may_change=True)

    def _take(self, listing: Listing, now: float) -> Waiting | NotTaken:
        if self._files is None:
            self._files = Gatherer(now)
        self._files.note(listing.files, now)
        gather_s = self._gather_s(self._files, now)
        self._look_at_folders(listing.folders, now)
        if self._taker.is_busy:
            return self._go_on()
        judged = self._files.judge(
            now,
            settle_s=self._settle_s(),
            gather_s=gather_s,
            is_input=self._hot.takes,
            is_held=self._is_held,
        )
        if isinstance(judged, Gathered):
            files = [self._path / name for name in judged.names]
            taking = self._hots.take_files(
                files, self._path, self._hot, self._name, now=self._clock()
            )
            self._taker.begin(self._label, taking)
            return self._go_on()
        self._note(listing, judged)
        return self._idle(judged, now)

    def _gather_s(self, files: Gatherer, now: float) -> float:
        if self._hot.defaults is not None or files.quiet_s(now) >= NEW_QUIET_S:
            self._is_sure = True
        return self._pace.gather_s if self._is_sure else max(self._pace.gather_s, NEW_QUIET_S)

    def _look_at_folders(self, names: Sequence[str], now: float) -> None:
        self._drops.keep_only(names)
        if self._is_sure:
            due = self._drops.due(now).intersection(names)
            self._drops.look(due | self._drops.unknown(names), now)

    def _take_folder(self, name: str, now: float) -> Waiting | NotTaken | None:
        """Take a folder that was dropped here, if it is complete."""
        if self._taker.is_busy:
            return Waiting("taken when what came before it is", AGAIN_S)
        if job_told_by(self._path / name / STATUS) is not None:
            return NotTaken("a job's folder: to run it again, move it into the inbox", True)
        found = candidate_at(self._path / name, lambda _: True)
        if isinstance(found, NotTaken):
            if found.may_change:
                hold_back(self._path / name, self._clock())
            return found
        if isinstance(found, HotCandidate) and found.defaults is not None:
            return NotTaken(f"{found.defaults.name} lies in it: a job's is job.yaml", True)
        if isinstance(found, Candidate):
            waits: Waiting | NotTaken | None = self._job_folder(name, found, now)
        else:
            waits = self._inputs_folder(name, now)
        has_job_file = isinstance(found, Candidate)
        return waits if waits is not None else self._begin(name, has_job_file=has_job_file)

    def _job_folder(self, name: str, found: Candidate, now: float) -> Waiting | None:
        def draft(job_file: Path) -> Draft:
            return self._hots.draft(job_file, self._hot, now=self._clock())

        ready = self._drops.ready(name, found, draft, now, peek=draft)
        return ready if isinstance(ready, Waiting) else None

    def _inputs_folder(self, name: str, now: float) -> Waiting | NotTaken | None:
        settled = self._drops.settle(name, [self._path / name], now)
        if isinstance(settled, Waiting):
            return settled
        if not self._drops.is_renamed(name) and settled.quiet_s < self._pace.gather_s:
            return Waiting(_ARRIVED, self._pace.gather_s - settled.quiet_s)
        if not any(map(self._hot.takes, file_names(self._path / name))):
            return NotTaken(f"no {self._hot.kinds} in it", may_change=True)
        return None

    def _begin(self, name: str, *, has_job_file: bool) -> Waiting | None:
        taking = self._hots.take_folder(
            self._path / name, self._hot, has_job_file=has_job_file, now=self._clock()
        )
        self._taker.begin(f"{self._label}/{name}", taking)
        self._taker.go_on()
        return Waiting("is being taken", AGAIN_S) if self._taker.is_busy else None

    def _go_on(self) -> Waiting:
        """Go on taking; once it is taken there is something else to look at."""
        return Waiting("hot folder, what lies here is being taken", self._taker.go_on())

    def _idle(self, judged: Gathering, now: float) -> Waiting | NotTaken:
        unsure_s = None if self._is_sure else NEW_QUIET_S
        waits = [
            wait
            for wait in (judged.again_s, self._drops.again_s(now), unsure_s)
            if wait is not None
        ]
        reason = f"hot folder: drop {self._hot.kinds} here, or folders of them"
        return Waiting(reason, max(0.0, min(waits))) if waits else NotTaken(reason)

    def _note(self, listing: Listing, judged: Gathering) -> None:
        """Note what lies here and waits, the first thousand of it by name."""
        growing, alone = set(judged.growing), set(judged.alone)
        names = sorted([*listing.files, *listing.left])[:MOST_LINES]
        lines = []
        for name in names:
            if name in growing:
                said = f"still growing, {size_told(size_in(listing.files[name]))} so far"
            elif name in alone:
                said = f"waits for its input: {self._hot.kinds} of the same name"
            else:
                said = listing.left.get(name, _ARRIVED)
            lines.append((name, said))
        untold = len(listing.files) + len(listing.left) - len(lines)
        self._waiting.note_inside(self._label, lines, untold)

    def _settle_s(self) -> float:
        sight = self._seeing.at(self._path)
        return self._pace.settle_s if sight.is_local else sight.settle_poll_s

    def _is_held(self, name: str) -> bool:
        return self._seeing.at(self._path).is_local and bool(is_held(str(self._path / name)))
