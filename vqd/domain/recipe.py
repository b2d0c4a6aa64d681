"""Recipes: the name of all that an output is made of. What has the same recipe need not be made
again."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from vqd.domain.graph import Graph, Target, Value
from vqd.domain.job import Plan
from vqd.domain.outcome import ReadFile

Edits = Mapping[Target, Value]

_INPUT = "sha256:"
_REMEMBERED = 20_000
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class Recipes:
    """Names what the prompts of one job are made of: the graph as it is sent, and what its input
    files hold.

    What files are called, inputs and outputs, has no part in it; nor has it a part which values
    vary and which are the same in all, since both are in the graph that is sent.
    """

    def __init__(self, plan: Plan) -> None:
        self._binds = plan.inputs
        outputs = plan.outputs
        self._unnamed = {Target(one.node, one.prefix_input) for one in outputs if one.prefix_input}
        self._asked = _ENCODER.encode(sorted(one.node for one in outputs)).encode()
        self._graphs: dict[str, dict[str, bytes]] = {}
        self._changed: dict[tuple[str, str, str], bytes] = {}

    def of(
        self, graph_sha256: str, graph: Graph, edits: Edits, inputs: Mapping[str, ReadFile]
    ) -> str:
        """Give the recipe of a prompt, in hex. `inputs` are its files by slot.

        Cost: the nodes that differ from those of `graph`, and 32 bytes for each that does not.
        """
        signs = self._signs(graph_sha256, graph)
        changed = {
            node: self._sign(graph_sha256, graph, node, values)
            for node, values in self._values(graph, edits, inputs).items()
        }
        recipe = hashlib.sha256(self._asked)
        for sign in {**signs, **changed}.values():
            recipe.update(sign)
        return recipe.hexdigest()

    def _values(
        self, graph: Graph, edits: Edits, inputs: Mapping[str, ReadFile]
    ) -> dict[str, dict[str, Value]]:
        """Give what a prompt sets of each node that it changes."""
        contents = {
            target: f"{_INPUT}{file.sha256}"
            for slot, file in inputs.items()
            for target in self._binds[slot].targets
        }
        values: dict[str, dict[str, Value]] = {}
        for target, value in {**edits, **contents}.items():
            if target.node in graph and target not in self._unnamed:
                values.setdefault(target.node, {})[target.input] = value
        return values

    def _signs(self, sha256: str, graph: Graph) -> dict[str, bytes]:
        """Give the sign of each node of a graph as it is without edits."""
        if sha256 not in self._graphs:
            self._graphs[sha256] = {
                node: _sign(node, graph[node], self._unnamed_of(node)) for node in sorted(graph)
            }
        return self._graphs[sha256]

    def _sign(self, sha256: str, graph: Graph, node: str, values: Mapping[str, Value]) -> bytes:
        """Give the sign of a node with these values; the same ones come with many prompts."""
        name = sha256, node, repr(values)
        sign = self._changed.get(name)
        if sign is None:
            if len(self._changed) >= _REMEMBERED:
                self._changed.clear()
            sign = _sign(node, graph[node], {**values, **self._unnamed_of(node)})
            self._changed[name] = sign
        return sign

    def _unnamed_of(self, node: str) -> dict[str, Value]:
        return {target.input: "" for target in self._unnamed if target.node == node}


def _sign(name: str, node: Mapping[str, Any], values: Mapping[str, Value]) -> bytes:
    told = [name, node["class_type"], {**node.get("inputs", {}), **values}]
    return hashlib.sha256(_ENCODER.encode(told).encode()).digest()
