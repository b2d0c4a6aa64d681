"""Every node where it runs: subgraphs opened, each inner node under the id the page gives it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vqd.definitions.ui.notes import Notes
from vqd.definitions.ui.page import BYPASSED, MUTED, Canvas, Node, Page, Slot, Subgraph
from vqd.definitions.wiring import Classes
from vqd.domain.catalogue import NodeClass, NodeInput

_MOST_NODES = 20_000
_DEEPEST = 32


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A node at one place. Of a node in a subgraph that is used twice there are two.

    `key` is its id in the API graph: the ids of the subgraph nodes that it lies in and its own,
    joined by colons (`12:3`). `host` is the subgraph node around it, None on the page itself.
    `slots` are its inputs in the order of the page, which may not be the saved one.
    """

    key: str
    node: Node
    canvas: Canvas
    slots: tuple[Slot, ...]
    host: "Drawn | None" = None
    subgraph: Subgraph | None = None
    node_class: NodeClass | None = None

    @property
    def is_on(self) -> bool:
        """Tell whether it is neither muted nor bypassed."""
        return self.node.mode not in (MUTED, BYPASSED)

    def beside(self, node: str) -> str:
        """Give the key of another node on its canvas."""
        return f"{self.host.key}:{node}" if self.host else node

    def within(self, node: str) -> str:
        """Give the key of a node inside it, a subgraph node."""
        return f"{self.key}:{node}"


def drawn(page: Page, classes: Classes, notes: Notes) -> dict[str, Drawn]:
    """Give every node of a page by its key, those inside subgraphs too.

    What is inside a muted or bypassed subgraph node is left out, as the page leaves it out.
    """
    pen = _Pen(page.subgraphs, classes, notes)
    pen.draw(page.canvas, None, ())
    return pen.nodes


@dataclass(slots=True)
class _Pen:
    subgraphs: Mapping[str, Subgraph]
    classes: Classes
    notes: Notes
    nodes: dict[str, Drawn] = field(default_factory=dict)

    def draw(self, canvas: Canvas, host: Drawn | None, around: tuple[str, ...]) -> None:
        for node in canvas.nodes.values():
            subgraph = self.subgraphs.get(node.class_name)
            found = self._drawn(node, canvas, host, subgraph)
            self._keep(found)
            if subgraph is not None and found.is_on and self._may_open(found, subgraph, around):
                self.draw(subgraph.canvas, found, (*around, subgraph.id))

    def _keep(self, found: Drawn) -> None:
        if found.key in self.nodes:
            said = f"has the id {found.key}, which another node has once subgraphs are opened."
            hint = "Copy the node anew on the page."
            self.notes.of_node("duplicate_node", found.key, found.node, said, hint)
        self.nodes[found.key] = found
        if len(self.nodes) > _MOST_NODES:
            said = f"holds more than {_MOST_NODES} nodes once its subgraphs are opened."
            self.notes.note("too_large", said)
            self.notes.end()

    def _drawn(
        self, node: Node, canvas: Canvas, host: Drawn | None, subgraph: Subgraph | None
    ) -> Drawn:
        key = f"{host.key}:{node.id}" if host else node.id
        if subgraph is not None:
            return Drawn(key, node, canvas, _ports(node, subgraph), host, subgraph)
        node_class = self.classes(node.class_name)
        slots = node.inputs if node_class is None else _arranged(node, node_class)
        return Drawn(key, node, canvas, slots, host, None, node_class)

    def _may_open(self, found: Drawn, subgraph: Subgraph, around: tuple[str, ...]) -> bool:
        if subgraph.id in around:
            said = f"is the subgraph “{subgraph.name}” inside itself."
            self.notes.of_node("endless_subgraph", found.key, found.node, said)
            return False
        if len(around) >= _DEEPEST:
            said = f"is a subgraph nested deeper than {_DEEPEST} levels."
            self.notes.of_node("too_deep", found.key, found.node, said)
            return False
        return True


def _ports(node: Node, subgraph: Subgraph) -> tuple[Slot, ...]:
    """Give a subgraph node's inputs as its definition has them, with the links that were saved."""
    saved = {slot.name: slot for slot in reversed(node.inputs)}
    links = {name: slot.link for name, slot in saved.items()}
    return tuple(Slot(port.name, port.type, links.get(port.name)) for port in subgraph.inputs)


def _arranged(node: Node, node_class: NodeClass) -> tuple[Slot, ...]:
    """Give a node's inputs as the page orders them: wired ones, fields, what a script added."""
    saved = {_name(slot, node_class): slot for slot in reversed(node.inputs)}
    sockets = [one for one in node_class.inputs.values() if not one.is_widget]
    fields = [one for one in node_class.inputs.values() if one.is_widget]
    known = {one.name for one in (*sockets, *fields)}
    added = [slot for name, slot in reversed(saved.items()) if name not in known]
    return (*_declared(sockets, saved), *_declared(fields, saved), *added)


def _name(slot: Slot, node_class: NodeClass) -> str:
    return slot.widget if slot.widget and slot.widget in node_class.inputs else slot.name


def _declared(inputs: list[NodeInput], saved: Mapping[str, Slot]) -> Iterator[Slot]:
    for one in inputs:
        slot = saved.get(one.name, Slot(one.name, one.type))
        # What a type of ComfyUI's V3 schema has become for one node, only the page has saved.
        kind = slot.type if one.type.startswith("COMFY_") else one.type
        yield Slot(one.name, kind, slot.link, slot.widget)
