"""The rows of graphs: each is kept once, by content, as long as a job uses it."""

import orjson

from vqd.domain.graph import NamedGraph
from vqd.store.rows import Connection


class GraphRows:
    """Graphs: written with the prompts that use them, read by their hash."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, job_key: int, graph: NamedGraph) -> int:
        """Write a graph that a job uses, if it is not there yet; gives its key."""
        self._connection.execute(
            "INSERT INTO graphs (sha256, nodes) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (graph.sha256, orjson.dumps(graph.nodes).decode()),
        )
        row = self._connection.execute(
            "SELECT graph_key FROM graphs WHERE sha256 = ?", (graph.sha256,)
        ).fetchone()
        graph_key = int(row["graph_key"])
        self._connection.execute(
            "INSERT INTO job_graphs VALUES (?, ?) ON CONFLICT DO NOTHING", (job_key, graph_key)
        )
        return graph_key

    def of_job(self, job_key: int) -> list[str]:
        """Give the hashes of the graphs that a job's prompts use."""
        rows = self._connection.execute(
            "SELECT sha256 FROM graphs JOIN job_graphs USING (graph_key) WHERE job_key = ?"
            " ORDER BY sha256",
            (job_key,),
        )
        return [row["sha256"] for row in rows]

    def get(self, sha256: str) -> NamedGraph:
        """Give a graph by its hash.

        Raises:
            KeyError: there is none.
        """
        row = self._connection.execute(
            "SELECT nodes FROM graphs WHERE sha256 = ?", (sha256,)
        ).fetchone()
        if row is None:
            raise KeyError(sha256)
        return NamedGraph(sha256, orjson.loads(row["nodes"]))
