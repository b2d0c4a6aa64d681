"""Results dropped into the inbox: pictures, clips and sounds that carry how they were made."""

import time
from collections.abc import Callable, Collection, Iterator
from os import scandir
from pathlib import Path

import structlog

from vqd.domain.names import why_never_taken
from vqd.service.carried import CarriedJob, carried_in, holds_graph
from vqd.service.submit import Submission
from vqd.spool.files import is_real_file
from vqd.spool.jobfiles import has_job_suffix
from vqd.watchers.candidate import NotTaken
from vqd.watchers.dropfolder import DropFolder
from vqd.watchers.gathering import Sign
from vqd.watchers.listing import sign_of
from vqd.watchers.settle import Waiting

QUIET_S = 5.0
"""How long a result must be quiet: a job file that names it as an input may be on its way."""
AGAIN_S = 2.0

PLAIN = NotTaken(
    "a picture, clip or sound without a record; put it into a hot folder or beside a job file"
)
GRAPH = NotTaken("a graph; a job file beside it can name it: `workflow: {}`")

_log = structlog.get_logger(__name__)


class ResultDrops:
    """Takes results that lie in the inbox itself; what lies in folders is always an input."""

    def __init__(
        self,
        folder: Path,
        submission: Submission,
        drops: DropFolder,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._submission = submission
        self._drops = drops
        self._clock = clock
        self._plain: dict[str, Sign] = {}
        self._graphs: dict[str, Sign] = {}
        self._listed_at: float | None = None
        self._listed: str | None = None

    def look(self, name: str, now: float) -> Waiting | NotTaken | None:
        """Take a file if it is a result and nothing else may want it; `now` is monotonic seconds.

        Raises:
            FileNotFoundError: it is gone. OSError, VqdError: it cannot be taken.
        """
        path = self._folder / name
        sign = sign_of(path.lstat())
        if self._plain.get(name) == sign:
            return PLAIN
        settled = self._drops.settle(name, [path], now)
        if isinstance(settled, Waiting):
            return settled
        if settled.quiet_s < QUIET_S:
            reason = "has arrived; it may belong to a job file that is still to come"
            return Waiting(reason, QUIET_S - settled.quiet_s)
        other = self._job_file(now)
        if other is not None:
            return Waiting(f"it may belong to {other!r}, which is not taken yet", AGAIN_S)
        carried = carried_in(path)
        if carried is None:
            self._plain[name] = sign
            return PLAIN
        return self._take(name, carried, now)

    def graph(self, name: str) -> NotTaken | None:
        """Tell why a file that could be a job file is none, if it is a graph."""
        path = self._folder / name
        sign = sign_of(path.lstat())
        if self._graphs.get(name) != sign:
            if not (name.lower().endswith(".json") and holds_graph(path)):
                return None
            self._graphs[name] = sign
        return NotTaken(GRAPH.reason.format(name))

    def keep_only(self, names: Collection[str]) -> None:
        """Forget what is gone."""
        for known in (self._plain, self._graphs):
            for gone in known.keys() - set(names):
                del known[gone]

    def _job_file(self, now: float) -> str | None:
        """Give the name of a job file in the inbox, if there is one, listed once for each look."""
        if self._listed_at != now:
            self._listed_at, self._listed = now, next(self._job_files(), None)
        return self._listed

    def _job_files(self) -> Iterator[str]:
        with scandir(self._folder) as entries:
            for entry in entries:
                may_be = has_job_suffix(Path(entry.name)) and why_never_taken(entry.name) is None
                if (
                    may_be
                    and entry.name not in self._graphs
                    and entry.is_file(follow_symlinks=False)
                ):
                    yield entry.name

    def _take(self, name: str, carried: CarriedJob, now: float) -> Waiting | None:
        path = self._folder / name
        beside = [one for one in map(path.with_name, carried.beside) if is_real_file(one)]
        settled = self._drops.settle(f"{name}/inputs", [path, *beside], now)
        if isinstance(settled, Waiting):
            return settled
        job, draft = self._submission.take_result(path, carried, now=self._clock())
        for one in beside:
            self._drops.forget_moved(one.name)
        _log.info("drop.taken", drop=name, job=job, prompts=draft.total, workflow=draft.workflow)
        return None
