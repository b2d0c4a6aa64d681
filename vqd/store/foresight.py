"""When jobs will be done, told again and again without looking at everything each time."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from vqd.domain.finish import Finish, Outlook
from vqd.domain.listing import ListedJob
from vqd.domain.place import Place
from vqd.domain.requirement import lacks
from vqd.store.catalogue import CatalogueRows, ClassCache
from vqd.store.outlook import OutlookRows
from vqd.store.reader import Overlook, Reader
from vqd.store.requirements import RequirementRows
from vqd.store.rows import Connection
from vqd.store.rules import RuleRows

LOOK_AGAIN_S = 2.0
"""Between two looks at the whole queue, which costs a row for each job that waits."""


class Foreseen(Overlook):
    """The rows that tell when jobs will be done, too."""

    def __init__(self, connection: Connection, classes: ClassCache) -> None:
        super().__init__(connection)
        self.catalogue = CatalogueRows(connection, classes)
        self.requirements = RequirementRows(connection)
        self.rules = RuleRows(connection)
        self.outlook = OutlookRows(connection, self.servers, self.rules)


class Foresight:
    """Tells the finish of jobs; one look at the queue serves all that are asked for soon after, and
    what a server lacks is worked out once for each catalogue. Used by one thread alone."""

    def __init__(self) -> None:
        self._outlook: Outlook | None = None
        self._looked_at = 0.0
        self._hashes: Mapping[str, str] = {}
        self._lacking: dict[tuple[str, int], bool] = {}

    def finish(self, rows: Foreseen, job: ListedJob, now: float) -> Finish | None:
        """Give when a job will be done; None if that cannot be told. `now` is UTC seconds."""
        if self._outlook is None or not 0 <= now - self._looked_at < LOOK_AGAIN_S:
            self._outlook = rows.outlook.at(now)
            self._looked_at = now
        return self._outlook.finish(job, self._unable(rows, job.job_key))

    def _unable(self, rows: Foreseen, job_key: int) -> frozenset[str]:
        """Give the servers that are known to be able to carry out no prompt of a job that waits."""
        hashes = rows.catalogue.hashes()
        if hashes != self._hashes:
            self._hashes = hashes
            self._lacking.clear()
        keys = rows.requirements.waiting(job_key)
        return frozenset(
            server for server in hashes if keys and all(self._lacks(rows, server, k) for k in keys)
        )

    def _lacks(self, rows: Foreseen, server: str, key: int) -> bool:
        sought = self._hashes[server], key
        if sought not in self._lacking:
            requirement = rows.requirements.get(key)
            self._lacking[sought] = bool(lacks(requirement, server, rows.catalogue))
        return self._lacking[sought]


def finishes_of(rows: Foreseen, jobs: Iterable[ListedJob], now: float) -> Mapping[int, Finish]:
    """Give by their keys when jobs will be done, of those of which that can be told.

    `now` is UTC seconds.
    """
    foresight = Foresight()
    told = {job.job_key: foresight.finish(rows, job, now) for job in jobs}
    return {job_key: finish for job_key, finish in told.items() if finish is not None}


def foreseen(queue_place: Place, jobs: Sequence[ListedJob], now: float) -> Mapping[int, Finish]:
    """Give when jobs of the queue at `queue_place` will be done, as `finishes_of`.

    Raises:
        VqdError: `store_missing` and the like.
    """
    foreseen_rows = partial(Foreseen, classes=ClassCache())
    with Reader(queue_place, foreseen_rows) as reader, reader.reading() as rows:
        return finishes_of(rows, jobs, now)
