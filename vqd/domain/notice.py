"""Notices: what people elsewhere are told of a job, and of the house it runs in."""

from collections.abc import Mapping
from enum import StrEnum

from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import JobState
from vqd.domain.listing import Counts


class NoticeEvent(StrEnum):
    """Of what a job may tell."""

    ACCEPTED = "accepted"
    """It is in the queue."""
    QUOTED = "quoted"
    """It is so large that it waits for an approval."""
    STARTED = "started"
    """Its first prompt was claimed."""
    PROOF = "proof"
    """Its proof is made, and waits to be looked at."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class HouseEvent(StrEnum):
    """Of what the house may tell: the queue, the servers, the disks and the spool."""

    QUEUE_EMPTY = "queue_empty"
    """Nothing runs and nothing is next; jobs ended since that was told before."""
    SERVER_DOWN = "server_down"
    """A server takes no prompts."""
    SERVER_BACK = "server_back"
    """It takes them again."""
    DISK_LOW = "disk_low"
    """There is too little room to begin anything."""
    DISK_ENOUGH = "disk_enough"
    """There is room again."""
    SHARE_AWAY = "share_away"
    """The spool is not there, or does not answer."""
    SHARE_BACK = "share_back"
    """It is there again."""


@frozen
class HouseWishes:
    """What somebody wants to be told of the house: which `events`, `to` which target of the
    settings, once it has been so for `after_s` seconds."""

    events: frozenset[HouseEvent]
    to: str
    after_s: float


@frozen
class JobNews:
    """How a job was when it told of something. `seconds` is how long it had taken by then."""

    job_key: int
    job: str
    name: str
    workflow: str
    state: JobState
    reason: str | None
    counts: Counts
    seconds: float = 0.0


@frozen
class Closed:
    """The jobs that closed in some time: how many by state, their prompts by what became of them,
    the seconds from the start of the first to the end of the last, and when that was."""

    jobs: Mapping[str, int]
    prompts: Mapping[str, int]
    seconds: float
    last_at: float


@frozen
class HouseNews:
    """What there is to tell of the house: `said` in plain words, and of which `server`, if of one.

    `seconds` is how long it took or lasted, of what is over. `closed` are the jobs of a queue that
    is empty; `held` counts those that wait in it for something.
    """

    said: str
    server: str | None = None
    seconds: float | None = None
    closed: Closed | None = None
    held: int = 0


@frozen
class Notice:
    """One thing to be told to one `target` of the settings: an `event`, and the `news` of it as
    they were `at` that time.

    `tries` counts the deliveries that failed so far. `at` is UTC seconds.
    """

    notice_key: int
    event: NoticeEvent | HouseEvent
    target: str
    at: float
    news: JobNews | HouseNews
    tries: int = 0

    @property
    def identity(self) -> str:
        """Give what is the same each time this notice is delivered, and in no other notice."""
        of = self.news.job if isinstance(self.news, JobNews) else "house"
        return f"{of}/{self.event}/{self.notice_key}"
