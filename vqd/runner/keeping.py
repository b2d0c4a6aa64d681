"""Trims the records of jobs that were closed long ago: `output.keep`, and `keep` of the settings.

1. The job's rows go, slice by slice, in the lane of the store that lets every claim by first. With
   the first slice its plan goes: from that instant on the job cannot be taken up again.
2. log.txt and graphs/ of its folder go, if the folder still is where vqd put it.
3. Its record is brief.

Killed between any two, it goes on where it was. What people wait for is never touched: outputs,
inputs, the job file, the manifest, the report and STATUS.yaml.
"""

import time
from collections.abc import Callable
from pathlib import Path

import structlog

from vqd.runner.beside import Beside
from vqd.spool import drops
from vqd.spool.layout import Spool
from vqd.spool.status import job_told_by
from vqd.store.store import SLICE, Store

LOOK_AGAIN_S = 600.0
"""How often it looks by itself: the share may be back, and some jobs are kept shorter."""
_STOPPED_WITHIN_S = 10.0

_log = structlog.get_logger(__name__)


class Keeping(Beside):
    """Keeps records as long as they are to be kept. A job that says nothing is kept for `keep_s`
    seconds after it closed, None for ever. It ends after the slice that it is at."""

    def __init__(
        self,
        store: Store,
        spool: Spool,
        keep_s: float | None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("keeping", self.trim, stopped_within_s=_STOPPED_WITHIN_S)
        self._store = store
        self._spool = spool
        self._keep_s = keep_s
        self._clock = clock

    def trim(self) -> float:
        """Trim every record that is due; give the seconds until it should look again."""
        while not self.is_ending:
            now = self._clock()
            with self._store.reading() as session:
                due = session.records.due(now, self._keep_s)
                next_at = session.records.next_at(self._keep_s)
            if due is None:
                wait_s = LOOK_AGAIN_S if next_at is None else next_at - now
                return min(max(0.0, wait_s), LOOK_AGAIN_S)
            if not self._spool.is_present():
                break
            self._trim(due)
        return LOOK_AGAIN_S

    def _trim(self, job_key: int) -> None:
        while self._store.write(lambda session: session.records.trim(job_key, SLICE), bulk=True):
            if self.is_ending:
                return
        with self._store.reading() as session:
            job = session.jobs.get(job_key)
            if not session.records.is_trimming(job_key):
                return  # its folder came back meanwhile
        left = self._trim_folder(job.job)
        if not self._spool.is_present():
            return  # what is left is not known: it goes on when the share is back
        self._store.write(lambda session: session.records.end(job_key, now=self._clock()))
        _log.info("record.trimmed", job=job.job, prompts=job.counts.total, left=left)

    def _trim_folder(self, job: str) -> str | None:
        """Trim the folder of a job; say why not where that cannot be done."""
        folder = self._folder(job)
        if folder is None:
            return "it has no folder in done/ or failed/"
        try:
            drops.trim(folder)
        except OSError as error:
            return str(error)
        return None

    def _folder(self, job: str) -> Path | None:
        folders = (self._spool.done / job, self._spool.failed / job)
        return next((one for one in folders if job_told_by(one / drops.STATUS) == job), None)
