"""The manifest of a job: a prompt's lines as it succeeds, and all of them when the job closes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vqd.domain.outcome import Succeeded
from vqd.domain.queue import Job, Prompt
from vqd.domain.recipe import Recipes
from vqd.runner.assignment import Assignment
from vqd.spool.files import whole_file
from vqd.spool.manifest import MANIFEST, Line, add_lines, encoded, lines_of
from vqd.spool.signs import Signs
from vqd.store.store import Session


def add_to_manifest(assignment: Assignment, outcome: Succeeded, recipes: Recipes) -> None:
    """Add what an assignment made, durably; `recipes` are its job's.

    Raises:
        OSError: it cannot be written.
    """
    graph, plan = assignment.graph, assignment.plan
    made = replace(
        assignment.prompt, outputs=outcome.outputs, files=outcome.inputs, seconds=outcome.seconds
    )
    edits = _as_planned(made).edits
    key = recipes.of(graph.sha256, graph.nodes, edits, outcome.inputs)
    add_lines(assignment.folder, lines_of(made, plan, key, None))


def write_manifest(session: Session, job: Job, folder: Path) -> None:
    """Write the lines of all prompts that succeeded, in their order; the folder is laid out.

    Raises:
        OSError: it cannot be written.
    """
    with whole_file(folder / MANIFEST) as file:
        for line in _lines(session, job, folder):
            file.write(encoded(line))


def _lines(session: Session, job: Job, folder: Path) -> Iterator[Line]:
    if job.plan is None:
        return
    recipes, signs = Recipes(job.plan), Signs(folder)
    graphs = {sha256: session.graphs.get(sha256) for sha256 in session.graphs.of_job(job.job_key)}
    for prompt in session.prompts.of_job(job.job_key):
        if prompt.outputs:
            graph = graphs[prompt.graph_sha256]
            key = recipes.of(graph.sha256, graph.nodes, prompt.edits, prompt.files)
            yield from lines_of(prompt.as_climbed(job.plan), job.plan, key, signs)


def _as_planned(prompt: Prompt) -> Prompt:
    return prompt.planned or prompt
