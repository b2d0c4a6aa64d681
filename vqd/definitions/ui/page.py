"""A saved page: nodes and links on a canvas, and the canvases inside its subgraphs."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from vqd.domain.frozen import frozen

MUTED, BYPASSED = 2, 4
"""ComfyUI's `LGraphEventMode` NEVER, and the bypass that ComfyUI's page adds to it."""


@frozen
class Slot:
    """One input of a node: what may be wired to it, and the id of the link that is.

    `widget` is the name of the field that the page draws for it, if it draws one.
    """

    name: str
    type: str
    link: str | None = None
    widget: str | None = None


@frozen
class Node:
    """One node as it was saved.

    `values` are its fields' values in the order of the page, or by name (node packs may); `named`
    are the same by name where a newer page saved them beside. `outputs` are the outputs' types.
    """

    id: str
    class_name: str
    title: str = ""
    mode: int = 0
    inputs: tuple[Slot, ...] = ()
    outputs: tuple[str, ...] = ()
    values: Sequence[Any] | Mapping[str, Any] = ()
    named: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Give what a person finds it by on the page."""
        title = f" “{self.title}”" if self.title and self.title != self.class_name else ""
        return f"node {self.id}{title} ({self.class_name})"


@frozen
class Link:
    """A wire from an output of one node to an input of another."""

    origin: str
    origin_slot: int


@frozen
class Canvas:
    """What is drawn on one level: the page's own, or the inside of a subgraph."""

    nodes: Mapping[str, Node]
    links: Mapping[str, Link]
    targets: Mapping[str, tuple[str, str]]
    """For each link, the node and the input that it leads to."""


@frozen
class Port:
    """One input or output of a subgraph, and the links that lead from or to it inside."""

    name: str
    type: str
    links: tuple[str, ...]


@frozen
class Subgraph:
    """A subgraph's definition. Links from its inputs come from the node `entrance`."""

    id: str
    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    canvas: Canvas
    entrance: str = "-10"


@frozen
class Page:
    """A saved page, whole."""

    canvas: Canvas
    subgraphs: Mapping[str, Subgraph]
