"""Jobs whose folder is gone from active/ for good: somebody deleted it, or took it away."""

from collections.abc import Callable, Collection, Mapping

import structlog

from vqd.spool.layout import Spool
from vqd.store.store import Store

_log = structlog.get_logger(__name__)


class Gone:
    """Cancels the jobs that had no folder at two looks on end.

    A prompt that is to start finds its folder gone by itself; what is suspended, or waits for
    something else, would wait for ever.
    """

    def __init__(self, spool: Spool, store: Store, *, on_change: Callable[[], None]) -> None:
        self._spool = spool
        self._store = store
        self._on_change = on_change
        self._missed: set[str] = set()

    def look(self, unfinished: Mapping[str, int], lying: Collection[str], *, now: float) -> None:
        """Look for the folders of jobs that are not over, given by name with their keys, but for
        those that are seen `lying` in active/; `now` is UTC seconds."""
        missed = {job for job in unfinished if job not in lying and self._spool.find(job) is None}
        if not self._spool.is_present():
            return  # an unmounted share looks as if everything were deleted
        gone, self._missed = missed & self._missed, missed
        for job in sorted(gone):
            self._cancel(job, unfinished[job], now)

    def _cancel(self, job: str, job_key: int, now: float) -> None:
        why = "its folder was deleted"
        if self._store.write(lambda session: session.cancel(job_key, now=now, why=why)):
            _log.warning("job.gone", job=job)
            self._on_change()
