"""A definition that is not written yet, and the ways to name the nodes of its graph."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vqd.definitions.graphs import Unbound, nodes_named
from vqd.domain.graph import Graph

Plain = str | int | float | bool | list["Plain"] | dict[str, "Plain"]
"""What may stand behind a key of a definition."""

Entry = dict[str, Plain]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A definition and its graph. `inputs`, `params` and `outputs` hold the keys to be written.

    `remarks` are what a person should read or decide, by key path (`params.steps`); that of `""`
    stands at the top. `left` are the parameters that were not made, ready to be taken in.
    """

    name: str
    graph: Graph
    label: str = ""
    group: str = ""
    help: str = ""
    inputs: Mapping[str, Entry] = field(default_factory=dict)
    params: Mapping[str, Entry] = field(default_factory=dict)
    outputs: Mapping[str, Entry] = field(default_factory=dict)
    requires: Entry = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, Entry] = field(default_factory=dict)


def node_name(graph: Graph, node: str) -> str:
    """Give the most readable name that means this node alone: `@Title`, its class, or its id."""
    title = title_of(graph, node)
    names = [f"@{title}"] if title else []
    return next((name for name in (*names, _class(graph, node)) if _is(graph, name, node)), node)


def binds(graph: Graph, fields: Iterable[tuple[str, str]]) -> Plain:
    """Give what binds these inputs, each a node's id and an input's name: one bind, or a list.

    All nodes of a class that share one input are named together: `KSampler*.steps`.
    """
    bound = [*fields]
    classes = {_class(graph, node) for node, _ in bound}
    inputs = {name for _, name in bound}
    if len(bound) > 1 and len(classes) == len(inputs) == 1:
        every = f"{classes.pop()}*"
        if nodes_named(graph, every) == [node for node, _ in bound]:
            return f"{every}.{inputs.pop()}"
    written: list[Plain] = [f"{node_name(graph, node)}.{name}" for node, name in bound]
    return written[0] if len(written) == 1 else written


def title_of(graph: Graph, node: str) -> str:
    """Give a node's title; nothing where it has none."""
    meta = graph[node].get("_meta")
    return str(meta.get("title") or "") if isinstance(meta, dict) else ""


def _class(graph: Graph, node: str) -> str:
    return str(graph[node]["class_type"])


def _is(graph: Graph, name: str, node: str) -> bool:
    try:
        return nodes_named(graph, name) == [node]
    except Unbound:
        return False
