"""What has changed in the queue since somebody looked last, for those who look on."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from vqd.domain.finish import Finish
from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import CLOSED_STATES
from vqd.domain.queue import Job, Prompt, PromptKey
from vqd.domain.server import ServerRecord
from vqd.service.hosts import at_home, by_host, sharing
from vqd.store.foresight import finishes_of
from vqd.store.store import Session, StoreReader

MOST_EVENTS = 5000
"""So many events at once; after more, everything is to be asked for again."""
MOST_PROMPTS = 200
"""So many prompts are told of at once, the latest."""


@frozen
class Changed:
    """What changed up to the event of this `key`: jobs as they are now, with their finishes by
    their keys; prompts with the names of their jobs, unless there were too many (`is_whole`)."""

    key: int
    jobs: Sequence[Job] = ()
    finishes: Mapping[int, Finish] = field(default_factory=dict)
    prompts: Sequence[tuple[str, Prompt]] = ()
    is_whole: bool = True


class Changes:
    """Reads the queue from event to event; each answer is one consistent moment."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    def newest_key(self) -> int:
        """Give the key of the newest event."""
        with self._reader.reading() as session:
            return session.events.newest_key()

    def farm(self) -> tuple[Sequence[ServerRecord], Sequence[tuple[str, str, str | None]]]:
        """Give how every server is, and every host by name, where several share the queue, with why
        the depot is away for it, if it is."""
        known = self._reader.hosts()
        with self._reader.reading() as session:
            servers = session.servers.all()
        hosts = sharing(known, servers)
        told = [(one.name, one.state, one.depot.why_away if one.depot else None) for one in hosts]
        return by_host(servers, hosts), told

    def names(self, job_keys: Sequence[int]) -> Mapping[int, str]:
        """Give the names of jobs by their keys."""
        with self._reader.reading() as session:
            return {job.job_key: job.job for job in session.listing.of_keys(job_keys)}

    def since(self, key: int, *, now: float) -> Changed | None:
        """Give what changed after the event of this key; None where that cannot be told, or would
        be too much. `now` is UTC seconds."""
        changed = self._changed_since(key, now)
        if changed is None or not changed.jobs:
            return changed
        return replace(changed, jobs=at_home(changed.jobs, self._reader.hosts()))

    def _changed_since(self, key: int, now: float) -> Changed | None:
        with self._reader.reading() as session:
            newest = session.events.newest_key()
            if newest == key:
                return Changed(key)
            events = session.events.after(key, limit=MOST_EVENTS + 1)
            if newest < key or len(events) > MOST_EVENTS:
                return None
            jobs = list(session.listing.of_keys([*dict.fromkeys(job for _, job, _ in events)]))
            found = {job.job_key: job for job in jobs}
            keys = dict.fromkeys(
                PromptKey(job, number) for _, job, number in events if number is not None
            )
            prompts = [
                _prompt(session, found[one.job_key], one)
                for one in [*keys][-MOST_PROMPTS:]
                if one.job_key in found
            ]
            return Changed(
                newest,
                jobs,
                finishes_of(session, [job for job in jobs if job.state not in CLOSED_STATES], now),
                [one for one in prompts if one is not None],
                len(keys) <= MOST_PROMPTS,
            )


def _prompt(session: Session, job: Job, key: PromptKey) -> tuple[str, Prompt] | None:
    try:
        prompt = session.prompts.get(key)
    except KeyError:  # its record was trimmed
        return None
    return job.job, prompt.as_climbed(job.plan) if job.plan else prompt
