"""Tells the publisher of which jobs STATUS.yaml is out of date, once a second at most."""

from collections import deque
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from vqd.domain.frozen import frozen
from vqd.domain.queue import STEERED, PromptKey
from vqd.runner.attempt import Attempt
from vqd.runner.publish import Publisher
from vqd.store.store import Session

STATUS_EVERY_S = 1.0
_NEWS = (STEERED, "job.quoted")
_BY_OTHERS = ("prompt.claimed", "prompt.requeued", "prompt.succeeded", "prompt.failed")
"""What other daemons do with this one's jobs."""


@frozen
class News:
    """The jobs of which something was heard, up to the event of this key."""

    newest_event: int
    job_keys: AbstractSet[int]


class Telling:
    """Remembers which jobs have changed. Used by the loop's thread, but for `hear`."""

    def __init__(self, publisher: Publisher, *, is_shared: bool = False) -> None:
        self._publisher = publisher
        self._news = (*_NEWS, *_BY_OTHERS) if is_shared else _NEWS
        self._due_at = 0.0
        self._held: str | None = None
        self._begun: set[int] = set()
        self._changed: set[int] = set()
        self._heard: deque[int] = deque()
        self._seen_event: int | None = None

    def note(self, job_keys: Iterable[int]) -> None:
        """Note that something of these jobs has changed."""
        self._changed.update(job_keys)

    def hear(self, job_key: int) -> None:
        """Note that something of a job has changed, which no event tells of. Any thread may."""
        self._heard.append(job_key)

    def note_begun(self, job_key: int) -> None:
        """Note that a job of this daemon's has begun: it is told, too, of what holds everything."""
        self._begun.add(job_key)
        self._changed.add(job_key)

    def forget(self, job_key: int) -> None:
        """Forget a job that is over."""
        self._begun.discard(job_key)

    def news(self, session: Session) -> News:
        """Give the jobs of which somebody asked something, or that are quoted, since news were
        noted last."""
        newest, seen = session.events.newest_key(), self._seen_event
        if seen is None or newest <= seen:
            return News(newest, frozenset())
        return News(newest, session.events.jobs_with(self._news, after=seen))

    def note_news(self, news: News) -> None:
        """Note that these jobs have changed."""
        self._seen_event = news.newest_event
        self._changed |= news.job_keys

    def tell(self, running: Mapping[PromptKey, Attempt], held: str | None, now: float) -> None:
        """Ask for the STATUS.yaml of what runs or has changed, if it is time.

        `held` says why nothing is sent, if so; `now` is monotonic seconds.
        """
        if now < self._due_at:
            return
        while self._heard:
            self._changed.add(self._heard.popleft())
        own = {key: one for key, one in running.items() if not one.assignment.is_elsewhere}
        where = {key: (one.server.name, one.progress) for key, one in own.items()}
        told = {key.job_key for key in own} | self._changed
        if held != self._held:
            told |= self._begun
        self._publisher.tell(told, where, held)
        self._due_at = now + STATUS_EVERY_S
        self._held = held
        self._changed.clear()

    def again_s(
        self, running: Mapping[PromptKey, Attempt], held: str | None, now: float
    ) -> float | None:
        """Give the seconds until there is something to tell; None if there is nothing."""
        is_untold = bool(running or self._changed or self._heard) or held != self._held
        return max(0.0, self._due_at - now) if is_untold else None
