"""A graph's file in; a checked graph out, with the ways to name its nodes."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from vqd.definitions.ui.convert import to_api
from vqd.definitions.ui.notes import EXPORT
from vqd.definitions.ui.read import is_page
from vqd.definitions.ui.refusals import unseen
from vqd.definitions.wiring import Classes
from vqd.domain.errors import Faults, Problem
from vqd.domain.graph import Graph, NamedGraph, Target
from vqd.domain.nearest import nearest

MOST_BYTES = 16 << 20


class Unbound(Exception):
    """A bind that names no input of the graph: what is wrong with it, and the cure."""

    def __init__(self, code: str, said: str, hint: str = "") -> None:
        super().__init__(said)
        self.code = code
        self.said = said
        self.hint = hint


def read_graph(
    path: Path, where: str, classes: Classes | None = None, *, known: Iterable[str] = ()
) -> NamedGraph:
    """Give the graph in a file in ComfyUI's API format, or saved by its page and converted.

    Without `classes` a page's graph cannot be read: only the servers know the names of its fields.
    `known` are the names of all classes.

    Raises:
        Faults: it is missing, no JSON, cannot be converted, or a node or link of it is broken.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        hint = "Put the graph beside its definition, or correct `graph`."
        said = f"cannot be read ({error.strerror})."
        raise Faults([Problem("missing_graph", said, where, hint=hint)]) from error
    return parsed_graph(content, where, classes, known=known)


def parsed_graph(
    content: bytes, where: str, classes: Classes | None = None, *, known: Iterable[str] = ()
) -> NamedGraph:
    """Give the graph that the bytes of a file are; all else as `read_graph`."""
    if len(content) > MOST_BYTES:
        raise Faults([Problem("too_large", f"is over {MOST_BYTES} bytes long.", where)])
    try:
        nodes = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Faults([_not_json(error, where)]) from error
    return checked_graph(nodes, where, classes, known=known)


def checked_graph(
    nodes: Any, where: str, classes: Classes | None = None, *, known: Iterable[str] = ()
) -> NamedGraph:
    """Give the graph that some JSON is; all else as `read_graph`."""
    if is_page(nodes):
        if classes is None:
            raise Faults([unseen(where)])
        nodes = to_api(nodes, classes, where, known=known)
    problems = [*_problems(nodes, where)]
    if problems:
        raise Faults(problems)
    try:
        orjson.dumps(nodes)  # as it is kept and sent: no integer beyond 64 bits, nothing too deep
        return NamedGraph.of(nodes)
    except (ValueError, TypeError) as error:
        said = f"holds what no server can be sent: {error}."
        raise Faults([Problem("not_a_graph", said, where, hint=EXPORT)]) from error


def targets(graph: Graph, bind: str, *, inputs: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """Give the inputs that a bind names: `NODE.input`, or `NODE` where `inputs` are given.

    NODE is a node's id, `@Title`, a class that occurs once, or `Class*` for all of a class.

    Raises:
        Unbound: there is no such node or input, or more than one.
    """
    if inputs:
        node, names = bind, inputs
    else:
        node, name = _parted(graph, bind)
        names = (name,)
    nodes = nodes_named(graph, node)
    return tuple(Target(node, _input(graph, node, name)) for node in nodes for name in names)


def _parted(graph: Graph, bind: str) -> tuple[str, str]:
    """Part a bind into NODE and input, either of which may have dots: `@v1.5.text`, `12.model.cfg`.

    At the last dot, or at the last that parts it into a node and an input of it.
    """
    dots = [at for at, char in enumerate(bind) if char == "."][::-1]
    if not dots:
        raise Unbound("bad_bind", f"`{bind}` is no bind.", "Write NODE.input.")
    ways = [(bind[:at], bind[at + 1 :]) for at in dots]
    return next((way for way in ways if _has_input(graph, *way)), ways[0])


def _has_input(graph: Graph, node: str, name: str) -> bool:
    try:
        return any(name in graph[found]["inputs"] for found in nodes_named(graph, node))
    except Unbound:
        return False


def nodes_named(graph: Graph, name: str) -> list[str]:
    """Give the ids of the nodes that a bind's NODE names.

    Raises:
        Unbound: there is none, or more than one without being asked for all.
    """
    if name in graph:
        return [name]
    if name.startswith("@"):
        found = [node for node in graph if _title(graph, node) == name[1:] != ""]
        known = [f"@{_title(graph, node)}" for node in graph if _title(graph, node)]
    else:
        found = [node for node in graph if graph[node]["class_type"] == name.rstrip("*")]
        known = [*graph, *(graph[node]["class_type"] for node in graph)]
    if not found:
        raise Unbound("unknown_node", f"the graph has no node {name}.", nearest(name, known))
    if len(found) > 1 and (name.startswith("@") or not name.endswith("*")):
        said = f"{name} names {len(found)} nodes: {', '.join(found)}."
        raise Unbound("ambiguous_node", said, _cure(name))
    return found


def _cure(name: str) -> str:
    if name.startswith("@"):
        return "Give the nodes titles of their own in ComfyUI, or name one by its id."
    return f"Name one by its id or @Title, or all of them as {name}*."


def _input(graph: Graph, node: str, name: str) -> str:
    inputs = graph[node]["inputs"]
    label = f"{node} ({graph[node]['class_type']})"
    if name not in inputs:
        raise Unbound("unknown_input", f"node {label} has no input {name}.", nearest(name, inputs))
    if isinstance(inputs[name], list):
        source = next(iter(inputs[name]), "?")
        said = f"the input {name} of node {label} is wired to node {source}."
        raise Unbound("wired_input", said, f"Bind an input of node {source}, or unwire it.")
    return name


def _title(graph: Graph, node: str) -> str:
    meta = graph[node].get("_meta")
    return str(meta.get("title", "")) if isinstance(meta, dict) else ""


def _not_json(error: Exception, where: str) -> Problem:
    if isinstance(error, json.JSONDecodeError):
        said = f"is not JSON: {error.msg}."
        return Problem("not_json", said, where, error.lineno, error.colno, hint=EXPORT)
    return Problem("not_json", f"is not JSON ({error}).", where, hint=EXPORT)


def _problems(nodes: Any, where: str) -> Iterator[Problem]:
    if not isinstance(nodes, dict) or not nodes:
        yield Problem("not_a_graph", "is not a graph.", where, hint=EXPORT)
    else:
        for node, content in nodes.items():
            yield from _node_problems(nodes, node, content, where)


def _node_problems(nodes: dict[str, Any], node: str, content: Any, where: str) -> Iterator[Problem]:
    is_node = isinstance(content, dict) and isinstance(content.get("class_type"), str)
    if not is_node or not isinstance(content.get("inputs"), dict):
        said = "is not a node: it needs class_type and inputs."
        yield Problem("not_a_node", said, where, key=node, hint=EXPORT)
        return
    for name, value in content["inputs"].items():
        if isinstance(value, list) and len(value) == 2 and str(value[0]) not in nodes:
            said = f"is wired to node {value[0]}, which the graph has not."
            yield Problem("broken_link", said, where, key=f"{node}.{name}", hint=EXPORT)
