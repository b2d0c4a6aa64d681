"""A graph in ComfyUI's API format, and edits to it.

A graph is `{node id: {"class_type": …, "inputs": {…}}}`; a link is `[node id, slot]`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Value = str | int | float | bool
Graph = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One input of one node; written `NODE.input`."""

    node: str
    input: str

    def __str__(self) -> str:
        return f"{self.node}.{self.input}"


@dataclass(frozen=True, slots=True)
class NamedGraph:
    """A graph and its name: the sha256 of its canonical JSON. Compared by name alone."""

    sha256: str
    nodes: Graph = field(compare=False, repr=False)

    @classmethod
    def of(cls, nodes: Graph) -> "NamedGraph":
        """Name a graph by its content: key order, and so the file's layout, does not matter."""
        canonical = json.dumps(nodes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return cls(hashlib.sha256(canonical.encode()).hexdigest(), nodes)


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
