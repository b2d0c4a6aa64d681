"""Publishing: S3 closing, S4 laid out, S5 closed. A few threads, so that a job of which much is to
be written holds up no other; what is told of jobs before they close has its own.

1. Note in the folder that it is being laid out; commit *publishing* (S3).
2. Write everything into the folder; rename it to done/ or failed/ (S4).
3. Commit *closed* (S5).

Killed between any two, the same three steps are done again and find what is done already.
"""

import math
import queue
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import structlog

from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import JobState
from vqd.domain.queue import Job
from vqd.media.thumbnails import Thumbnails
from vqd.runner.closing import lay_out
from vqd.runner.room import Room
from vqd.runner.statuses import RunningNow, Statuses
from vqd.spool import drops
from vqd.spool.files import sync_folder
from vqd.spool.layout import Spool
from vqd.spool.space import refusal
from vqd.store.store import Store

AGAIN_S = 10.0
FAULT_AGAIN_S = 60.0
ENDED_WITHIN_S = 3.0
AT_ONCE = 2
"""Jobs that are closed at the same time."""

_log = structlog.get_logger(__name__)


def _there() -> str | None:
    """Give no reason why the depot should be away."""
    return None


def _told_to_nobody(_: Job) -> None:
    """Do nothing about a job that is closed."""


class Publisher:
    """Closes jobs and writes their status, beside the loop.

    `on_close` is given each job as it is then; `why_depot_away` says why the depot is away, None if
    it is there.
    """

    def __init__(
        self,
        store: Store,
        spool: Spool,
        *,
        on_change: Callable[[], None],
        kept: Thumbnails | None = None,
        room: Room | None = None,
        on_close: Callable[[Job], None] = _told_to_nobody,
        why_depot_away: Callable[[], str | None] = _there,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._spool = spool
        self._kept = kept
        self._room = room
        self._statuses = Statuses(store, spool, kept, why_depot_away, clock=clock)
        self._on_change = on_change
        self._on_close = on_close
        self._clock = clock
        self._asked: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._closing: set[int] = set()
        self._again_at: dict[int, float] = {}
        self._ends_at = math.inf
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, name="publisher", daemon=True)
            for _ in range(AT_ONCE)
        ]

    def start(self) -> None:
        """Begin to publish."""
        self._statuses.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads when they have done what they were asked for, or in a few seconds: what
        is left is asked for again at the next start."""
        self._ends_at = time.monotonic() + ENDED_WITHIN_S
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join()
        self._statuses.stop(ENDED_WITHIN_S)

    def publish(self, job_key: int, job: str) -> None:
        """Ask for a job to be closed; asking again while it is under way changes nothing."""
        with self._lock:
            waits = time.monotonic() < self._again_at.get(job_key, 0.0)
            if job_key in self._closing or waits:
                return
            self._closing.add(job_key)
        self._asked.put(lambda: self._close(job_key, job))

    def tell(self, job_keys: Iterable[int], running: RunningNow, held: str | None) -> None:
        """Ask for the STATUS.yaml of these jobs; `held` says why nothing is sent, if so."""
        self._statuses.tell(job_keys, running, held)

    def prove(self, job_key: int) -> None:
        """Ask for the page that shows what a job's proof made."""
        self._statuses.prove(job_key)

    def again_s(self, now: float) -> float | None:
        """Give the seconds until a job that could not be closed is worth asking for again.

        What is being closed is not: its end is told by `on_change`.
        """
        with self._lock:
            waits = [at - now for key, at in self._again_at.items() if key not in self._closing]
        return max(0.0, min(waits)) if waits else None

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None and time.monotonic() < self._ends_at:
            asked()

    def _close(self, job_key: int, job: str) -> None:
        try:
            with self._statuses.last(job_key):
                self._publish(job_key)
        except (OSError, VqdError) as error:
            _log.warning("publish.postponed", job=job, error=str(error), again_s=AGAIN_S)
            self._postpone(job_key, AGAIN_S)
            self._hold(job_key, f"parked: {_in_words(error, self._spool.active / job)}")
        except Exception:  # noqa: BLE001 - the top of one job's closing: it waits, others close
            _log.exception("publish.failed", job=job, again_s=FAULT_AGAIN_S)
            self._postpone(job_key, FAULT_AGAIN_S)
        else:
            with self._lock:
                self._again_at.pop(job_key, None)
        finally:
            with self._lock:
                self._closing.discard(job_key)
            self._on_change()

    def _postpone(self, job_key: int, again_s: float) -> None:
        with self._lock:
            self._again_at[job_key] = time.monotonic() + again_s

    def _hold(self, job_key: int, why: str) -> None:
        """Write down why a job is not in done/ or failed/ yet, for its status and all that ask."""
        with suppress(VqdError):  # what keeps the queue from being written, which the store says
            self._store.write(lambda session: session.jobs.hold_publishing(job_key, why))
        self.tell([job_key], {}, None)

    def _publish(self, job_key: int) -> None:
        self._require_spool()
        job = self._job(job_key)
        folder = self._spool.active / job.job
        if job.state is not JobState.PUBLISHING:
            if not job.input_folder and self._spool.has_active(job.job):
                drops.begin_layout(folder)
            if not self._store.write(lambda session: session.jobs.begin_publishing(job_key)):
                return
        now = self._clock()
        closed = replace(job, state=job.ends_as, finished_at=now, reason=_reason(job))
        if self._spool.has_active(job.job):
            if self._room is not None:
                self._room.require_end()
            with self._store.reading() as session:
                lay_out(session, closed, folder, self._kept, now=now)
            self._require_spool()
            drops.publish(folder, self._home(closed) / job.job)
        else:  # it was published before, or deleted
            for names in (self._home(closed), self._spool.active):  # perhaps not synced then
                sync_folder(names)
        self._store.write(
            lambda session: session.jobs.close(job_key, closed.state, closed.reason, now=now)
        )
        self._on_close(closed)
        _log.info(
            "job.closed",
            job=job.job,
            state=closed.state,
            prompts=closed.counts.total,
            failed=closed.counts.failed,
            seconds=round(now - job.accepted_at, 3),
        )

    def _job(self, job_key: int) -> Job:
        with self._store.reading() as session:
            return session.jobs.get(job_key)

    def _home(self, job: Job) -> Path:
        return self._spool.done if job.state is JobState.DONE else self._spool.failed

    def _require_spool(self) -> None:
        if not self._spool.is_present():
            raise VqdError("spool_away", f"{self._spool.root}: the share is away.")


def _reason(job: Job) -> str | None:
    if job.reason is not None or not job.counts.failed:
        return job.reason
    total = job.counts.total
    return f"{job.counts.failed} of {total} {'prompt' if total == 1 else 'prompts'} failed"


def _in_words(error: OSError | VqdError, folder: Path) -> str:
    if isinstance(error, OSError):
        return refusal(error, folder)
    return error.message.removesuffix(".")
