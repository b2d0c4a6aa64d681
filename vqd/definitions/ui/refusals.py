"""Nodes that run and cannot be converted, each refused by its name."""

import re
from collections.abc import Iterable

from vqd.definitions.ui.drawing import Drawn
from vqd.definitions.ui.notes import EXPORT, Notes
from vqd.definitions.ui.widgets import UNSAVED
from vqd.domain.nearest import nearest

_GROUP = ("workflow>", "workflow/")
_SUBGRAPH = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EVERYWHERE = re.compile(r"Anything Everywhere\d?\??|(Prompts|Seed) Everywhere")


def refuse(running: Iterable[Drawn], known: Iterable[str], notes: Notes) -> None:
    """Note each node whose class no server has, or whose values or wires no file holds."""
    names = [*known]
    for node in running:
        if _EVERYWHERE.fullmatch(node.node.class_name):
            said = "wires inputs that the file does not show as wired."
            notes.of_node("unconvertible_node", node.key, node.node, said)
        elif node.node_class is None:
            _refuse_class(node, names, notes)
        else:
            _refuse_unsaved(node, notes)


def _refuse_class(node: Drawn, known: list[str], notes: Notes) -> None:
    name = node.node.class_name
    if name.startswith(_GROUP):
        said = "is a group node, as old pages had them."
        hint = f"Make it a subgraph on ComfyUI's page and save it. Or: {EXPORT}"
        notes.of_node("group_node", node.key, node.node, said, hint)
    elif _SUBGRAPH.fullmatch(name):
        said = "is a subgraph whose definition the file does not hold."
        notes.of_node("missing_subgraph", node.key, node.node, said)
    else:
        hint = nearest(name, known) or "Install its node pack on a server, or mute the node."
        said = "is of a class that no server has."
        notes.of_node("unknown_class", node.key, node.node, said, hint)


def _refuse_unsaved(node: Drawn, notes: Notes) -> None:
    for slot in node.slots:
        if slot.type in UNSAVED and slot.link is None:
            said = f"has an input {slot.name} that is made on the page and saved in no file."
            notes.of_node("unconvertible_node", node.key, node.node, said)
