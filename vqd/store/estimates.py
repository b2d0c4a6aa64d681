"""What prompts of a workflow usually need, by those that were carried out."""

from collections.abc import Mapping

from vqd.domain.finish import Pace
from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import JobState
from vqd.store.rows import Connection

_JOBS = 50
_PROMPTS = 1000


@frozen
class Usual:
    """What one prompt usually makes and takes; None where none was carried out yet.

    `measured` is the number of prompts whose outputs were counted.
    """

    bytes: float | None = None
    seconds: float | None = None
    measured: int = 0


class EstimateRows:
    """Means over what the store remembers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_workflow(self, workflow: str) -> Usual:
        """Give what a prompt of a workflow usually needs, by its last jobs."""
        outputs = self._connection.execute(
            _BYTES, {"workflow": workflow, "jobs": _JOBS, "prompts": _PROMPTS}
        ).fetchone()
        return Usual(outputs["bytes"], self.seconds(workflow), outputs["measured"])

    def bytes_by_workflow(self) -> Mapping[str, float]:
        """Give what a prompt usually makes, for each workflow of a job that is not over; one that
        was never carried out is left out."""
        rows = self._connection.execute(
            "SELECT DISTINCT workflow FROM jobs INDEXED BY jobs_open WHERE state IN"
            " ('assembling', 'quoted', 'queued', 'running', 'publishing')"
        ).fetchall()
        usual = {row["workflow"]: self.of_workflow(row["workflow"]).bytes for row in rows}
        return {workflow: bytes_ for workflow, bytes_ in usual.items() if bytes_ is not None}

    def seconds(self, workflow: str) -> float | None:
        """Give how long a prompt of a workflow usually takes; None if none was carried out yet."""
        pace = self.pace(workflow)
        return None if pace is None else pace.mean_s

    def pace(self, workflow: str) -> Pace | None:
        """Give how long its newest prompts took, and how differently; None as for `seconds`."""
        row = self._connection.execute(
            "SELECT mean_s, variance, measured FROM workflow_times WHERE workflow = ?", (workflow,)
        ).fetchone()
        return None if row is None else Pace(*row)


_NEWEST = " UNION ALL ".join(
    "SELECT * FROM (SELECT job_key FROM jobs INDEXED BY jobs_by_workflow WHERE workflow = :workflow"
    f" AND state = '{state}' ORDER BY job_key DESC LIMIT :jobs) AS of_a_state"
    for state in JobState
)
"""The newest jobs of a workflow in each state: as many seeks."""
_BYTES = (
    "SELECT count(*) AS measured, avg(bytes) AS bytes FROM ("
    " SELECT sum(outputs.bytes) AS bytes FROM outputs WHERE job_key IN ("
    f"  SELECT job_key FROM ({_NEWEST}) AS newest ORDER BY job_key DESC LIMIT :jobs)"
    " GROUP BY job_key, number LIMIT :prompts) AS of_a_prompt"
)
