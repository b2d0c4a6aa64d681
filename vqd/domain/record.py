"""The record of an output: what a job needs to make exactly this output again, and to tell what
does not match it any more."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import field

from vqd.domain.frozen import frozen
from vqd.domain.graph import Graph, NamedGraph, Target, Value, as_text, edited
from vqd.domain.job import ExpectedOutput, Plan

CARRIERS = ("png", "webp", "mp4", "mov", "mkv", "webm", "flac")
"""The endings of files that may carry the graph that made them."""
GRAPH_ENDINGS = ("json", *CARRIERS)
"""The endings of files that may hold a graph."""


def may_carry(name: str) -> bool:
    """Tell whether a file of this name may carry the graph that made it."""
    return _ending(name) in CARRIERS


def names_graph(name: str) -> bool:
    """Tell whether a file of this name may hold a graph, or carry one."""
    return _ending(name) in GRAPH_ENDINGS


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


@frozen
class Record:
    """How an output was made, as its sidecar or the output itself tells; all of it may be missing.

    `asked` names what the job file asked for, see `asked_sha256`: one that somebody edited since
    asks for something else. `sent` names the graph that was sent, see `sent_sha256`; `graph` the
    one in graphs/ of the job's folder of which that comes by `edits`. `inputs` are the sha256 of
    the files by slot, `binds` where their names go, `outputs` the nodes that save. `folder` is
    where the server put the outputs, below its own output folder. `result` is the output's file,
    where it lies beside the job file.
    """

    workflow_version: int | None = None
    asked: str = ""
    sent: str = ""
    graph: str = ""
    edits: Mapping[Target, Value] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    binds: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)
    outputs: tuple[ExpectedOutput, ...] = ()
    folder: str = ""
    server: str = ""
    server_version: str = ""
    result: str = ""


def asked_sha256(workflow: str, params: Mapping[str, Value]) -> str:
    """Name the workflow and the values that a job file asks for, whether they are typed already or
    still the texts that it holds: `0.50` is 0.5."""
    texts = {name: _text(value) for name, value in params.items()}
    asked = json.dumps([workflow, texts], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def _text(value: Value) -> str:
    text = as_text(value)
    if _WHOLE.fullmatch(text):
        return str(int(text))
    return str(float(text)) if _NUMBER.fullmatch(text) else text


_WHOLE = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,20}\.\d{0,20}([eE][+-]?\d{1,2})?", re.ASCII)


def sent_sha256(
    graph: Graph, edits: Mapping[Target, Value], inputs: Iterable[str], plan: Plan
) -> str:
    """Name a graph as it is sent, but for what its input files and its outputs are called.

    `inputs` are the slots that have a file. An edit of a node that the graph goes without counts
    for nothing.
    """
    names = [target for slot in inputs for target in plan.inputs[slot].targets]
    names += [Target(one.node, one.prefix_input) for one in plan.outputs if one.prefix_input]
    made = {**edits, **dict.fromkeys(names, "")}
    kept = {target: value for target, value in made.items() if target.node in graph}
    return NamedGraph.of(edited(graph, kept)).sha256
