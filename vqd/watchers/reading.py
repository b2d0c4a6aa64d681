"""Jobs that take long to read are read aside, so that other drops are looked at meanwhile."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path

from vqd.domain.frozen import frozen
from vqd.service.draft import Draft
from vqd.service.giving_way import giving_way
from vqd.spool.asking import Askers
from vqd.watchers.settle import Waiting

AT_ONCE = 4
"""Jobs that are read side by side at most: each may take 100 MB of memory."""
MOST_THREADS = 64
"""With those that still read what was forgotten, as from a share that does not answer."""
PATIENCE_S = 0.01
"""How long a look waits for a draft: nearly all are there by then. Other drops wait as long."""
LEAST_AGAIN_S, AGAIN_S = 0.005, 0.05
_SAME_S = 0.001
"""Times that are told by how long ago they were differ by less."""

MakeDraft = Callable[[Path], Draft]
"""Reads a job file, and gives what it asks for."""


@frozen
class _Begun:
    at: float
    draft: Future[Draft]


class Reading:
    """Makes the drafts of one place, a few at once, on threads that are there meanwhile."""

    def __init__(self) -> None:
        self._readers = Askers(MOST_THREADS, name="reading")
        self._begun: dict[Path, _Begun] = {}

    def underway(self, job_file: Path, now: float) -> Waiting | None:
        """Give what a job file waits for if its draft is being made."""
        begun = self._begun.get(job_file)
        return None if begun is None or begun.draft.done() else _read_since(begun, now)

    def draft(
        self, job_file: Path, make: MakeDraft, *, now: float, changed_at: float
    ) -> Draft | Waiting:
        """Give, once, the draft of what lay there since `changed_at`; monotonic seconds.

        Raises:
            FileNotFoundError: the job file is gone.
        """
        begun = self._begun.get(job_file)
        if begun is None or begun.at < changed_at - _SAME_S:
            if sum(not one.draft.done() for one in self._begun.values()) >= AT_ONCE:
                return Waiting("is read as soon as others are", AGAIN_S)
            begun = self._begin(job_file, make, now)
            with suppress(TimeoutError):
                begun.draft.exception(PATIENCE_S)
        if not begun.draft.done():
            return _read_since(begun, now)
        del self._begun[job_file]
        return begun.draft.result()

    def _begin(self, job_file: Path, make: MakeDraft, now: float) -> _Begun:
        draft = self._readers.asked(partial(_made, make, job_file))
        begun = self._begun[job_file] = _Begun(now, draft)
        return begun

    def forget(self, drop: Path) -> None:
        """Forget what was read of a drop that was taken or is gone."""
        for job_file in [path for path in self._begun if path.is_relative_to(drop)]:
            del self._begun[job_file]


def _read_since(begun: _Begun, now: float) -> Waiting:
    """Give for how long to wait: a quarter at most of what was waited before."""
    return Waiting("is being read", min(max(LEAST_AGAIN_S, (now - begun.at) / 4), AGAIN_S))


def _made(make: MakeDraft, job_file: Path) -> Draft:
    with giving_way():
        return make(job_file)
