"""When jobs will be done, told again and again without looking at everything each time."""

from vqd.domain.finish import Finish, Outlook
from vqd.domain.queue import Job
from vqd.domain.requirement import lacks
from vqd.store.store import Session

LOOK_AGAIN_S = 2.0
"""Between two looks at the whole queue, which costs a row for each job that waits."""


class Foresight:
    """Tells the finish of jobs; one look at the queue serves all that are asked for soon after, and
    what a server lacks is worked out once for each catalogue. Used by one thread alone."""

    def __init__(self) -> None:
        self._outlook: Outlook | None = None
        self._looked_at = 0.0
        self._catalogue = ""
        self._lacking: dict[tuple[str, int], bool] = {}

    def finish(self, session: Session, job: Job, now: float) -> Finish | None:
        """Give when a job will be done; None if that cannot be told. `now` is UTC seconds."""
        if self._outlook is None or not 0 <= now - self._looked_at < LOOK_AGAIN_S:
            self._outlook = session.outlook.at(now)
            self._looked_at = now
        return self._outlook.finish(job, self._unable(session, job.job_key))

    def _unable(self, session: Session, job_key: int) -> frozenset[str]:
        """Give the servers that are known to be able to carry out no prompt of a job that waits."""
        version = session.catalogue.version()
        if version != self._catalogue:
            self._catalogue = version
            self._lacking.clear()
        keys = session.requirements.waiting(job_key)
        return frozenset(
            server
            for server in session.catalogue.servers()
            if keys and all(self._lacks(session, server, key) for key in keys)
        )

    def _lacks(self, session: Session, server: str, key: int) -> bool:
        if (server, key) not in self._lacking:
            requirement = session.requirements.get(key)
            self._lacking[server, key] = bool(lacks(requirement, server, session.catalogue))
        return self._lacking[server, key]
