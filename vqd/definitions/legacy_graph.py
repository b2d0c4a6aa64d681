"""The graph of a definition of video_queue, and which parameter sets which of its inputs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from vqd.definitions.legacy_keys import Notes, OldBinding, OldDefinition
from vqd.definitions.settable import Settable, settables
from vqd.definitions.sketch import NodeNames, Plain
from vqd.definitions.wiring import Classes
from vqd.domain.graph import is_link
from vqd.domain.nearest import nearest

SIDES = ("width", "height")

_SCHEDULES = {"uniform_standard": "standard_uniform"}
"""What video_queue replaced in `WanContextWindowsManual.context_schedule`, whatever the graph."""

Target = tuple[str, str]
"""A node, and the name of one of its inputs."""


@dataclass(slots=True)
class OldGraph:
    """The graph, with all in it that video_queue wrote whatever a job gave.

    `owners` names for each input the slot or parameter that sets it: of two, the later did.
    """

    old: OldDefinition
    nodes: dict[str, Any]
    notes: Notes
    classes: Classes
    owners: dict[Target, str] = field(default_factory=dict)

    @property
    def names(self) -> NodeNames:
        """Give the names by which binds call the nodes."""
        return NodeNames(self.nodes)

    def set_switches(self) -> None:
        """Write into the graph what no parameter can change."""
        for node, name, value in self.old.switches:
            if self.has(node, "switch_states", node):
                self.nodes[node]["inputs"][name] = value
        if self.old.switches:
            self.notes.tell("these values stand in the graph now.", "switch_states")
        for content in self.nodes.values():
            schedule = content["inputs"].get("context_schedule")
            if content["class_type"] == "WanContextWindowsManual" and schedule in _SCHEDULES:
                content["inputs"]["context_schedule"] = _SCHEDULES[schedule]

    def claim(self, binding: OldBinding, owner: str, value: Any, *path: str) -> list[Target]:
        """Give the inputs that a binding sets; what the graph has not, or has wired, is made.

        `path` is where the binding stands, for notes.
        """
        fixed = {(node, name) for node, name, _ in self.old.switches}
        nodes = [node for node in binding.nodes if binding.fields and self.has(node, *path)]
        targets = [(node, self._field(node, binding)) for node in nodes]
        for node, name in targets:
            if (node, name) in fixed:
                self.notes.tell(f"switch_states set {node}.{name} whatever it was.", *path)
        free = [target for target in targets if target not in fixed]
        for node, name in free:
            inputs = self.nodes[node]["inputs"]
            if name not in inputs or is_link(inputs[name]):
                inputs[name] = "" if value is None else value
            before = self.owners.get((node, name), owner)
            if before != owner:
                said = f"it set {node}.{name} after {before}, which sets it no longer."
                self.notes.tell(said, *path)
        self.owners |= dict.fromkeys(free, owner)
        return free

    def _field(self, node: str, binding: OldBinding) -> str:
        inputs = self.nodes[node]["inputs"]
        return next((name for name in binding.fields if name in inputs), binding.fields[0])

    def seeds(self, binding: OldBinding) -> list[Target]:
        """Give the inputs that the seed was written to: every one of its fields that a node has."""
        nodes = [node for node in binding.nodes if self.has(node, "file_bindings", "seed")]
        for node in nodes if len(binding.fields) == 1 else ():
            self.nodes[node]["inputs"].setdefault(binding.fields[0], 0)
        return [
            (node, name)
            for node in nodes
            for name in binding.fields
            if name in self.nodes[node]["inputs"]
        ]

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Give the size of each node that has one: what a resolution set, and a flip swapped."""
        sides = {
            node: [content["inputs"].get(side) for side in SIDES]
            for node, content in self.nodes.items()
        }
        return {
            node: (int(pair[0]), int(pair[1]))
            for node, pair in sides.items()
            if all(type(side) in (int, float) for side in pair)
        }

    def has(self, node: str, *path: str) -> bool:
        """Tell whether there is such a node; that there is none is a fault of the key `path`."""
        if node not in self.nodes:
            said = f"the graph has no node {node}."
            self.notes.refuse("unknown_node", said, *path, hint=nearest(node, self.nodes))
        return node in self.nodes

    def settables(self, targets: Iterable[Target]) -> list[Settable]:
        """Give what is known of some inputs."""
        found = {(one.node, one.name): one for one in settables(self.nodes, self.classes)}
        return [found[target] for target in targets if target in found]

    def owned(self, owner: str) -> list[Target]:
        """Give the inputs that a parameter sets."""
        return [target for target, name in self.owners.items() if name == owner]

    def bind(self, owner: str, *, is_size: bool = False) -> Plain:
        """Give what binds the inputs of a parameter; the nodes where it is a size."""
        targets = self.owned(owner)
        if is_size:
            return self.names.bind_nodes(node for node, _ in targets)
        return self.names.bind(targets)
