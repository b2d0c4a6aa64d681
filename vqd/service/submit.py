"""Taking a job in: S0 dropped, S1 claimed, S2 accepted.

A draft is made from the files as they lie, without touching them; then the folder is claimed by
one rename and the draft committed. After a crash between the two, the folder in active/ has no
row, and the same is done from there. Of folders that were a job's before, see `returns`.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import structlog

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.names import is_text
from vqd.domain.quote import QuoteOver
from vqd.intake.foldednames import Listings
from vqd.service.accepting import Accepting
from vqd.service.aside import Aside
from vqd.service.carried import CarriedJob
from vqd.service.draft import Draft
from vqd.service.drafts import Drafting
from vqd.service.drift import with_server_drift
from vqd.service.gone import Gone
from vqd.service.returns import Returns, is_over
from vqd.service.together import Together
from vqd.spool import claims, drops
from vqd.spool.files import is_real_file
from vqd.spool.jobfiles import job_file_in, only_job_file
from vqd.spool.layout import Spool
from vqd.spool.status import job_told_by
from vqd.store.store import Store

LARGE = 2000
"""Jobs of more prompts are brought in aside: others are taken meanwhile."""

_NO_BOUND = QuoteOver()

_log = structlog.get_logger(__name__)


@frozen
class Coming:
    """A drop that was claimed: its JOB, and what ends once that is in the queue, or cannot be."""

    job: str
    accepted: Future[None]


class Submission:
    """Brings jobs into the queue, whichever door they came by, and several at once."""

    def __init__(
        self,
        spool: Spool,
        store: Store,
        drafting: Drafting,
        aside: Aside,
        *,
        quote_over: QuoteOver = _NO_BOUND,
        on_change: Callable[[], None],
    ) -> None:
        self._spool = spool
        self._store = store
        self._drafting = drafting
        self._aside = aside
        self._on_change = on_change
        self._underway: set[str] = set()
        self._naming = threading.Lock()
        self._accepting = Accepting(spool, store, quote_over, on_change)
        self._returns = Returns(spool, store, drafting, self._accepting, aside)
        self._together = Together(spool, self._begin, self._is_known)
        self._gone = Gone(spool, store, on_change=on_change)

    def change(self, drafting: Drafting, quote_over: QuoteOver) -> None:
        """Read jobs by other settings from now on, and quote those above other bounds."""
        self._drafting = self._returns.drafting = drafting
        self._accepting.quote_over = quote_over

    def expect(self) -> None:
        """Hear that something is about to be dropped or taken: jobs that are large let it by. Any
        thread may tell."""
        self._store.disturb()

    def letting_by(self) -> AbstractContextManager[None]:
        """Let what is small by where what may be large is read, by a thread that no other job waits
        for, until the end of the block."""
        return self._store.letting_by()

    def draft(self, job_file: Path, *, now: float, listings: Listings | None = None) -> Draft:
        """Read and plan a job where it lies; jobs that are drafted together share `listings`."""
        self.expect()
        draft = self._drafting.draft(job_file, now=now, listings=listings)
        if draft.record is None:
            return draft
        with self._store.reading() as session:
            return with_server_drift(draft, session)

    def peek(self, job_file: Path, *, listings: Listings | None = None) -> Draft:
        """Read which inputs a job file in the inbox names."""
        return self._drafting.peek(job_file, listings=listings)

    def listings(self) -> Listings:
        """Give what drafts that are made at one look may share."""
        return Listings()

    def take_folder(self, job_file: Path, draft: Draft, *, now: float) -> Coming:
        """Claim a settled job folder and accept it, a large one aside. One that comes back is
        accepted later.

        Raises:
            FileNotFoundError: its owner was quicker and moved it away; nothing was taken.
        """
        returned = self._returned(job_file, draft, now=now)
        if returned is not None:
            return _come(returned)
        folder = self._named(draft.name, now=now)
        try:
            claims.claim_folder(job_file.parent, folder)
            end = self._begin(folder.name, draft, now=now)
        except BaseException:
            self._underway.discard(folder.name)
            raise
        coming = self._ended(folder.name, draft, end)
        self._on_change()
        return coming

    def take_files(
        self, files: Sequence[tuple[Path, Draft]], *, now: float
    ) -> list[Coming | Exception]:
        """Claim settled job files of the inbox, with their inputs, and accept them in this order,
        large ones aside; gives each, or why it was not taken."""
        begun = self._together.begin(files, now=now)
        taken: list[Coming | Exception] = []
        for (_, draft), one in zip(files, begun, strict=True):
            coming = one if isinstance(one, Exception) else self._ended(one.job, draft, one.end)
            taken.append(coming)
            if len(taken) in (1, len(files)):  # of those between nobody need hear each by itself
                self._on_change()
        return taken

    def take_result(self, path: Path, carried: CarriedJob, *, now: float) -> tuple[str, Draft]:
        """Claim a file in the inbox that carries its job, with what lies beside it of that, and
        accept it; gives its JOB.

        Raises:
            FileNotFoundError: its owner was quicker and moved it away; nothing was taken.
        """
        beside = (path.with_name(name) for name in carried.beside)
        files = dict.fromkeys([path, *(one for one in beside if is_real_file(one))])
        folder = self.new_folder(carried.name, now=now)
        claims.claim_files(files, folder, carried.job_file, path.parent)
        return folder.name, self.admit(folder, now=now)

    def new_folder(self, name: str, *, now: float) -> Path:
        """Give the folder in active/ that a new job of this name gets."""
        return self._spool.active / self._spool.free_job_name(name, now, self._is_known)

    @contextmanager
    def claiming(self, name: str, *, now: float) -> Iterator[Path]:
        """Give the folder in active/ that a new job of this name gets; until the end of the block
        it is left to whoever asked for it."""
        folder = self._named(name, now=now)
        try:
            yield folder
        finally:
            self._underway.discard(folder.name)

    def admit(self, folder: Path, *, now: float) -> Draft:
        """Accept a folder with its job.yaml that was just claimed into active/.

        Raises:
            FileNotFoundError: somebody was quicker and moved it away.
        """
        draft = self.draft(job_file_in(folder) or folder / claims.JOB_FILE, now=now)
        self._accept(folder.name, draft, now=now)
        return draft

    def admit_aside(self, folder: Path, *, now: float) -> Future[Draft]:
        """Accept such a folder without a wait for it: thousands of files take long."""
        accepted: Future[Draft] = Future()

        def accept() -> None:
            try:
                with self.letting_by():
                    accepted.set_result(self.admit(folder, now=now))
            except Exception as error:  # noqa: BLE001 - told to whoever asks for it
                accepted.set_exception(error)

        self._aside.carry_out(accept)
        return accepted

    def readmit(self, *, now: float) -> list[str]:
        """Take in every folder in active/ that the queue does not know as open; gives their names.

        These were claimed when the daemon died, or moved into active/ or renamed there by hand, or
        the queue was lost. One that is called as a job of another daemon gets another name. One
        that cannot be taken in keeps no other from it. Jobs whose folder is gone are cancelled.
        """
        claims.recover_bare_claims(self._spool.active, self._spool.inbox)
        with self._store.reading() as session:
            unfinished = session.jobs.unfinished()
        lying = self._spool.active_jobs()
        self._gone.look(unfinished, lying, now=now)
        readmitted = []
        for name in sorted(lying - unfinished.keys()):
            try:
                if self._readmit(self._spool.active / name, now=now):
                    readmitted.append(name)
            except FileNotFoundError:
                continue  # published since it was listed
            except (OSError, VqdError) as error:
                _log.warning("drop.refused", drop=name, error=str(error))
            except Exception:  # noqa: BLE001 - the top of one folder: it waits, others are taken
                _log.exception("drop.failed", drop=name)
        return readmitted

    def _readmit(self, folder: Path, *, now: float) -> bool:
        if not is_text(folder.name):
            named = self.new_folder(folder.name, now=now)
            claims.claim_folder(folder, named)
            folder = named
        if folder.name in self._underway or self._returns.is_underway(folder.name):
            return False
        job_file = job_file_in(folder) or only_job_file(folder)
        with self._store.reading() as session:
            known = session.jobs.find(folder.name)
            is_others = session.jobs.is_elsewhere(folder.name)
        if job_file is None or not (is_others or known is None or is_over(known)):
            return False
        told = job_told_by(folder / drops.STATUS)
        if told == folder.name and not is_others:
            self._returns.take_in(told)
            return True
        draft = self.draft(job_file, now=now)
        if self._returned(job_file, draft, now=now) is None:
            if is_others:
                named = self.new_folder(draft.name, now=now)
                claims.claim_folder(folder, named)
                folder = named
            self._accept(folder.name, draft, now=now)
        return True

    def _returned(self, job_file: Path, draft: Draft, *, now: float) -> str | None:
        return self._returns.take(
            job_file.parent, draft.job_file, lambda: self.new_folder(draft.name, now=now).name
        )

    def _named(self, name: str, *, now: float) -> Path:
        with self._naming:
            folder = self.new_folder(name, now=now)
            self._underway.add(folder.name)
        return folder

    def _accept(self, job: str, draft: Draft, *, now: float) -> None:
        self._begin(job, draft, now=now)()
        self._on_change()

    def _begin(self, job: str, draft: Draft, *, now: float) -> Callable[[], None]:
        self.expect()
        drops.set_aside(self._spool.active / job)
        return self._accepting.begin(job, draft, now=now)

    def _ended(self, job: str, draft: Draft, end: Callable[[], None]) -> Coming:
        """Bring what was begun to its end, a large job aside; until then it is left to that."""
        accepted: Future[None] = Future()

        def carry_out() -> None:
            try:
                end()
            except Exception as error:  # noqa: BLE001 - told to whoever asks for it
                accepted.set_exception(error)
            else:
                accepted.set_result(None)
            finally:
                self._underway.discard(job)

        def carry_out_aside() -> None:
            carry_out()
            self._on_change()

        if draft.total > LARGE:
            self._underway.add(job)
            self._aside.carry_out(carry_out_aside)
        else:
            carry_out()
        return Coming(job, accepted)

    def _is_known(self, job: str) -> bool:
        if job in self._underway:
            return True
        with self._store.reading() as session:
            return session.jobs.find(job) is not None


def _come(job: str) -> Coming:
    accepted: Future[None] = Future()
    accepted.set_result(None)
    return Coming(job, accepted)
