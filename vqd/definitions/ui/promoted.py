"""The fields that subgraph nodes show of the nodes inside them, and the values set there."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from vqd.definitions.ui.drawing import Drawn
from vqd.definitions.ui.wires import Fixed

_OWN = "-1"
"""In `proxyWidgets`, the subgraph node itself: one of its inputs, by name."""

_OUTER_IDS = re.compile(r"^(\s*\d+\s*:\s*)+")


class Promoted:
    """Gives the values that stand on subgraph nodes, for what is inside them.

    Pages have saved them in three ways. With the property `proxyWidgets` each value of the list is
    that of the field inside which the property names at its place; mostly the list is empty, and
    the node inside has the value. Without it, each input that leads to a field takes the next
    value of the list, or the value of its name.
    Source: ComfyUI_frontend 1.58, SubgraphNode and proxyWidgetMigration.
    """

    def __init__(
        self, nodes: Mapping[str, Drawn], fields: Callable[[Drawn], Mapping[str, Any]]
    ) -> None:
        self._nodes = nodes
        self._fields = fields
        self._at_ports: dict[str, dict[str, Any]] = {}
        self._inside: dict[str, dict[str, Any]] = {}
        self._known: dict[tuple[str, int], Fixed | None] = {}
        for node in nodes.values():
            if node.subgraph is not None and node.is_on:
                self._read(node)
        self._known.clear()  # While not all were read, only whether there is a field was right.

    def own_value(self, host: Drawn, index: int) -> Fixed | None:
        """Give what an unwired input of a subgraph node holds; None if it leads to no field."""
        shown = self._shown(host, index)
        if shown is None:
            return None
        name = host.slots[index].name
        return Fixed(self._at_ports.get(host.key, {}).get(name, shown.value), as_written=True)

    def set_inside(self, node: Drawn) -> Mapping[str, Any]:
        """Give the values that a subgraph node around sets on fields of a node, by their names."""
        return self._inside.get(node.key, {})

    def _shown(self, host: Drawn, index: int) -> Fixed | None:
        """Give the value of the first field that an input leads to."""
        if (host.key, index) not in self._known:
            self._known[host.key, index] = self._found(host, index)
        return self._known[host.key, index]

    def _found(self, host: Drawn, index: int) -> Fixed | None:
        assert host.subgraph is not None
        for link in host.subgraph.inputs[index].links:
            inner, name = self._target(host, link)
            if inner is None:
                continue
            if inner.subgraph is not None:
                names = [slot.name for slot in inner.slots]
                found = self.own_value(inner, names.index(name)) if name in names else None
            else:
                fields = self._fields(inner)
                found = Fixed(fields[name]) if name in fields else None
            if found is not None:
                return found
        return None

    def _target(self, host: Drawn, link: str) -> tuple[Drawn | None, str]:
        assert host.subgraph is not None
        node, name = host.subgraph.canvas.targets.get(link, ("", ""))
        return self._nodes.get(host.within(node)), name

    def _read(self, host: Drawn) -> None:
        """Take the values of a subgraph node, but for what one around it has set already."""
        ports = self._at_ports.setdefault(host.key, {})
        given = [*_quarantined(host)]
        proxies = host.node.properties.get("proxyWidgets")
        if isinstance(proxies, list) and proxies:
            self._read_proxies(host, proxies)
        else:
            given += zip(self._names(host), _listed(host), strict=False)
        for name, value in given:
            if value is not None:
                ports.setdefault(name, value)

    def _read_proxies(self, host: Drawn, proxies: list[Any]) -> None:
        for proxy, value in zip(proxies, _listed(host), strict=False):
            match proxy:
                case [source, name, *_] if value is not None:
                    self._set(host, str(source), str(name), value)

    def _names(self, host: Drawn) -> list[str]:
        """Give the names of the inputs whose values a subgraph node lists."""
        if len(host.node.named) == len(host.node.values):
            return [*host.node.named]
        places = range(len(host.slots))
        return [host.slots[at].name for at in places if self._shown(host, at) is not None]

    def _set(self, host: Drawn, source: str, name: str, value: Any) -> None:
        """Take a value for the field `name` of the node `source` inside a subgraph node."""
        inner = self._nodes.get(host.within(source))
        if source == _OWN:
            self._at_ports[host.key].setdefault(name, value)
        elif inner is not None and inner.subgraph is not None:
            self._at_ports.setdefault(inner.key, {}).setdefault(_OUTER_IDS.sub("", name), value)
        elif inner is not None:
            port = _port_before(host, inner, name)
            at = self._at_ports[host.key] if port else self._inside.setdefault(inner.key, {})
            at.setdefault(port or name, value)


def _port_before(host: Drawn, inner: Drawn, name: str) -> str | None:
    """Give the input of a subgraph node that is wired to an input of a node inside it."""
    for port in host.subgraph.inputs if host.subgraph else ():
        if any(inner.canvas.targets.get(link) == (inner.node.id, name) for link in port.links):
            return port.name
    return None


def _listed(host: Drawn) -> Iterable[Any]:
    values = host.node.values
    return values.values() if isinstance(values, Mapping) else values


def _quarantined(host: Drawn) -> Iterator[tuple[str, Any]]:
    """Give the values of inputs that the page kept aside when it gave up `proxyWidgets`."""
    entries = host.node.properties.get("proxyWidgetErrorQuarantine")
    for entry in reversed(entries) if isinstance(entries, list) else ():
        match entry:
            case {"originalEntry": [source, name, *_], "hostValue": value} if str(source) == _OWN:
                yield str(name), value
