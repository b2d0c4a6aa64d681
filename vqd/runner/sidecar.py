"""Sidecars: beside each output a job file that makes it again, and how it was made.

The same job file goes into the output itself, in the graph that ComfyUI puts there, where the node
that saves it keeps such things: an output by itself is as good as its sidecar.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import orjson

from vqd.documents.writer import written
from vqd.domain.graph import Graph
from vqd.domain.outcome import OutputFile, Succeeded
from vqd.domain.record import asked_sha256, sent_sha256
from vqd.runner.assignment import Assignment
from vqd.runner.server import Server
from vqd.spool.drops import INPUTS
from vqd.spool.files import write_to_sync

EMBEDDED = "vqd"
"""The name of the job file within a node's `_meta`."""


class Sidecars:
    """The job files of what one attempt makes: in the outputs, and beside them.

    Both have the same record, of which the hashes take as long as the graph is large: it is made
    once, unless an input was another meanwhile.
    """

    def __init__(self) -> None:
        self._made: tuple[Mapping[str, str], Mapping[str, Any]] | None = None

    def in_graph(
        self, graph: Graph, assignment: Assignment, input_sha256s: Mapping[str, str]
    ) -> Graph:
        """Give a graph that holds the job file, of which nothing differs when it is sent again.

        It lies in the `_meta` of a node, which ComfyUI ignores and puts into outputs with the rest
        of the graph (0.3.64, execution.py, nodes.py); not in `extra_pnginfo`, in which other
        people's nodes expect the frontend's `workflow` as soon as there is anything.
        """
        node = next((one.node for one in assignment.plan.outputs if one.node in graph), None)
        if node is None:
            return graph
        names = {slot: PurePosixPath(path).name for slot, path in assignment.prompt.inputs.items()}
        told = {**_job_file(assignment, names), "record": self._record(assignment, input_sha256s)}
        meta = {**graph[node].get("_meta", {}), EMBEDDED: told}
        return {**graph, node: {**graph[node], "_meta": meta}}

    def write(
        self,
        assignment: Assignment,
        server: Server,
        input_sha256s: Mapping[str, str],
        outcome: Succeeded,
    ) -> None:
        """Write `NAME.EXT.yaml` beside every output, durably once the folders of these are synced;
        nothing where the job wants none."""
        if assignment.plan.sidecar == "none":
            return
        # Relative to done/, which is one of the places where a job's inputs may lie.
        origin = PurePosixPath(assignment.job) / INPUTS
        paths = {slot: str(origin / path) for slot, path in assignment.prompt.inputs.items()}
        brief = self._record(assignment, input_sha256s)
        for output in outcome.outputs:
            record = brief
            if assignment.plan.sidecar == "full":
                record = {**brief, **_how(assignment, server, outcome, output)}
            told = {**_job_file(assignment, paths), "record": record}
            write_to_sync(assignment.folder / f"{output.path}.yaml", written(told))

    def _record(
        self, assignment: Assignment, input_sha256s: Mapping[str, str]
    ) -> Mapping[str, Any]:
        if self._made is None or self._made[0] != input_sha256s:
            self._made = input_sha256s, _record(assignment, input_sha256s)
        return self._made[1]


def _job_file(assignment: Assignment, inputs: Mapping[str, str]) -> dict[str, Any]:
    prompt, plan = assignment.prompt, assignment.plan
    return {
        "vqd": 1,
        "workflow": plan.workflow,
        "name": PurePosixPath(prompt.stem).name,
        # Sorted, since which values vary is otherwise when it is made again.
        "inputs": _sorted(inputs),
        "params": _sorted({**plan.params, **prompt.params}),
        "output": {"name": prompt.stem},
    }


def _record(assignment: Assignment, input_sha256s: Mapping[str, str]) -> dict[str, Any]:
    prompt, plan = assignment.prompt, assignment.plan
    return {
        "workflow_version": plan.workflow_version,
        "asked": asked_sha256(plan.workflow, {**plan.params, **prompt.params}),
        "sent": sent_sha256(assignment.graph.nodes, prompt.edits, prompt.inputs, plan),
        "folder": assignment.server_folder,
        "inputs": _sorted(input_sha256s),
        "binds": _sorted({slot: [*map(str, plan.inputs[slot].targets)] for slot in prompt.inputs}),
        "outputs": {
            one.slot: {
                "node": one.node,
                "kind": one.kind,
                **({"prefix": one.prefix_input} if one.prefix_input else {}),
                **({"temp": True} if one.takes_temp else {}),
            }
            for one in plan.outputs
        },
        "seed": prompt.seed,
        **({"mark": prompt.mark} if prompt.mark else {}),
    }


def _sorted(told: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(told.items()))


def _how(
    assignment: Assignment, server: Server, outcome: Succeeded, output: OutputFile
) -> dict[str, Any]:
    prompt = assignment.prompt
    nodes = assignment.graph.nodes  # without those that this prompt bypasses
    edits = {str(one): value for one, value in prompt.edits.items() if one.node in nodes}
    return {
        "job": assignment.job,
        "prompt": prompt.key.number,
        "attempt": prompt.attempt,
        "graph": assignment.graph.sha256,
        # As JSON, which keeps their types: all that a job file holds is text.
        **({"edits": orjson.dumps(edits).decode()} if edits else {}),
        "server": server.name,
        **({"server_version": server.version} if server.version else {}),
        "seconds": round(outcome.seconds, 3),
        "sha256": output.sha256,
    }
