"""How each server spells the names of its choices: `Wan\\high.safetensors` on one, `wan/high…` on
another."""

import threading
from collections.abc import Mapping

from vqd.domain.graph import Graph, Target, Value, edited
from vqd.domain.spelling import Spellings, spellings
from vqd.store.store import Store

FIRST_LOOK_S = 10.0
"""How long a refused prompt waits for the first look at its server."""


class Spelling:
    """Writes graphs as a server spells them. Any thread may ask; each class is read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._servers: dict[str, dict[str, Mapping[str, Spellings]]] = {}
        self._looks: dict[str, threading.Event] = {}

    def spelled(self, server: str, graph: Graph) -> Graph:
        """Give the graph with each choice that the server spells otherwise in its spelling.

        What is none of its choices stays as it is: the server says so better than anybody.
        """
        edits: dict[Target, Value] = {}
        for node, made in graph.items():
            inputs = made.get("inputs", {})
            for name, choices in self._choices(server, made["class_type"]).items():
                value = inputs.get(name)
                known = choices.find(value) if isinstance(value, str) else None
                if known is not None and known != value:
                    edits[Target(node, name)] = known
        return edited(graph, edits) if edits else graph

    def spelled_anew(self, server: str, graph: Graph) -> Graph:
        """Give the graph as `spelled` does when the first look at the server is over.

        What was refused before may have been spelled by nothing, or by what was true yesterday.
        """
        self._looked(server).wait(FIRST_LOOK_S)
        return self.spelled(server, graph)

    def end_look(self, server: str) -> None:
        """Note that a look at a server is over: its classes are read again."""
        self._servers.pop(server, None)
        self._looked(server).set()

    def _looked(self, server: str) -> threading.Event:
        return self._looks.setdefault(server, threading.Event())

    def _choices(self, server: str, node_class: str) -> Mapping[str, Spellings]:
        # A class that is read while a look ends lands in what is forgotten.
        classes = self._servers.setdefault(server, {})
        if node_class not in classes:
            classes[node_class] = self._read(server, node_class)
        return classes[node_class]

    def _read(self, server: str, node_class: str) -> Mapping[str, Spellings]:
        with self._store.reading() as session:
            found = session.catalogue.node_class(server, node_class)
        inputs = found.inputs if found is not None else {}
        return {name: spellings(one.options) for name, one in inputs.items() if one.options}
