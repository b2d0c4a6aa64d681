"""A definition that is not written yet, and the ways to name the nodes of its graph."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field

from vqd.domain.frozen import frozen
from vqd.domain.graph import Graph

Plain = str | int | float | bool | list["Plain"] | dict[str, "Plain"]
"""What may stand behind a key of a definition."""

Entry = dict[str, Plain]


@frozen
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


class NodeNames:
    """The most readable names that a bind may call the nodes of a graph by."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._titles = Counter(title_of(graph, node) for node in graph)
        self._of_class: dict[str, list[str]] = {}
        for node, content in graph.items():
            self._of_class.setdefault(str(content["class_type"]), []).append(node)

    def __getitem__(self, node: str) -> str:
        """Give a name that means this node alone: `@Title`, its class, or its id."""
        title, class_type = title_of(self._graph, node), self._class(node)
        if title and self._titles[title] == 1 and f"@{title}" not in self._graph:
            return f"@{title}"
        is_plain = class_type not in self._graph and not class_type.startswith("@")
        is_alone = len(self._of_class[class_type]) == 1 and not class_type.endswith("*")
        return class_type if is_plain and is_alone else node

    def bind(self, fields: Iterable[tuple[str, str]]) -> Plain:
        """Give what binds these inputs, each a node's id and an input's name: one bind, or a list.

        All nodes of a class that share one input are named together: `KSampler*.steps`.
        """
        bound = [*fields]
        if len(bound) > 1:
            class_type, name = self._class(bound[0][0]), bound[0][1]
            if bound == [(node, name) for node in self._of_class[class_type]]:
                return f"{class_type}*.{name}"
        return _one_or_more(f"{self[node]}.{name}" for node, name in bound)

    def bind_nodes(self, nodes: Iterable[str]) -> Plain:
        """Give what binds nodes, by their ids: a name, or a list."""
        return _one_or_more(self[node] for node in dict.fromkeys(nodes))

    def _class(self, node: str) -> str:
        return str(self._graph[node]["class_type"])


def _one_or_more(names: Iterable[str]) -> Plain:
    written: list[Plain] = [*names]
    return written[0] if len(written) == 1 else written


def title_of(graph: Graph, node: str) -> str:
    """Give a node's title; nothing where it has none."""
    meta = graph[node].get("_meta")
    return str(meta.get("title") or "") if isinstance(meta, dict) else ""
