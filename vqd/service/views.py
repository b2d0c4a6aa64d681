"""What may be seen of the queue."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

from vqd.domain.attempts import AttemptRecord, attempts_of
from vqd.domain.errors import VqdError
from vqd.domain.finish import Finish
from vqd.domain.frozen import frozen
from vqd.domain.host import Host, told_apart
from vqd.domain.listing import JobFilter, ListedJob
from vqd.domain.names import printable
from vqd.domain.nearest import meant
from vqd.domain.place import Place
from vqd.domain.queue import Event, Job, Prompt, PromptKey
from vqd.service.able import groups
from vqd.service.explain import MOST_TOLD, Reason, Stop, explain
from vqd.service.facts import Facts, Tried
from vqd.service.hosts import at_home, by_host, sharing
from vqd.service.reach import out_of_reach
from vqd.store.foresight import finishes_of
from vqd.store.store import Session, StoreReader


@frozen
class JobDetail:
    """One job with its first prompts and its newest events."""

    job: Job
    prompts: Sequence[Prompt]
    events: Sequence[Event]


@frozen
class PromptDetail:
    """One prompt of a job, and the attempts at it."""

    job: Job
    prompt: Prompt
    attempts: Sequence[AttemptRecord]


@contextmanager
def open_views(queue_place: Place) -> Iterator["Views"]:
    """Give the views of a queue, read beside the daemon or while it is down.

    Raises:
        VqdError: `store_missing` and the like.
    """
    with StoreReader(queue_place) as reader:
        yield Views(reader)


class Views:
    """Reads the queue; every view is one consistent moment."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    def require_here(self, job: Job) -> None:
        """Do nothing if a job is at home here, or with whoever has the queue to itself.

        Raises:
            VqdError: `at_home_elsewhere`.
        """
        with self._reader.reading() as session:
            if session.jobs.is_here(job.job_key):
                return
        hosts = told_apart(self._reader.hosts())
        where = next((host.name for host in hosts if host.home == job.home), job.home)
        said = f"{printable(job.job)} is at home on host {where}, its folder in the spool there."
        hint = "Say it there. What steers an open job any daemon on this queue takes, by --url."
        raise VqdError("at_home_elsewhere", said, hint)

    def refused(self) -> str | None:
        """Say what the daemon is refused (by a disk, above all), and why; None if nothing."""
        with self._reader.reading() as session:
            return session.refusals.said()

    def finishes(self, jobs: Iterable[ListedJob], now: float) -> Mapping[int, Finish]:
        """Give by their keys when jobs will be done, of those of which that can be told.

        `now` is UTC seconds.
        """
        with self._reader.reading() as session:
            return finishes_of(session, jobs, now)

    def job(self, name: str) -> Job:
        """Give a job by its JOB name, or by an ending or part of it that fits only one.

        Raises:
            VqdError: `unknown_job` or `ambiguous_job`.
        """
        with self._reader.reading() as session:
            return _job(session, name)

    def detail(self, name: str, *, prompts: int) -> JobDetail:
        """Give a job with at most `prompts` of its prompts, with the values that they run with.

        Raises:
            VqdError: `unknown_job` or `ambiguous_job`.
        """
        with self._reader.reading() as session:
            job = _job(session, name)
            first = islice(session.prompts.of_job(job.job_key), prompts)
            return JobDetail(
                job,
                [prompt.as_climbed(job.plan) if job.plan else prompt for prompt in first],
                [event for _, event in session.events.of_job(job.job_key, limit=200)],
            )

    def explain(self, name: str, stops: Sequence[Stop], *, now: float) -> tuple[Job, list[Reason]]:
        """Give a job and why it is where it is; `stops` are what keeps the whole queue.

        Raises:
            VqdError: `unknown_job` or `ambiguous_job`.
        """
        hosts = self._reader.hosts()
        with self._reader.reading() as session:
            facts = _facts(session, _job(session, name), hosts, now)
        (told,) = at_home([facts.job], hosts)
        return told, explain(facts, stops, now)

    def prompt(self, name: str, number: int) -> PromptDetail:
        """Give one prompt of a job and the attempts at it.

        Raises:
            VqdError: `unknown_job`, `ambiguous_job` or `unknown_prompt`.
        """
        with self._reader.reading() as session:
            job = _job(session, name)
            key = PromptKey(job.job_key, number)
            try:
                prompt = session.prompts.get(key)
            except KeyError:
                said = f"{printable(job.job)} has no prompt {number}."
                hint = f"It has {job.counts.total}, from 1."
                raise VqdError("unknown_prompt", said, hint) from None
            attempts = attempts_of(session.events.of_prompt(key))
        return PromptDetail(job, prompt.as_climbed(job.plan) if job.plan else prompt, attempts)


def _job(session: Session, name: str) -> Job:
    if not name or not name.isprintable():
        raise unknown_job(name, ())
    found = session.jobs.find(name)
    if found is not None:
        return found
    like = session.joblist.page(JobFilter(name=name), limit=6)
    if not like:
        newest = session.joblist.newest(_MOST_COMPARED)
        raise unknown_job(name, (job.job for job in newest))
    return session.jobs.get(_only(like, name).job_key)


def _facts(session: Session, job: Job, hosts: Sequence[Host], now: float) -> Facts:
    pending = session.pending.of_job(job.job_key, now)
    retried = pending.retried
    held = session.events.of_job_itself(job.job_key, _HOLDING, limit=1)
    seen = session.servers.all()
    servers = by_host(seen, sharing(hosts, seen))
    named = told_apart(hosts)
    is_stocked = session.depot.list_of(job.job_key) is not None
    return Facts(
        job,
        pending,
        groups(session, job, servers, pending.ready, now),
        session.pending.ahead_of(job.job_key),
        held_at=held[0].at if held else None,
        running=session.prompts.running(job.job_key),
        failed=[
            Tried(alike, _attempts(session, alike.first.key))
            for alike in session.prompts.failures(job.job_key, MOST_TOLD)
        ],
        retried=_attempts(session, PromptKey(job.job_key, retried.first)) if retried else (),
        servers=servers,
        home=next((host for host in named if host.home == job.home), None),
        out_of_reach=out_of_reach(job.home, named, is_stocked=is_stocked),
    )


def _attempts(session: Session, key: PromptKey) -> tuple[AttemptRecord, ...]:
    return attempts_of(session.events.of_prompt(key))


_MOST_COMPARED = 200
"""The newest jobs, among which the nearest to an unknown name is sought."""
_HOLDING = ("job.held", "job.suspended", "job.quoted")
"""Events that say since when a job is held."""


def unknown_job(name: str, known: Iterable[str]) -> VqdError:
    """Give the error that there is no such job; the nearest of some known jobs is named, by what
    its owner called it."""
    owned = {job.split("-", 2)[-1]: job for job in known}
    near = meant(name, owned)
    hint = "vqd list shows the newest." if near is None else f"Did you mean {owned[near]}?"
    return VqdError("unknown_job", f"There is no job {printable(name)!r}.", hint)


def _only(jobs: Sequence[ListedJob], name: str) -> ListedJob:
    if len(jobs) > 1:
        names = ", ".join(job.job for job in jobs)
        raise VqdError("ambiguous_job", f"Several jobs fit {name}: {names}.", "Name one.")
    return jobs[0]
