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


class Recipes:
    """Names what the prompts of one job are made of: the graph as it is sent, and what its input
    files hold.

    What files are called, inputs and outputs, has no part in it; nor has it a part which values
    vary and which are the same in all, since both are in the graph that is sent.
    """

    def __init__(self, plan: Plan) -> None:
        self._binds = plan.inputs
        outputs = plan.outputs
        self._unnamed = {
            Target(one.node, one.prefix_input): "" for one in outputs if one.prefix_input
        }
        self._asked = json.dumps(sorted(one.node for one in outputs)).encode()
        self._nodes: dict[str, dict[str, bytes]] = {}

    def of(
        self, graph_sha256: str, graph: Graph, edits: Edits, inputs: Mapping[str, ReadFile]
    ) -> str:
        """Give the recipe of a prompt, in hex. `inputs` are its files by slot.

        Cost: the nodes that differ from those of `graph`, and 32 bytes for each that does not.
        """
        signs = self._signs(graph_sha256, graph)
        changed = self._changed(graph, edits, inputs)
        own = {node: _sign(node, graph[node], values) for node, values in changed.items()}
        recipe = hashlib.sha256(self._asked)
        for node, sign in signs.items():
            recipe.update(own.get(node, sign))
        return recipe.hexdigest()

    def _changed(
        self, graph: Graph, edits: Edits, inputs: Mapping[str, ReadFile]
    ) -> dict[str, dict[str, Value]]:
        contents = {
            target: f"{_INPUT}{file.sha256}"
            for slot, file in inputs.items()
            for target in self._binds[slot].targets
        }
        changed: dict[str, dict[str, Value]] = {}
        for target, value in {**edits, **contents, **self._unnamed}.items():
            if target.node in graph:
                changed.setdefault(target.node, {})[target.input] = value
        return changed

    def _signs(self, sha256: str, graph: Graph) -> dict[str, bytes]:
        if sha256 not in self._nodes:
            self._nodes[sha256] = {node: _sign(node, graph[node], {}) for node in sorted(graph)}
        return self._nodes[sha256]


def _sign(name: str, node: Mapping[str, Any], values: Mapping[str, Value]) -> bytes:
    told = [name, node["class_type"], {**node.get("inputs", {}), **values}]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()
