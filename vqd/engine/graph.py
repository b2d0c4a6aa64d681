"""How the nodes of a graph hang together."""

import heapq
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from vqd.engine.nodes.signature import NodeClass

Graph = Mapping[str, Mapping[str, Any]]

_FAR = 3
"""Nodes so many steps before an output wait alike."""


def is_link(value: Any) -> bool:
    """Tell whether an input's value is `[node id, slot]`."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)


def links(made: Mapping[str, Any], node_class: NodeClass) -> dict[str, list[Any]]:
    """Give a node's links by input. An input that its class does not know is no link."""
    return {
        name: value
        for name, value in made["inputs"].items()
        if is_link(value) and node_class.knows(name)
    }


def in_order(graph: Graph, classes: Mapping[str, NodeClass], outputs: Iterable[str]) -> list[str]:
    """Give all the nodes that these need, and these, every node after those that it needs.

    The graph was found right: it has no cycle and no broken link.
    """
    order: dict[str, None] = {}
    waiting = [(node, False) for node in outputs][::-1]
    while waiting:
        node, needs_are_in = waiting.pop()
        if needs_are_in:
            order[node] = None
        elif node not in order:
            waiting.append((node, True))
            made = graph[node]
            found = links(made, classes[made["class_type"]])
            waiting += [(link[0], False) for link in found.values()][::-1]
    return list(order)


def by_readiness(
    graph: Graph,
    classes: Mapping[str, NodeClass],
    outputs: Iterable[str],
    made: Container[str],
) -> Iterator[str]:
    """Give the outputs and what must be run for them, as they can run: of the nodes that can, an
    output first, then the node fewest steps before one (0.3.64, comfy_execution/graph.py).

    Nothing is given for what a node in `made` needs; such a node itself only if it is an output.
    """
    needs = _needs(graph, classes, outputs, made)
    needed_by: dict[str, list[str]] = {node: [] for node in needs}
    for node, needed in needs.items():
        for one in needed:
            needed_by[one].append(node)
    steps = _steps(needs, (node for node in needs if classes[graph[node]["class_type"]].is_output))
    places = {node: (steps.get(node, _FAR), at, node) for at, node in enumerate(needs)}
    missing = {node: len(needed) for node, needed in needs.items()}
    ready = [places[node] for node in needs if not missing[node]]
    heapq.heapify(ready)
    while ready:
        node = heapq.heappop(ready)[2]
        yield node
        for one in needed_by[node]:
            missing[one] -= 1
            if not missing[one]:
                heapq.heappush(ready, places[one])


def _needs(
    graph: Graph,
    classes: Mapping[str, NodeClass],
    outputs: Iterable[str],
    made: Container[str],
) -> dict[str, set[str]]:
    needs: dict[str, set[str]] = {}
    waiting = [*outputs]
    while waiting:
        node = waiting.pop()
        if node not in needs:
            found = links(graph[node], classes[graph[node]["class_type"]]).values()
            needs[node] = {link[0] for link in found if link[0] not in made}
            waiting += [link[0] for link in found if link[0] in needs[node]]
    return needs


def _steps(needs: Mapping[str, set[str]], outputs: Iterable[str]) -> dict[str, int]:
    steps: dict[str, int] = {}
    layer = set(outputs)
    for distance in range(_FAR):
        steps.update(dict.fromkeys(layer, distance))
        layer = {one for node in layer for one in needs[node] if one not in steps}
    return steps
