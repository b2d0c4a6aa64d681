"""What stands in for a bypassed node's outputs."""

from collections.abc import Callable

from vqd.domain.catalogue import NodeClass, NodeInput
from vqd.domain.graph import Graph, Wires, is_link

Classes = Callable[[str], NodeClass | None]
"""Gives a node class by its name, as the servers have it; None if no server that was seen does."""


def wires_past(graph: Graph, node: str, classes: Classes) -> Wires | None:
    """Give for each output of a node the input that stands in for it when the node is bypassed.

    The input of the same place if it has the output's type, else the first of that type. Source:
    ComfyUI_frontend 1.25, ExecutableNodeDTO. The types are known from the node's class; without
    it, only a node with no wired input, or with one and no output used but its first, can be told.
    None: it cannot.
    """
    wired = [name for name, value in graph[node]["inputs"].items() if is_link(value)]
    if not wired:
        return {}
    found = classes(graph[node]["class_type"])
    if found is not None:
        inputs = [*found.inputs.values()]
        matches = {slot: _stand_in(inputs, slot, kind) for slot, kind in enumerate(found.outputs)}
        return {slot: name for slot, name in matches.items() if name is not None}
    return {0: wired[0]} if len(wired) == 1 and _used_slots(graph, node) <= {0} else None


def _stand_in(inputs: list[NodeInput], slot: int, kind: str) -> str | None:
    if slot < len(inputs) and inputs[slot].type == kind:
        return inputs[slot].name
    return next((one.name for one in inputs if one.type == kind), None)


def _used_slots(graph: Graph, node: str) -> set[int]:
    return {
        value[1]
        for content in graph.values()
        for value in content["inputs"].values()
        if is_link(value) and str(value[0]) == node
    }
