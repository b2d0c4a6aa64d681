"""Notices: what people elsewhere are told of a job."""

from dataclasses import dataclass
from enum import StrEnum

from vqd.domain.lifecycle import JobState
from vqd.domain.queue import Counts


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


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be told to one `target` of the settings: `event` of a job, and how the job was
    `at` that time.

    `tries` counts the deliveries that failed so far. `at` is UTC seconds.
    """

    notice_key: int
    job: str
    name: str
    workflow: str
    event: NoticeEvent
    target: str
    at: float
    state: JobState
    reason: str | None
    counts: Counts
    tries: int = 0

    @property
    def identity(self) -> str:
        """Give what is the same each time this notice is delivered, and in no other notice."""
        return f"{self.job}/{self.event}/{self.notice_key}"
