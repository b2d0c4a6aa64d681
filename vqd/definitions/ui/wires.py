"""What feeds an input, followed through subgraphs, reroutes, bypassed nodes and the like."""

from collections.abc import Callable, Mapping
from typing import Any

from vqd.definitions.ui.drawing import Drawn
from vqd.definitions.ui.notes import Notes
from vqd.definitions.ui.page import BYPASSED, MUTED
from vqd.definitions.ui.virtual import GETTERS, PRIMITIVE, REROUTES, SETTERS, is_virtual
from vqd.domain.frozen import frozen
from vqd.domain.nearest import nearest


@frozen
class Wire:
    """An output of a node that runs."""

    node: str
    slot: int


@frozen
class Fixed:
    """A value of the page: a primitive's, or of a subgraph node's own field.

    The page sends the latter `as_written`, a prompt's comments and braces included.
    """

    value: Any
    as_written: bool = False


@frozen
class Cut:
    """Nothing, since a node on the way is muted, or bypassed with no input of the type."""

    is_muted: bool


Feed = Wire | Fixed | Cut | None
"""What feeds an input; None where nothing is wired to it in the end."""


@frozen
class _In:
    node: Drawn
    index: int
    wanted: str | None = None


@frozen
class _Out:
    node: Drawn
    slot: int
    wanted: str


