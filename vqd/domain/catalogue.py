"""What the servers can do: the node classes of each, as ComfyUI's `/object_info` tells them."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any, Protocol

from vqd.domain.frozen import frozen

WIDGET_TYPES = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})
"""The types that ComfyUI's page draws a field for; an input of any other type is wired."""

_SECTIONS = ("required", "optional")


@frozen
class NodeInput:
    """One input of a node class.

    `type` is ComfyUI's (`INT`, `MODEL`, `COMBO`, `IMAGE,MASK`); `options` are the choices of a
    `COMBO`, in order, else None, also where the page fetches them (`remote`). `attributes` are all
    that the server tells beside: `default`, `min`, `max`, `step`, `multiline`, `tooltip`,
    `forceInput`, `control_after_generate`, `image_upload`, ….
    """

    name: str
    type: str
    is_required: bool = True
    options: tuple[str | int | float | bool, ...] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_widget(self) -> bool:
        """Tell whether the page draws a field for it, whose value a saved graph lists."""
        return self.type in WIDGET_TYPES and not self.attributes.get("forceInput")


@frozen
class NodeClass:
    """A node class: its inputs in the order of ComfyUI's page, and the types of its outputs."""

    name: str
    inputs: Mapping[str, NodeInput]
    outputs: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    is_output: bool = False
    label: str = ""
    category: str = ""


class Catalogue(Protocol):
    """What is known of the servers' node classes. A server that was never seen is not in it."""

    def servers(self) -> tuple[str, ...]:
        """Give the names of the servers whose classes are known."""
        ...

    def node_class(self, server: str, name: str) -> NodeClass | None:
        """Give a class as a server has it; None if that server has it not."""
        ...

    def class_names(self, server: str) -> tuple[str, ...]:
        """Give the names of all classes of a server, sorted."""
        ...


class KnownClasses(Protocol):
    """The node classes that some server has, whichever."""

    def version(self) -> str:
        """Give a name of all that is known; another one as soon as anything of it changes."""
        ...

    def find(self, name: str) -> NodeClass | None:
        """Give a class; None if no server that was seen has it."""
        ...

    def names(self) -> Iterable[str]:
        """Give the names of all classes that some server has, read when they are asked for."""
        ...


class NothingKnown:
    """What is known before any server was seen."""

    def version(self) -> str:
        """Give the name of knowing nothing."""
        return ""

    def find(self, name: str) -> NodeClass | None:  # noqa: ARG002 - KnownClasses' signature
        """Find nothing."""
        return None

    def names(self) -> Iterable[str]:
        """Give no name."""
        return ()


def read_node_class(name: str, told: Mapping[str, Any]) -> NodeClass:
    """Give a class from its entry in `/object_info`.

    What is not of the known form is left out: one odd node of a node pack must not hide the
    others. Source: ComfyUI 0.3.64, server.py `node_info`.
    """
    given, order = _mapping(told.get("input")), _mapping(told.get("input_order"))
    inputs = {}
    for section in _SECTIONS:
        entries = _mapping(given.get(section))
        listed = [key for key in map(str, _list(order.get(section))) if key in entries]
        for key in dict.fromkeys([*listed, *entries]):
            found = _read_input(key, entries[key], is_required=section == "required")
            if found is not None:
                inputs[key] = found
    return NodeClass(
        name=name,
        inputs=inputs,
        outputs=tuple(_type(output) for output in _list(told.get("output"))),
        output_names=tuple(str(output) for output in _list(told.get("output_name"))),
        is_output=told.get("output_node") is True,
        label=str(told.get("display_name") or ""),
        category=str(told.get("category") or ""),
    )


def _read_input(name: str, entry: Any, *, is_required: bool) -> NodeInput | None:
    kind, *rest = _list(entry) or [None]
    attributes = _mapping(rest[0]) if rest else {}
    if isinstance(kind, list):
        return NodeInput(name, "COMBO", is_required, _options(kind), attributes)
    if not isinstance(kind, str):
        return None
    is_told = kind == "COMBO" and isinstance(attributes.get("options"), list)
    options = _options(attributes["options"]) if is_told else None
    return NodeInput(name, kind, is_required, options, attributes)


def _options(given: list[Any]) -> tuple[str | int | float | bool, ...]:
    return tuple(one for one in given if isinstance(one, str | int | float | bool))


def _type(output: Any) -> str:
    return "COMBO" if isinstance(output, list) else str(output)


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []
