"""The queue's memory: one writer, any number of readers."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice
from typing import TypeVar

import structlog

from vqd.domain.breaks import taking_breaks
from vqd.domain.job import PlannedJob, PlannedPrompt
from vqd.domain.lifecycle import Move, PromptState
from vqd.domain.place import Place
from vqd.domain.queue import JobFile, PromptKey
from vqd.store.access import Unread, nothing
from vqd.store.adopted import AdoptedRows
from vqd.store.batches import Batch, Batching
from vqd.store.calm import Breaks
from vqd.store.catalogue import ClassCache
from vqd.store.classes import ClassRows
from vqd.store.depot import DepotRows
from vqd.store.estimates import EstimateRows
from vqd.store.events import EventRows
from vqd.store.foresight import Foreseen
from vqd.store.graphs import GraphRows
from vqd.store.house import HouseRows
from vqd.store.jobs import JobRows
from vqd.store.leasing import Leasing, Unshared
from vqd.store.listing import ListingRows
from vqd.store.notices import NoticeRows
from vqd.store.outputs import OutputRows
from vqd.store.pending import PendingRows
from vqd.store.prompts import PromptRows
from vqd.store.reader import Reader
from vqd.store.records import RecordRows
from vqd.store.rows import Connection
from vqd.store.schedules import ScheduleRows
from vqd.store.turns import TurnRows
from vqd.store.writer import Writer

T = TypeVar("T")

_log = structlog.get_logger(__name__)

SLICE = 250
"""Prompts in one bulk write: measured to keep claims under 35 ms while 200,000 come in."""
_FORGOTTEN = 2000
"""Rows of an earlier life of a job that go in one write."""


class Session(Foreseen):
    """All rows, over one connection: inside a write they can be changed, else only read.

    Times, `now` and others, are UTC seconds.
    """

    def __init__(
        self, connection: Connection, classes: ClassCache, leasing: Leasing | None = None
    ) -> None:
        super().__init__(connection, classes)
        self.leasing = leasing or Unshared()
        self.estimates = EstimateRows(connection)
        self.events = EventRows(connection)
        self.notices = NoticeRows(connection, self.events)
        self.house = HouseRows(connection, self.notices)
        self.classes = ClassRows(connection, self.requirements)
        self.schedules = ScheduleRows(connection, self.events, self.notices, self.classes)
        self.jobs = JobRows(connection, self.events, self.schedules, self.classes, self.notices)
        self.outputs = OutputRows(connection)
        self.depot = DepotRows(connection)
        self.graphs = GraphRows(connection)
        self.prompts = PromptRows(
            connection,
            self.events,
            self.outputs,
            self.schedules,
            self.classes,
            self.notices,
            self.graphs,
            self.requirements,
            self.rules,
            self.leasing,
        )
        self.pending = PendingRows(connection, self.rules)
        self.listing = ListingRows(connection, self.outputs)
        self.turns = TurnRows(connection)
        self.records = RecordRows(connection, self.events)
        self.adopted = AdoptedRows(connection, self.events, self.graphs, self.outputs)

    def cancel(self, job_key: int, *, now: float, why: str) -> bool:
        """Cancel what waits of a job and ask for what runs to be stopped; False if it was asked
        before or is over."""
        if not self.jobs.request_cancel(job_key, now=now, why=why):
            return False
        self.prompts.move_all(job_key, Move.CANCEL, PromptState.PENDING, now=now)
        return True

    def put_back(self, key: PromptKey, *, now: float, **told: str) -> None:
        """Let a running prompt wait again, not counted, with why (`code`, `message`) in its event;
        one of a job that is to stop is cancelled: no server would be given it."""
        if self.jobs.is_cancelled(key.job_key):
            self.prompts.move(key, Move.CANCEL, now=now)
        else:
            self.prompts.move(key, Move.REQUEUE, now=now, strike=0, not_before_at=0.0, **told)


class StoreReader(Reader[Session]):
    """Reads all of the queue."""

    def __init__(self, place: Place) -> None:
        self._classes = ClassCache()
        super().__init__(place, partial(Session, classes=self._classes))

    @property
    def log_bytes(self) -> int:
        """Give the size of the queue's write-ahead log, 0 where PostgreSQL looks after it."""
        return self._queue.log_bytes()