class Wires:
    """Follows wires back to what feeds them, each stretch of the way once."""

    def __init__(
        self,
        nodes: Mapping[str, Drawn],
        own_value: Callable[[Drawn, int], Fixed | None],
        primitive: Callable[[Drawn], Fixed | None],
        notes: Notes,
    ) -> None:
        self._nodes = nodes
        self._own_value = own_value
        self._primitive = primitive
        self._notes = notes
        self._known: dict[_In | _Out, Feed] = {}
        self._setters: dict[tuple[Drawn | None, str], Drawn] = {}
        for node in nodes.values():
            if node.node.class_name in SETTERS and node.slots:
                self._setters.setdefault((node.host, variable(node)), node)

    def feed(self, node: Drawn, index: int) -> Feed:
        """Give what feeds an input of a node, by the input's place among `node.slots`."""
        trail: dict[_In | _Out, None] = {}
        at: _In | _Out | Feed = _In(node, index)
        while isinstance(at, _In | _Out):
            if at in self._known:
                at = self._known[at]
            elif at in trail:
                self._circle(at.node)
                at = None
            else:
                trail[at] = None
                at = self._before_input(at) if isinstance(at, _In) else self._before_output(at)
        self._known.update(dict.fromkeys(trail, at))
        return at

    def _circle(self, node: Drawn) -> None:
        said = "is wired in a circle that only nodes of the page are part of."
        self._notes.of_node("endless_wire", node.key, node.node, said, "Break the circle.")

    def _before_input(self, at: _In) -> _Out | _In | Feed:
        slot = at.node.slots[at.index]
        if slot.link is None:
            return None
        return self._along(at.node, slot.link, slot.name, at.wanted or slot.type)

    def _along(self, node: Drawn, link_id: str, name: str, wanted: str) -> _Out | _In | Feed:
        """Give the near end of a link, which begins on the same canvas or outside its subgraph."""
        link = node.canvas.links.get(link_id)
        if link is None:
            said = f"is wired at {name} by link {link_id}, which the graph has not."
            return self._broken(node, said)
        host = node.host
        if host is not None and host.subgraph is not None and link.origin == host.subgraph.entrance:
            return self._through_entrance(node, host, link.origin_slot)
        origin = self._nodes.get(node.beside(link.origin))
        if origin is None:
            said = f"is wired at {name} to node {link.origin}, which the graph has not."
            return self._broken(node, said)
        return _Out(origin, link.origin_slot, wanted)

    def _through_entrance(self, node: Drawn, host: Drawn, index: int) -> _In | Feed:
        if index >= len(host.slots):
            return self._broken(node, f"is wired to input {index} of its subgraph, which has none.")
        if host.slots[index].link is None:
            return self._own_value(host, index)
        return _In(host, index)

    def _before_output(self, at: _Out) -> _Out | _In | Feed:
        node = at.node
        if node.node.mode == BYPASSED:
            index = _bypass_index(at)
            return Cut(is_muted=False) if index is None else _In(node, index)
        if node.subgraph is None and not is_virtual(node):
            return Cut(is_muted=True) if node.node.mode == MUTED else Wire(node.key, at.slot)
        if node.subgraph is not None:
            return Cut(is_muted=True) if node.node.mode == MUTED else self._out_of_subgraph(at)
        return self._through_virtual(at)

    def _out_of_subgraph(self, at: _Out) -> _Out | _In | Feed:
        host, subgraph = at.node, at.node.subgraph
        assert subgraph is not None
        if at.slot >= len(subgraph.outputs):
            return self._broken(host, f"has no output {at.slot}, to which something is wired.")
        links = [
            subgraph.canvas.links[link]
            for link in subgraph.outputs[at.slot].links
            if link in subgraph.canvas.links
        ]
        if not links:
            return None
        if links[0].origin == subgraph.entrance:
            return self._through_entrance(host, host, links[0].origin_slot)
        inner = self._nodes.get(host.within(links[0].origin))
        if inner is None:
            said = f"takes its output {at.slot} from node {links[0].origin}, which it has not."
            return self._broken(host, said)
        return _Out(inner, links[0].origin_slot, at.wanted)

    def _through_virtual(self, at: _Out) -> _In | Feed:
        node, name = at.node, at.node.node.class_name
        if name == PRIMITIVE:
            return self._primitive(node)
        if name in GETTERS:
            setter = self._setter(node)
            return _In(setter, 0, at.wanted) if setter else None
        if name in REROUTES | SETTERS and node.slots:
            return _In(node, 0, at.wanted)
        return None

    def _setter(self, getter: Drawn) -> Drawn | None:
        """Give the node that sets the variable that another gets: on its canvas, or around it."""
        name, inside = variable(getter), getter
        while True:
            setter = self._setters.get((inside.host, name))
            if setter is not None:
                return setter
            if inside.host is None:
                break
            inside = inside.host
        said = f"gets “{name}”, which no Set node sets."
        known = [set_name for _, set_name in self._setters]
        hint = nearest(name, known) or "Set it, or wire it directly."
        self._notes.of_node("unknown_variable", getter.key, getter.node, said, hint)
        return None

    def _broken(self, node: Drawn, said: str) -> Feed:
        hint = "Wire it anew on ComfyUI's page and save it."
        self._notes.of_node("broken_link", node.key, node.node, said, hint)
        return None


def variable(node: Drawn) -> str:
    """Give the name that a Set or Get node of KJNodes has in its only field."""
    values = node.node.values
    given = [*values.values()] if isinstance(values, Mapping) else values
    return str(given[0]) if given else ""


def _bypass_index(at: _Out) -> int | None:
    """Give the input that takes a bypassed node's place, as ComfyUI's page chooses it.

    It is the one beside the output if the types allow it, else the first of exactly the type that
    is wanted, else the first that may be wired to both.
    """
    types = [slot.type for slot in at.node.slots]
    if at.wanted == "*":
        return (at.slot if at.slot < len(types) else 0) if types else None
    outputs = at.node.node.outputs
    made = outputs[at.slot] if at.slot < len(outputs) else "*"
    fitting = [at_ for at_, one in enumerate(types) if _fit(one, made) and _fit(one, at.wanted)]
    if at.slot in fitting:
        return at.slot
    exact = [index for index, one in enumerate(types) if one == at.wanted]
    return next(iter([*exact, *fitting]), None)


def _fit(one: str, other: str) -> bool:
    """Tell whether the page lets slots of these types be wired; `*` fits all, `A,B` either."""
    if "*" in (one, other):
        return True
    return not {*one.lower().split(",")}.isdisjoint(other.lower().split(","))
