"""The live STATUS.yaml of jobs, their logs, and the pages of proofs, in a thread of their own.

What it cannot know: whether a job is being closed. Who closes one says so with `last`, and writes
the last STATUS.yaml itself.
"""

import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import structlog

from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import PROOF_MADE
from vqd.domain.outcome import Progress
from vqd.domain.queue import Job, PromptKey
from vqd.media.thumbnails import Thumbnails
from vqd.runner.closing import answers_to
from vqd.runner.joblogs import JobLogs
from vqd.runner.reporting import write_proof
from vqd.spool import drops
from vqd.spool.files import is_real_folder
from vqd.spool.layout import Spool
from vqd.spool.status import RunningPrompt, write_status
from vqd.store.foresight import Foresight
from vqd.store.store import Store

RunningNow = Mapping[PromptKey, tuple[str, Progress | None]]
"""For each running prompt its server and its progress."""
SAID_AGAIN_S = 600.0

_log = structlog.get_logger(__name__)


class Statuses:
    """Writes what people read of jobs that are not over."""

    def __init__(
        self,
        store: Store,
        spool: Spool,
        kept: Thumbnails | None,
        why_depot_away: Callable[[], str | None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._spool = spool
        self._kept = kept
        self._why_depot_away = why_depot_away
        self._clock = clock
        self._asked: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._untold: dict[int, tuple[RunningNow, str | None]] = {}
        self._closing: set[int] = set()
        self._foresight = Foresight()
        self._logs = JobLogs(store)
        self._said_at: dict[str, float] = {}
        self._ends_at = math.inf
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """End the thread when it has done what it was asked for, or after this time."""
        self._ends_at = time.monotonic() + within_s
        self._asked.put(None)
        self._thread.join()

    def tell(self, job_keys: Iterable[int], running: RunningNow, held: str | None) -> None:
        """Ask for the STATUS.yaml of these jobs; `held` says why nothing is sent, if so."""
        for job_key in job_keys:
            with self._lock:
                is_asked = job_key in self._untold  # and waits, behind a share that does not answer
                self._untold[job_key] = (running, held)
            if not is_asked:
                self._asked.put(partial(self._write, job_key))

    def prove(self, job_key: int) -> None:
        """Ask for the page that shows what a job's proof made."""
        self._asked.put(partial(self._write_proof, job_key))

    @contextmanager
    def last(self, job_key: int) -> Iterator[None]:
        """Write nothing more of this job in this block, and nothing at its beginning."""
        with self._writing:
            self._closing.add(job_key)
        try:
            yield
        finally:
            with self._writing:
                self._closing.discard(job_key)
                self._logs.forget(job_key)

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None and time.monotonic() < self._ends_at:
            try:
                asked()
            except (OSError, VqdError) as error:
                self._say(str(error))
            except Exception:  # noqa: BLE001 - the top of a thread, which others wait for
                _log.exception("status.failed")

    def _say(self, unwritten: str) -> None:
        """Log what could not be written, which is tried each second: the same of a while once."""
        now = time.monotonic()
        self._said_at = {said: at for said, at in self._said_at.items() if now - at < SAID_AGAIN_S}
        if unwritten not in self._said_at:
            self._said_at[unwritten] = now
            _log.warning("status.unwritten", error=unwritten)

    def _write(self, job_key: int) -> None:
        with self._lock:
            running, held = self._untold.pop(job_key)
        with self._writing:
            if job_key not in self._closing:
                self._write_live(job_key, running, held)

    def _write_live(self, job_key: int, running: RunningNow, held: str | None) -> None:
        now = self._clock()
        with self._store.reading() as session:
            job = session.jobs.get(job_key)
            finish = None if held else self._foresight.finish(session, job, now)
            answers = answers_to(session, job)
        folder = self._spool.active / job.job
        if not self._spool.is_present() or not is_real_folder(folder):
            return
        shown = [
            RunningPrompt(key.number, server, *_where(progress))
            for key, (server, progress) in sorted(running.items(), key=lambda item: item[0].number)
            if key.job_key == job_key
        ]
        if job.hold == PROOF_MADE and not (folder / drops.PROOF).exists():
            self._write_proof(job_key)
        told = replace(job, reason=self._reason(job) or held)
        write_status(
            folder, told, now=now, running=shown, finish=finish, answers=answers, durable=False
        )
        self._logs.tell(job_key, folder)

    def _reason(self, job: Job) -> str | None:
        away = self._why_depot_away() if job.on_the_way else None
        return job.why if away is None else f"{job.arriving}, and the depot is away: {away}"

    def _write_proof(self, job_key: int) -> None:
        with self._store.reading() as session:
            job = session.jobs.get(job_key)
            folder = self._spool.active / job.job
            if job.hold == PROOF_MADE and self._spool.is_present() and is_real_folder(folder):
                write_proof(session, job, folder, self._kept)


def _where(progress: Progress | None) -> tuple[str | None, str | None, int]:
    if progress is None:
        return None, None, 0
    return progress.node, progress.step, round(100 * progress.fraction)