class Store(StoreReader):
    """Reads and writes the queue. One per database: the daemon's."""

    def __init__(
        self,
        place: Place,
        leasing: Callable[[Connection], Leasing] = lambda _: Unshared(),
        *,
        on_failure: Callable[[], None] = nothing,
        on_wait: Callable[[], None] = nothing,
    ) -> None:
        """Open the queue that lies there, making it or bringing its schema up to date.

        `leasing` gives who may run a prompt, over the connection that writes. `on_failure` is
        called when it turns out that it can be written no more, by any thread, and `on_wait` now
        and then while whoever writes waits to hear whether a commit came about.

        Raises:
            VqdError: `store_not_vqd`, `store_damaged`, `store_unreachable` and the like.
        """
        super().__init__(place)
        self._transactions = self._queue.writing(on_wait)
        self.is_new = self._transactions.is_new
        """Whether there was no queue: what there is of one lies in the folders alone."""
        connection = self._transactions.connection
        self._session = Session(connection, self._classes, leasing(connection))
        self._on_failure = on_failure
        self._is_unread = False
        self._writer = Writer(self._transactions, on_failure=on_failure)

    def look_at_log(self) -> None:
        """Tell of the queue's write-ahead log when it is large. Any one thread may look."""
        self._queue.look()

    def write(self, write: Callable[[Session], T], *, bulk: bool = False) -> T:
        """Carry out `write` in one transaction and wait for its durable commit.

        What is `bulk` (a part of something big) lets every other write by first.

        Raises:
            VqdError: `store_closed`; `store_disk`, `store_locked` or `store_unreachable`, nothing
                was written, and it may be tried again; `store_damaged`, `store_replaced` or
                `store_unwritten`, and nothing is from now on; and whatever `write` raises, undone.
        """
        return self._writer.write(lambda _: write(self._session), bulk=bulk)

    def disturb(self) -> None:
        """Tell that something is about to be asked of the queue: what is large lets it by."""
        self._writer.calm.disturb()

    def letting_by(self) -> AbstractContextManager[None]:
        """Let what is small by wherever this thread goes through a long list, until the end of the
        block."""
        return taking_breaks(Breaks(self._writer.calm))

    def accept(
        self,
        job: str,
        planned: PlannedJob,
        job_file: JobFile,
        *,
        input_folder: str,
        now: float,
        quote: str | None = None,
    ) -> None:
        """Bring a planned job in and wait for its commit; see `begin_accepting`."""
        self.begin_accepting(
            job, planned, job_file, input_folder=input_folder, now=now, quote=quote
        )()

    def begin_accepting(
        self,
        job: str,
        planned: PlannedJob,
        job_file: JobFile,
        *,
        input_folder: str,
        now: float,
        quote: str | None = None,
    ) -> Callable[[], None]:
        """Bring a planned job in: small ones in one commit, big ones in slices, the last of which
        makes it visible. One with a `quote` waits until it is approved of.

        A closed job of that name becomes this one. Gives what waits for the commit, which jobs that
        are begun together share.
        """
        self.forget_prompts(job)
        batches = _batches(planned.prompts())
        first = next(batches)

        def begin(session: Session) -> int:
            job_key = session.jobs.begin(
                job, planned.plan, job_file, input_folder=input_folder, now=now
            )
            session.prompts.add(job_key, first)
            if len(first) == planned.plan.total:
                session.jobs.queue(job_key, now=now, quote=quote)
            return job_key

        begun = self._writer.ask(lambda _: begin(self._session))

        def finish() -> None:
            job_key = begun.result()
            if len(first) == planned.plan.total:
                return
            self._add(job_key, batches)
            self.write(lambda session: session.jobs.queue(job_key, now=now, quote=quote))

        return finish

    def reject(self, job: str, write: Callable[[Session], int]) -> None:
        """Bring in a job that cannot run, by `write`; a closed one of that name becomes it."""
        self.forget_prompts(job)
        self.write(write)

    def disown(self, job: str, *, now: float) -> None:
        """Let go of a job whose folder tells more than the queue does: from that instant on nothing
        of it runs, and its folder is taken in, or told of by `AdoptedRows`, as if it were unknown.
        """
        self.write(lambda session: session.adopted.disown(job, now=now))
        self.forget_prompts(job)

    def forget_prompts(self, job: str) -> None:
        """Take the prompts away of a job that comes in anew; it is closed, or was not whole."""
        with self.reading() as session:
            is_known = session.jobs.find(job) is not None
        while is_known:
            is_known = self.write(
                lambda session: session.records.forget_prompts(job, _FORGOTTEN), bulk=True
            )

    def close(self) -> None:
        """Finish what was asked for and close every connection."""
        self._writer.close()
        super().close()
        self._transactions.close()

    def _fail(self, unread: Unread) -> None:
        """Say that the queue cannot be read, once, and see to what follows."""
        if not self._is_unread:
            self._is_unread = True
            _log.error("queue.unread", said=str(unread))
            self._on_failure()

    def _add(self, job_key: int, batches: Iterable[Batch]) -> None:
        """Add batches of prompts, each of which is made while the one before is written."""
        before: Future[None] = Future()
        before.set_result(None)
        with self.letting_by():
            for batch in batches:
                before.result()
                before = self._begin_adding(job_key, batch)
        before.result()

    def _begin_adding(self, job_key: int, batch: Batch) -> Future[None]:
        return self._writer.ask(lambda _: self._session.prompts.add(job_key, batch), bulk=True)


def _batches(prompts: Iterator[PlannedPrompt]) -> Iterator[Batch]:
    batching = Batching()
    while batch := batching.batch(islice(prompts, SLICE)):
        yield batch
