"""Nodes that run and cannot be converted, each refused by its name."""

import re
from collections.abc import Iterable, Sequence

from vqd.definitions.ui.drawing import Drawn
from vqd.definitions.ui.notes import EXPORT, Notes
from vqd.definitions.ui.widgets import UNSAVED
from vqd.domain.errors import Problem
from vqd.domain.nearest import meant

UNSEEN = "ui_format"
"""The fault of a page that passes by itself, when a server is seen that has its classes."""

_GROUP = ("workflow>", "workflow/")
_SUBGRAPH = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EVERYWHERE = re.compile(r"Anything Everywhere\d?\??|(Prompts|Seed) Everywhere")
_INSTALL = "Install its node pack on a server, or mute the node."


def refuse(running: Sequence[Drawn], known: Iterable[str], notes: Notes) -> None:
    """Note each node whose class no server has, or whose values or wires no file holds."""
    unknown = [node for node in running if node.node_class is None]
    strange = [node for node in unknown if not _refuse_by_name(node, notes)]
    if strange and len(strange) == len(running):
        notes.take(unseen(notes.where))
        return
    names = [*known] if strange else []
    for node in strange:
        near = meant(node.node.class_name, names)
        hint = f"Did you mean {near}? If not: {_INSTALL}" if near else _INSTALL
        said = "is of a class that no server has."
        notes.of_node("unknown_class", node.key, node.node, said, hint)
    for node in running:
        if node.node_class is not None and not _refuse_by_name(node, notes):
            _refuse_unsaved(node, notes)


def unseen(where: str) -> Problem:
    """Give the fault of a page of whose classes no server was seen to have any."""
    said = "is saved by ComfyUI's page, and no server was seen yet that names its fields."
    hint = f"Let vqd see a server that has its nodes. Or: {EXPORT}"
    return Problem(UNSEEN, said, where, hint=hint)


def _refuse_by_name(node: Drawn, notes: Notes) -> bool:
    """Note a node that no class could help to convert; tells whether it is one."""
    name = node.node.class_name
    if _EVERYWHERE.fullmatch(name):
        said = "wires inputs that the file does not show as wired."
        notes.of_node("unconvertible_node", node.key, node.node, said)
    elif name.startswith(_GROUP):
        said = "is a group node, as old pages had them."
        hint = f"Make it a subgraph on ComfyUI's page and save it. Or: {EXPORT}"
        notes.of_node("group_node", node.key, node.node, said, hint)
    elif _SUBGRAPH.fullmatch(name):
        said = "is a subgraph whose definition the file does not hold."
        notes.of_node("missing_subgraph", node.key, node.node, said)
    else:
        return False
    return True


def _refuse_unsaved(node: Drawn, notes: Notes) -> None:
    for slot in node.slots:
        if slot.type in UNSAVED and slot.link is None:
            said = f"has an input {slot.name} that is made on the page and saved in no file."
            notes.of_node("unconvertible_node", node.key, node.node, said)
