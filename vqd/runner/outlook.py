"""When jobs will be done, for their STATUS.yaml."""

from vqd.domain.finish import Finish, Outlook
from vqd.domain.queue import Job
from vqd.store.store import Session

LOOK_AGAIN_S = 2.0
"""Between two looks at the whole queue, which costs a row for each job that waits."""


class Foresight:
    """Tells the finish of jobs; one look at the queue serves all that are asked for soon after.
    Used by one thread alone."""

    def __init__(self) -> None:
        self._outlook: Outlook | None = None
        self._looked_at = 0.0

    def finish(self, session: Session, job: Job, now: float) -> Finish | None:
        """Give when a job will be done; None if that cannot be told. `now` is UTC seconds."""
        if self._outlook is None or not 0 <= now - self._looked_at < LOOK_AGAIN_S:
            self._outlook = session.outlook.at(now)
            self._looked_at = now
        return self._outlook.finish(job)
