"""New prompts, with their graphs, what they require and what was made of them before."""

from typing import Any

from vqd.domain.queue import PromptKey
from vqd.store.batches import Batch
from vqd.store.graphs import GraphRows
from vqd.store.outputs import OutputRows
from vqd.store.promptrow import insert
from vqd.store.requirements import RequirementRows
from vqd.store.rows import Connection


class Adding:
    """Adds prompts to jobs."""

    def __init__(
        self,
        connection: Connection,
        outputs: OutputRows,
        graphs: GraphRows,
        requirements: RequirementRows,
    ) -> None:
        self._connection = connection
        self._outputs = outputs
        self._graphs = graphs
        self._requirements = requirements

    def add(self, job_key: int, batch: Batch) -> None:
        """Add prompts to an assembling job, and to its counters."""
        graphs = [self._graphs.add(job_key, graph) for graph in batch.graphs]
        requirements = self._requirements.keys(job_key, batch.requirements)
        values: list[Any] = []
        for graph_at, required_at, row in batch.rows:
            values += (job_key, graphs[graph_at], requirements[required_at], *row)
        self._connection.execute(insert(len(batch)), values)
        self._outputs.add([(PromptKey(job_key, number), output) for number, output in batch.made])
        self._connection.execute(
            "UPDATE jobs SET total = total + :total, pending = pending + :total - :kept,"
            " succeeded = succeeded + :kept, kept = kept + :kept WHERE job_key = :job_key",
            {"total": len(batch), "kept": batch.kept, "job_key": job_key},
        )
