"""A saved page becomes a graph in the API format."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from vqd.definitions.ui.drawing import Drawn, drawn
from vqd.definitions.ui.hanging import needs, without_hanging
from vqd.definitions.ui.notes import Notes
from vqd.definitions.ui.promoted import Promoted
from vqd.definitions.ui.read import read_page
from vqd.definitions.ui.refusals import refuse
from vqd.definitions.ui.texts import Undecided, spoken
from vqd.definitions.ui.virtual import is_virtual
from vqd.definitions.ui.widgets import Misplaced, field_values
from vqd.definitions.ui.wires import Cut, Fixed, Wire, Wires
from vqd.definitions.wiring import Classes
from vqd.domain.graph import Graph


def to_api(
    page: Mapping[str, Any], classes: Classes, where: str, *, known: Iterable[str] = ()
) -> Graph:
    """Give the graph that ComfyUI's page would send for a page it saved, as parsed from its JSON.

    `known` are the names of all classes, of which the nearest is offered for one that is unknown.
    Other than the page, this leaves out what cannot run since a node that it needs is muted, and
    follows a primitive's value through reroutes and into subgraphs.

    Raises:
        Faults: all that cannot be converted, each with its node.
    """
    notes = Notes(where)
    nodes = drawn(read_page(page, notes), cache(classes), notes)
    running = [node for node in nodes.values() if node.is_on and not is_virtual(node)]
    refuse(running, known, notes)
    notes.end()
    graph = _Conversion(nodes, notes).graph(running)
    notes.end()
    return graph


class _Conversion:
    def __init__(self, nodes: Mapping[str, Drawn], notes: Notes) -> None:
        self._nodes = nodes
        self._notes = notes
        self._read: dict[str, Mapping[str, Any]] = {}
        self._hanging: list[str] = []
        self._promoted = Promoted(nodes, self._fields)
        self._wires = Wires(nodes, self._promoted.own_value, self._primitive, notes)

    def graph(self, running: Iterable[Drawn]) -> Graph:
        graph = {
            node.key: {
                "inputs": self._inputs(node),
                "class_type": node.node.class_name,
                "_meta": {"title": _title(node)},
            }
            for node in running
        }
        left = without_hanging(graph, self._nodes, self._hanging)
        if not left:
            said = "has no node left that runs: all are muted, bypassed, or need one that is."
            self._notes.note("empty_graph", said, "Switch them on in ComfyUI and save it.")
        return left

    def _inputs(self, node: Drawn) -> dict[str, Any]:
        inputs = {name: self._sent(node, name, one) for name, one in self._fields(node).items()}
        inputs |= {name: _wrapped(one) for name, one in self._promoted.set_inside(node).items()}
        for index, slot in enumerate(node.slots):
            feed = self._wires.feed(node, index)
            if isinstance(feed, Wire):
                inputs[slot.name] = [feed.node, feed.slot]
            elif isinstance(feed, Fixed) and feed.as_written:
                inputs[slot.name] = _wrapped(feed.value)
            elif isinstance(feed, Fixed):
                inputs[slot.name] = self._sent(node, slot.name, feed.value)
            elif isinstance(feed, Cut):
                self._cut(node, slot.name, feed, inputs)
        return inputs

    def _cut(self, node: Drawn, name: str, feed: Cut, inputs: dict[str, Any]) -> None:
        """Take in that nothing feeds an input: a field keeps its own value if not for a mute."""
        if feed.is_muted:
            inputs.pop(name, None)
        if name not in inputs and needs(node, name):
            self._hanging.append(node.key)

    def _sent(self, node: Drawn, name: str, value: Any) -> Any:
        """Give the value of a field as the page sends it."""
        declared = node.node_class.inputs.get(name) if node.node_class else None
        if isinstance(value, str) and declared and declared.attributes.get("dynamicPrompts"):
            return self._spoken(node, name, value)
        return _wrapped(value)

    def _spoken(self, node: Drawn, name: str, text: str) -> str:
        try:
            return spoken(text)
        except Undecided:
            said = f"offers alternatives in {name}, of which the page picks one for each prompt."
            hint = r"Write one of them (and \{, \|, \} where you mean the characters)."
            self._notes.of_node("undecided_text", node.key, node.node, said, hint)
            return text

    def _fields(self, node: Drawn) -> Mapping[str, Any]:
        if node.key not in self._read:
            self._read[node.key] = self._field_values(node)
        return self._read[node.key]

    def _field_values(self, node: Drawn) -> Mapping[str, Any]:
        if node.node_class is None:
            return {}
        try:
            return field_values(node.node, node.node_class)
        except Misplaced as misplaced:
            field, value = misplaced.field, misplaced.value
            said = f"has {value!r:.40} where its {field.name} ({field.type}) is saved."
            hint = "Its class has changed since: open it in ComfyUI, set the node, save it again."
            self._notes.of_node("misplaced_value", node.key, node.node, said, hint)
            return {}

    def _primitive(self, node: Drawn) -> Fixed | None:
        saved = node.node.values
        first = next(iter(saved.values() if isinstance(saved, Mapping) else saved), None)
        value = self._promoted.set_inside(node).get("value", first)
        return None if value is None else Fixed(value)


def _wrapped(value: Any) -> Any:
    """Give a value as the API format has it, where a bare list is a link."""
    return {"__value__": value} if isinstance(value, list) else value


def _title(node: Drawn) -> str:
    label = node.node_class.label if node.node_class else ""
    return node.node.title or label or node.node.class_name
