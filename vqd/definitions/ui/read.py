"""A saved page's JSON, of whichever schema version, read into a `Page`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from vqd.definitions.ui.notes import Notes
from vqd.definitions.ui.page import Canvas, Link, Node, Page, Port, Slot, Subgraph

_SLOT = re.compile(r"\d{1,9}", re.ASCII)
_ENTRANCE = "-10"
"""The node that stands for a subgraph's inputs; its outputs' node is -20."""


def is_page(content: object) -> bool:
    """Tell whether a JSON value is a graph as ComfyUI's page saves it."""
    return isinstance(content, dict) and isinstance(content.get("nodes"), list)


def read_page(content: Mapping[str, Any], notes: Notes) -> Page:
    """Give the page that a JSON value holds.

    Links are lists in schema version 0.4 and mappings in 1.0 and in every subgraph. The points that
    links are led through (`reroutes`, `extra.linkExtensions`) move no end of a link, and the loose
    ends in `floatingLinks` feed nothing: none of them is read.

    Raises:
        Faults: what of it is of no known form.
    """
    definitions = _mapping(content.get("definitions"))
    found = [_subgraph(one, notes) for one in _mappings(definitions.get("subgraphs"))]
    page = Page(_canvas(content, notes), {subgraph.id: subgraph for subgraph in found})
    notes.end()
    return page


def _subgraph(given: Mapping[str, Any], notes: Notes) -> Subgraph:
    entrance = _id(_mapping(given.get("inputNode")).get("id"))
    return Subgraph(
        id=str(given.get("id", "")),
        name=str(given.get("name", "")),
        inputs=tuple(map(_port, _mappings(given.get("inputs")))),
        outputs=tuple(map(_port, _mappings(given.get("outputs")))),
        canvas=_canvas(given, notes),
        entrance=entrance or _ENTRANCE,
    )


def _port(given: Mapping[str, Any]) -> Port:
    links = [_id(link) for link in _list(given.get("linkIds"))]
    name = str(given.get("name", ""))
    return Port(name, _type(given.get("type")), tuple(link for link in links if link))


def _canvas(given: Mapping[str, Any], notes: Notes) -> Canvas:
    nodes: dict[str, Node] = {}
    for at, one in enumerate(_list(given.get("nodes"))):
        node = _node(_mapping(one))
        if node is None:
            notes.note("not_a_node", f"nodes[{at}] is not a node: it needs id and type.")
        elif node.id in nodes:
            said = f"has the id {node.id}, which another node has too."
            notes.of_node("duplicate_node", node.id, node, said, "Copy the node anew on the page.")
        else:
            nodes[node.id] = node
    links = dict(_links(given.get("links"), notes))
    targets = {
        slot.link: (node.id, slot.widget or slot.name)
        for node in nodes.values()
        for slot in node.inputs
        if slot.link is not None
    }
    return Canvas(nodes, links, targets)


def _node(given: Mapping[str, Any]) -> Node | None:
    key, class_name = _id(given.get("id")), given.get("type")
    if key is None or not isinstance(class_name, str) or not class_name:
        return None
    values, named = given.get("widgets_values"), given.get("widgets_values_named")
    mode, title = given.get("mode"), given.get("title")
    return Node(
        id=key,
        class_name=class_name,
        title=title if isinstance(title, str) else "",
        mode=mode if isinstance(mode, int) else 0,
        inputs=tuple(map(_slot, _mappings(given.get("inputs")))),
        outputs=tuple(_type(one.get("type")) for one in _mappings(given.get("outputs"))),
        values=values if isinstance(values, dict) else _list(values),
        named=_mapping(named),
        properties=_mapping(given.get("properties")),
    )


def _slot(given: Mapping[str, Any]) -> Slot:
    widget = _mapping(given.get("widget")).get("name")
    return Slot(
        name=str(given.get("name", "")),
        type=_type(given.get("type")),
        link=_id(given.get("link")),
        widget=widget if isinstance(widget, str) else None,
    )


def _links(given: object, notes: Notes) -> Iterator[tuple[str, Link]]:
    for at, one in enumerate(_list(given)):
        if one is None:
            continue
        key, link = _list_link(one) if isinstance(one, list) else _mapping_link(_mapping(one))
        if key is None or link is None:
            notes.note(
                "broken_link", f"links[{at}] is not a link: it needs an id and its two ends."
            )
        else:
            yield key, link


def _list_link(given: list[Any]) -> tuple[str | None, Link | None]:
    key, origin, slot = [*given, None, None, None][:3]
    return _id(key), _link(origin, slot)


def _mapping_link(given: Mapping[str, Any]) -> tuple[str | None, Link | None]:
    return _id(given.get("id")), _link(given.get("origin_id"), given.get("origin_slot"))


def _link(origin: object, slot: object) -> Link | None:
    key, number = _id(origin), _id(slot)
    if key is None or number is None or not _SLOT.fullmatch(number):
        return None
    return Link(key, int(number))


def _id(given: object) -> str | None:
    """Give an id as text: pages write ids as numbers or as text."""
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    return given if isinstance(given, str) and given else None


def _type(given: object) -> str:
    """Give a slot's type; that of an old choice is the list of what may be chosen."""
    if isinstance(given, list):
        return "COMBO"
    return given if isinstance(given, str) and given else "*"


def _mapping(given: object) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _list(given: object) -> list[Any]:
    return given if isinstance(given, list) else []


def _mappings(given: object) -> list[dict[str, Any]]:
    return [one for one in _list(given) if isinstance(one, dict)]
