"""What cannot run since a node that it needs is muted, or bypassed with nothing in its place."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from vqd.definitions.ui.drawing import Drawn


def needs(node: Drawn, name: str) -> bool:
    """Tell whether a node cannot run without an input."""
    declared = node.node_class.inputs.get(name) if node.node_class else None
    return declared is not None and declared.is_required


def without_hanging(
    graph: Mapping[str, dict[str, Any]], nodes: Mapping[str, Drawn], hanging: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Give the graph without these nodes and without those that need an output of one left out.

    A node that can do without loses the input alone.
    """
    consumers: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, node in graph.items():
        for name, value in node["inputs"].items():
            if isinstance(value, list):
                consumers[value[0]].append((key, name))
    left = dict(graph)
    leaving = [*hanging]
    while leaving:
        key = leaving.pop()
        if left.pop(key, None) is None:
            continue
        for consumer, name in consumers[key]:
            del graph[consumer]["inputs"][name]
            if needs(nodes[consumer], name):
                leaving.append(consumer)
    return left
