"""Workflows without a definition: a graph that is run as it is."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from vqd.definitions.outputs import expected_outputs
from vqd.definitions.settable import Settable, settables
from vqd.definitions.wiring import Classes
from vqd.domain.frozen import frozen
from vqd.domain.graph import NamedGraph, Target, as_text
from vqd.domain.kinds import INPUT_KINDS, KINDS, kind_of_name
from vqd.domain.param import Misfit, Param
from vqd.domain.record import Record
from vqd.domain.workflow import InputSlot, Workflow

_TYPED = frozenset({"bool", "int", "float", "seed"})


@frozen
class BareWorkflow:
    """A graph as a workflow, and by slot the file that each of its nodes loads."""

    workflow: Workflow
    files: Mapping[str, str]


def workflow_of_graph(name: str, graph: NamedGraph, classes: Classes) -> BareWorkflow:
    """Give a graph as a workflow with no parameters: what it saves are its outputs, and what its
    nodes load may be given to it.

    Raises:
        Faults: `no_output`, the graph saves nothing.
    """
    slots = {
        slot: InputSlot(
            slot, kind, KINDS[kind].extensions, (Target(one.node, one.name),), required=False
        )
        for slot, kind, one in _loaders(graph, classes)
    }
    outputs = expected_outputs(graph.nodes, classes, where=name)
    workflow = Workflow(name, 1, name, graph, slots, {}, outputs)
    return BareWorkflow(workflow, files_loaded(graph, classes))


def files_loaded(graph: NamedGraph, classes: Classes) -> Mapping[str, str]:
    """Give by slot the file that each node of a graph loads, as the graph names it."""
    return {slot: str(one.value) for slot, _, one in _loaders(graph, classes)}


def _loaders(graph: NamedGraph, classes: Classes) -> Iterator[tuple[str, str, Settable]]:
    """Give slot and kind of each input of a graph that names a file."""
    taken = 0
    kinds: set[str] = set()
    for one in settables(graph.nodes, classes):
        kind = one.upload_kind
        if kind is not None:
            taken += 1
            yield kind if kind not in kinds else f"{kind}_{taken}", kind, one
            kinds.add(kind)


def workflow_of_record(
    record: Record,
    graph: NamedGraph,
    *,
    name: str,
    inputs: Mapping[str, str],
    params: Mapping[str, str],
    today: Workflow | None,
) -> Workflow | None:
    """Give a recorded graph as a workflow whose parameters are bound to nothing, since their values
    are in the graph; None if the record names nodes that the graph has not.

    `inputs` are the paths of the files by slot, `params` the values as texts; `today` is what has
    the workflow's name now, if anything.
    """
    named = [target.node for targets in record.binds.values() for target in targets]
    named += [one.node for one in record.outputs]
    if not record.outputs or not graph.nodes.keys() >= {*named} or inputs.keys() - record.binds:
        return None
    slots = {
        slot: InputSlot(slot, kind, KINDS[kind].extensions, record.binds[slot])
        for slot, path in inputs.items()
        if (kind := kind_of_name(path)) in INPUT_KINDS
    }
    known = today.params if today else {}
    unbound = Workflow(
        name=name,
        version=record.workflow_version or 1,
        where=today.where if today else name,
        graph=graph,
        inputs=slots,
        params={one: _unbound(one, text, known.get(one)) for one, text in params.items()},
        outputs=record.outputs,
    )
    return replace(unbound, vram_gb=today.vram_gb, tags=today.tags) if today else unbound


def _unbound(name: str, text: str, known: Param | None) -> Param:
    """Give a parameter that reads a text as what it was, so that it is told as it was.

    What nobody knows any more is what it looks like.
    """
    guesses = ("int", "float", "bool")
    for kind in guesses if known is None else {known.type} & _TYPED:
        typed = Param(name, kind)
        with suppress(Misfit):
            if as_text(typed.read(text)) == text:
                return typed
    return Param(name, "text")
