"""A graph in ComfyUI's API format, and edits to it.

A graph is `{node id: {"class_type": …, "inputs": {…}}}`; a link is `[node id, slot]`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from vqd.domain.frozen import frozen

Value = str | int | float | bool
Graph = Mapping[str, Mapping[str, Any]]
Wires = Mapping[int, str]
"""For a node's output slots the name of its input that stands in for each, where one does."""


def as_text(value: Value) -> str:
    """Give a value as people write it: `true`, `0.5`, `a cat`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One input of one node; written `NODE.input`."""

    node: str
    input: str

    def __str__(self) -> str:
        return f"{self.node}.{self.input}"


@frozen
class NamedGraph:
    """A graph and its name: the sha256 of its canonical JSON. Compared by name alone."""

    sha256: str
    nodes: Graph = field(compare=False, repr=False)

    @classmethod
    def of(cls, nodes: Graph) -> "NamedGraph":
        """Name a graph by its content: key order, and so the file's layout, does not matter.

        Raises:
            ValueError: it holds a number that is none, or half a character.
        """
        canonical = json.dumps(
            nodes, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return cls(hashlib.sha256(canonical.encode()).hexdigest(), nodes)


def title_of(graph: Graph, node: str) -> str:
    """Give what people call a node: its title, or else its class.

    One that a server made of another while it ran (`12:3`, `12.0.0.3`) is called as that one; the
    id stands for one that the graph has not.
    """
    found = graph.get(node) or graph.get(re.split("[.:]", node)[0])
    if found is None:
        return node
    meta = found.get("_meta")
    title = meta.get("title") if isinstance(meta, Mapping) else None
    return title if isinstance(title, str) and title.strip() else str(found["class_type"])


def edited(graph: Graph, edits: Mapping[Target, Value]) -> dict[str, dict[str, Any]]:
    """Give the graph with these inputs replaced; nodes that no edit touches are shared, not copied.

    Raises:
        KeyError: an edit names a node that the graph has not.
    """
    changed: dict[str, dict[str, Any]] = dict(graph)  # type: ignore[arg-type]  # shared nodes are only read
    fresh: set[str] = set()
    for target, value in edits.items():
        node = changed[target.node]
        if target.node not in fresh:
            node = {**node, "inputs": dict(node.get("inputs", {}))}
            changed[target.node] = node
            fresh.add(target.node)
        node["inputs"][target.input] = value
    return changed


def is_link(value: object) -> TypeGuard[list[Any]]:
    """Tell whether an input's value is a link: `[node id, slot]`."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[1], int)


def without(graph: Graph, wires: Mapping[str, Wires]) -> dict[str, Mapping[str, Any]]:
    """Give the graph with some nodes bypassed; nodes that were not wired to them are shared.

    `wires` names these nodes. What was wired to one is wired to what feeds the input that stands
    in; where none does, its input is left out, as ComfyUI's page does it.
    """
    kept = {node: content for node, content in graph.items() if node not in wires}
    return {node: _rewired(graph, content, wires) for node, content in kept.items()}


def _rewired(
    graph: Graph, content: Mapping[str, Any], wires: Mapping[str, Wires]
) -> Mapping[str, Any]:
    inputs = content["inputs"]
    cut = {name for name, value in inputs.items() if is_link(value) and str(value[0]) in wires}
    if not cut:
        return content
    behind = {name: _behind(graph, inputs[name], wires) for name in cut}
    kept = {name: behind.get(name, value) for name, value in inputs.items()}
    return {**content, "inputs": {name: value for name, value in kept.items() if value is not None}}


def _behind(graph: Graph, link: Any, wires: Mapping[str, Wires]) -> list[Any] | None:
    """Follow a link through bypassed nodes to one that stays; None if it leads nowhere."""
    passed: set[str] = set()
    while is_link(link) and str(link[0]) in wires:
        node = str(link[0])
        name = wires[node].get(link[1])
        if name is None or node in passed:
            return None
        passed.add(node)
        link = graph[node]["inputs"].get(name)
    return link if is_link(link) else None
