"""What decides when jobs will be done, read at a moment."""

from vqd.domain.finish import OnServer, Outlook, Pace
from vqd.domain.line import InLine
from vqd.store.rows import Connection
from vqd.store.rules import RuleRows
from vqd.store.servers import ServerRows


class OutlookRows:
    """The queue, the servers and how long prompts took."""

    def __init__(self, connection: Connection, servers: ServerRows, rules: RuleRows) -> None:
        self._connection = connection
        self._servers = servers
        self._rules = rules

    def at(self, now: float) -> Outlook:
        """Give the outlook at `now`. Cost: a row a job that waits, and one a prompt on a server."""
        tallies = self._servers.tallies(now)
        return Outlook(
            self._paces(),
            [InLine(*row) for row in self._connection.execute(_LINE)],
            [OnServer(*row) for row in self._connection.execute(_GIVEN)],
            self._servers.all(),
            {name: one.ended_at for name, one in tallies.items() if one.ended_at is not None},
            now,
            is_fair=self._rules.is_fair(),
        )

    def _paces(self) -> dict[str, Pace]:
        rows = self._connection.execute(
            "SELECT workflow, mean_s, variance, measured FROM workflow_times"
        )
        return {
            row["workflow"]: Pace(row["mean_s"], row["variance"], row["measured"]) for row in rows
        }


_LINE = (
    "SELECT job_key, priority, workflow, pending, turn FROM jobs"
    " WHERE state IN ('queued', 'running') AND pending > 0 AND hold IS NULL"
    " AND cancel_requested_at IS NULL"
)
_GIVEN = (
    "SELECT prompts.server, job_key, workflow, claimed_at FROM prompts INDEXED BY prompts_running"
    " JOIN jobs USING (job_key) WHERE prompts.state = 'running'"
)
