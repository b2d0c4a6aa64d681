"""Nodes that only the page knows: no server has their classes, no API graph has them."""

from vqd.definitions.ui.drawing import Drawn

PRIMITIVE = "PrimitiveNode"
SETTERS = frozenset({"SetNode", "easy setNode"})
GETTERS = frozenset({"GetNode", "easy getNode"})
REROUTES = frozenset({"Reroute", "Reroute (rgthree)"})
_DECORATION = frozenset(
    {
        "Note",
        "MarkdownNote",
        "Label (rgthree)",
        "Bookmark (rgthree)",
        "Fast Bypasser (rgthree)",
        "Fast Muter (rgthree)",
        "Fast Groups Bypasser (rgthree)",
        "Fast Groups Muter (rgthree)",
        "Fast Actions Button (rgthree)",
        "Mute / Bypass Relay (rgthree)",
        "Mute / Bypass Repeater (rgthree)",
        "Node Collector (rgthree)",
        "Random Unmuter (rgthree)",
    }
)
"""Notes and labels, and the buttons of rgthree-comfy that set other nodes' modes."""


def is_virtual(drawn: Drawn) -> bool:
    """Tell whether a node is a subgraph's or of a class that only the page knows."""
    if drawn.subgraph is not None:
        return True
    if drawn.node_class is not None:
        return False
    passing = REROUTES | SETTERS | GETTERS
    name = drawn.node.class_name
    return name == PRIMITIVE or name in passing or name in _DECORATION or _is_loose(drawn)


def _is_loose(drawn: Drawn) -> bool:
    """Tell whether nothing goes into a node of no known class; then it only decorates the page."""
    return not drawn.node.outputs and all(slot.link is None for slot in drawn.slots)
