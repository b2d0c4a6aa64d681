"""Pages of what may be long: jobs, a job's prompts, its outputs and its events.

Each page tells the cursor of the next: a text that says where this one ended, and means nothing to
anybody else. So a page costs the same wherever it is, and what comes or goes meanwhile makes none
twice.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from vqd.domain.errors import VqdError
from vqd.domain.figures import Depth
from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import JobState, PromptState
from vqd.domain.listing import JobFilter, ListedJob, Order, Place
from vqd.domain.outcome import OutputFile
from vqd.domain.queue import Event, Job, Prompt
from vqd.service.hosts import at_home
from vqd.store.store import StoreReader

T = TypeVar("T")
_LONGEST_CURSOR = 4000
_LARGEST_KEY = 1 << 62
_KEY = re.compile(r"\d{1,18}", re.ASCII)


@frozen
class Page(Generic[T]):
    """Part of a list, and the cursor of the next part; None after the last."""

    rows: Sequence[T]
    next: str | None


class Pages:
    """Reads the queue a page at a time; every page is one consistent moment."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    def jobs(self, asked: JobFilter, cursor: str | None, *, limit: int) -> Page[ListedJob]:
        """Give jobs that fit, in the order that is asked for.

        Raises:
            VqdError: `bad_cursor`, it was given for no page of this order.
        """
        after, hosts = _job_place(cursor, asked.order), self._reader.hosts()
        with self._reader.reading() as session:
            found = at_home(session.joblist.page(asked, after=after, limit=limit + 1), hosts)
        return _page(found, limit, lambda job: _written(job, asked.order))

    def prompts(
        self, job: Job, state: PromptState | None, cursor: str | None, *, limit: int
    ) -> Page[Prompt]:
        """Give prompts of a job by number, with the values that they run with.

        Raises:
            VqdError: `bad_cursor`.
        """
        after = _key(cursor) or 0
        if state is not None and not getattr(job.counts, state):
            return Page((), None)  # of which no prompt needs to be looked at
        with self._reader.reading() as session:
            found = session.listing.prompts(job.job_key, state, after=after, limit=limit + 1)
        climbed = [prompt.as_climbed(job.plan) if job.plan else prompt for prompt in found]
        return _page(climbed, limit, lambda prompt: str(prompt.key.number))

    def outputs(self, job: Job, cursor: str | None, *, limit: int) -> Page[tuple[int, OutputFile]]:
        """Give outputs of a job by path, each with the number of its prompt.

        Raises:
            VqdError: `bad_cursor`.
        """
        after = _place(cursor) or ""
        with self._reader.reading() as session:
            found = session.outputs.of_job(job.job_key, after=after, limit=limit + 1)
        return _page(found, limit, lambda one: one[1].path)

    def events(self, job: Job, cursor: str | None, *, limit: int) -> Page[Event]:
        """Give what happened to a job and its prompts, oldest first.

        Raises:
            VqdError: `bad_cursor`.
        """
        after = _key(cursor) or 0
        with self._reader.reading() as session:
            found = session.events.of_job(job.job_key, after=after, limit=limit + 1)
        page = _page(found, limit, lambda one: str(one[0]))
        return Page([event for _, event in page.rows], page.next)

    def counts(self) -> Mapping[JobState, int]:
        """Count the jobs by state."""
        with self._reader.reading() as session:
            return session.listing.counts()

    def depths(self) -> Sequence[Depth]:
        """Count the jobs that are not closed, and their prompts that wait and that run."""
        with self._reader.reading() as session:
            return session.listing.depths()

    def on_the_way(self) -> int:
        """Count the prompts whose outputs are on their way home."""
        with self._reader.reading() as session:
            return session.depot.on_the_way()

    @property
    def log_bytes(self) -> int:
        """Give the size of the queue's write-ahead log."""
        return self._reader.log_bytes


def _page(found: Sequence[T], limit: int, place: Callable[[T], str]) -> Page[T]:
    """Make a page of what was found, which is one more than fits if there is more."""
    rows = found[:limit]
    return Page(rows, _cursor(place(rows[-1])) if len(found) > limit else None)


def _cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    if len(cursor) <= _LONGEST_CURSOR:
        padded = cursor + "=" * (-len(cursor) % 4)
        try:
            return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        except (binascii.Error, ValueError):
            pass
    raise _bad_cursor()


def _key(cursor: str | None) -> int | None:
    place = _place(cursor)
    if place is None:
        return None
    if not _KEY.fullmatch(place):
        raise _bad_cursor()
    return int(place)


def _written(job: ListedJob, order: Order) -> str:
    """Write where a job is in an order."""
    places = {
        Order.NEWEST: (job.job_key,),
        Order.TURN: (job.priority, job.turn, job.job_key),
        Order.ENDED: (job.finished_at, job.job_key),
    }
    return json.dumps([order, *places[order]])


def _job_place(cursor: str | None, order: Order) -> Place | None:
    text = _place(cursor)
    if text is None:
        return None
    try:
        told, *place = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise _bad_cursor() from None
    is_known = told == order and len(place) == _LENGTHS[order]
    if not is_known or not all(_is_number(one) for one in place):
        raise _bad_cursor()
    return tuple(place)


def _is_number(one: object) -> bool:
    if isinstance(one, bool) or not isinstance(one, int | float):
        return False
    return abs(one) <= _LARGEST_KEY


_LENGTHS = {Order.NEWEST: 1, Order.TURN: 3, Order.ENDED: 2}
"""Of how many numbers a place consists in each order."""


def _bad_cursor() -> VqdError:
    hint = "Take `next` of the page before as it is, or leave it out for the first page."
    return VqdError("bad_cursor", "The cursor is none that was given here.", hint)
