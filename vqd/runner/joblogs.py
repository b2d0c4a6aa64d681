"""The logs of jobs: log.txt grows in active/ as things happen, and is written whole at the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from vqd.domain.queue import Event, Job
from vqd.spool.joblog import Teller, add_to_log, begin_log, write_log
from vqd.store.store import Session, Store


@dataclass(slots=True)
class _Told:
    """How far a log is: the key of the newest event in it."""

    teller: Teller
    newest_key: int


class JobLogs:
    """Keeps the logs of active jobs up to date. Used by one thread alone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: dict[int, _Told] = {}

    def tell(self, job_key: int, folder: Path) -> None:
        """Add to a job's log what has happened since; the first time it is written anew.

        Raises:
            OSError: it cannot be written; the next time it is written anew.
        """
        told = self._told.pop(job_key, None)
        if told is None:
            told = _Told(Teller(), 0)
            begin_log(folder)
        while page := self._page(job_key, told.newest_key):
            add_to_log(folder, [event for _, event in page], told.teller)
            told.newest_key = page[-1][0]
        self._told[job_key] = told

    def forget(self, job_key: int) -> None:
        """Forget a job that is over."""
        self._told.pop(job_key, None)

    def _page(self, job_key: int, after: int) -> list[tuple[int, Event]]:
        with self._store.reading() as session:
            return session.events.of_job(job_key, after=after)


def write_whole_log(session: Session, job: Job, folder: Path) -> None:
    """Write the log of a job that is as it will be when closed, durably.

    Raises:
        OSError: it cannot be written.
    """
    counts = job.counts
    facts = {"succeeded": counts.succeeded, "failed": counts.failed, "cancelled": counts.cancelled}
    closed = Event(job.finished_at or job.accepted_at, f"job.{job.state}", None, facts)
    write_log(folder, chain(_events(session, job.job_key), [closed]))


def _events(session: Session, job_key: int) -> Iterator[Event]:
    after = 0
    while page := session.events.of_job(job_key, after=after):
        yield from (event for _, event in page)
        after = page[-1][0]
