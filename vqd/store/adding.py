"""New prompts, with their graphs, what they require and what was made of them before."""

from collections.abc import Iterable

from vqd.domain.job import PlannedPrompt
from vqd.domain.outcome import OutputFile
from vqd.domain.queue import PromptKey
from vqd.store.graphs import GraphRows
from vqd.store.outputs import OutputRows
from vqd.store.promptrow import INSERT, row_of
from vqd.store.requirements import RequirementRows, Requiring
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

    def add(self, job_key: int, prompts: Iterable[PlannedPrompt]) -> int:
        """Add prompts to an assembling job, and to its counters; gives how many there were."""
        requiring = Requiring(self._requirements, job_key)
        graph_keys: dict[str, int] = {}
        rows = []
        kept = 0
        made: list[tuple[PromptKey, OutputFile]] = []
        for prompt in prompts:
            graph_key = graph_keys.get(prompt.graph.sha256)
            if graph_key is None:
                graph_key = graph_keys[prompt.graph.sha256] = self._graphs.add(
                    job_key, prompt.graph
                )
            rows.append(row_of(job_key, graph_key, requiring.key_of(prompt), prompt))
            if prompt.made is not None:
                kept += 1
                key = PromptKey(job_key, prompt.number)
                made += ((key, output) for output in prompt.made.outputs)
        self._connection.executemany(INSERT, rows)
        self._outputs.add(made)
        self._connection.execute(
            "UPDATE jobs SET total = total + :total, pending = pending + :total - :kept,"
            " succeeded = succeeded + :kept, kept = kept + :kept WHERE job_key = :job_key",
            {"total": len(rows), "kept": kept, "job_key": job_key},
        )
        return len(rows)
