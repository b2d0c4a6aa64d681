"""The values of a node's fields, read in the order in which the page lists them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vqd.definitions.ui.page import Node
from vqd.domain.catalogue import NodeClass, NodeInput, read_node_class

DYNAMIC_CHOICE = "COMFY_DYNAMICCOMBO_V3"
GROWING = "COMFY_AUTOGROW_V3"
_EDITORS = frozenset(
    {
        "BOUNDING_BOX",
        "BOUNDING_BOXES",
        "COLOR",
        "COLORS",
        "CURVE",
        "GALLERIA",
        "MARKDOWN",
        "PAINTER",
        "RANGE",
        "TEXTAREA",
    }
)
"""Types beyond ComfyUI's basic ones whose editors save a value (ComfyUI_frontend 1.58)."""

UNSAVED = frozenset({"WEBCAM", "AUDIO_RECORD", "LOAD_3D", "LOAD_3D_ANIMATION", "LOAD_3D_ADVANCED"})
"""Types whose values the page makes only when it sends a prompt: no file holds them."""

_MODES = ("fixed", "increment", "increment-wrap", "decrement", "randomize")
"""What `control_after_generate` may be; the first pages had a switch there."""

_SEEDS = ("seed", "noise_seed")
_MOST_GROWN = 100


class Misplaced(Exception):
    """A saved value that cannot be that of the field at its place."""

    def __init__(self, field: NodeInput, value: Any) -> None:
        super().__init__(field.name)
        self.field = field
        self.value = value


def is_field(declared: NodeInput) -> bool:
    """Tell whether the page draws a field for an input and saves its value."""
    if declared.attributes.get("forceInput"):
        return False
    return declared.is_widget or declared.type in _EDITORS or declared.type == DYNAMIC_CHOICE


def field_values(node: Node, node_class: NodeClass) -> dict[str, Any]:
    """Give a node's values by the names of its inputs; of a field not saved, its default.

    A list is read by its places. Newer pages save the names of the places too, which count where
    they are as many: the class may have got other fields since.

    Raises:
        Misplaced: the saved values are those of other fields.
    """
    given = node.values
    if not isinstance(given, Mapping) and len(given) == len(node.named):
        given = dict(zip(node.named, given, strict=True))
    if isinstance(given, Mapping):
        return _by_name(node, node_class, given)
    places = _Places(node, _without_forced(given, node_class))
    return {**dict(places.read(_fields(node, node_class))), **_lora_rows(places.rest)}


@dataclass(slots=True)
class _Places:
    """A node's saved values, taken one after another."""

    node: Node
    values: Sequence[Any]
    at: int = 0

    @property
    def rest(self) -> Sequence[Any]:
        return self.values[self.at :]

    def read(self, fields: Iterator[NodeInput]) -> Iterator[tuple[str, Any]]:
        for declared in fields:
            value = _settled(declared, self._next() if self.at < len(self.values) else None)
            if value is not None:
                yield declared.name, value
            if _is_controlled(declared):
                self._pass_control(declared)
            if declared.type == DYNAMIC_CHOICE:
                yield from self.read(_branch(self.node, declared, value))

    def _next(self) -> Any:
        self.at += 1
        return self.values[self.at - 1]

    def _pass_control(self, declared: NodeInput) -> None:
        """Pass over `control_after_generate`, and the filter that a choice has beside it."""
        control = self.values[self.at] if self.at < len(self.values) else None
        if isinstance(control, bool) or control in _MODES:
            self.at += 1
            if declared.type == "COMBO" and self.values[self.at : self.at + 1] == [""]:
                self.at += 1


def _by_name(node: Node, node_class: NodeClass, given: Mapping[str, Any]) -> dict[str, Any]:
    """Give values that were saved by name, also those of fields that a script has added.

    Node packs that add fields read them on the server (VideoHelperSuite's formats, for one).
    """
    values = {name: one for name, one in given.items() if _is_added(name, one, node_class)}

    def read(fields: Iterator[NodeInput]) -> None:
        for declared in fields:
            value = _settled(declared, given.get(declared.name))
            if value is not None:
                values[declared.name] = value
            if declared.type == DYNAMIC_CHOICE:
                read(_branch(node, declared, value))

    read(_fields(node, node_class))
    return values


def _is_added(name: str, value: Any, node_class: NodeClass) -> bool:
    """Tell whether a value is of a field that a script has added, not one for the page alone."""
    is_for_the_page = "upload" in name or name.startswith("control_") or value in _MODES
    is_of_another_branch = name.partition(".")[0] in node_class.inputs
    is_plain = isinstance(value, str | int | float)
    return is_plain and not is_for_the_page and not is_of_another_branch


def _lora_rows(values: Sequence[Any]) -> dict[str, Any]:
    """Give the rows of rgthree's Power Lora Loader, which its script names by their numbers."""
    rows = [one for one in values if isinstance(one, dict) and "lora" in one]
    return {f"lora_{number}": row for number, row in enumerate(rows, 1)}


def _fields(node: Node, node_class: NodeClass) -> Iterator[NodeInput]:
    """Give a node's fields in the page's order: those that have grown come before all others."""
    for declared in node_class.inputs.values():
        if declared.type == GROWING:
            yield from _grown(node, declared)
    yield from filter(is_field, node_class.inputs.values())


def _grown(node: Node, declared: NodeInput) -> Iterator[NodeInput]:
    """Give the fields that have grown on a node: the page saves an input for each."""
    template = declared.attributes.get("template")
    patterns = nested(template.get("input") if isinstance(template, dict) else None)
    for slot in node.inputs[:_MOST_GROWN]:
        group, _, name = slot.name.rpartition(".")
        if group == declared.name:
            for pattern in patterns:
                is_its = len(patterns) == 1 or name.rstrip("0123456789") == pattern.name
                if is_its and is_field(pattern):
                    yield replace(pattern, name=slot.name)


def _branch(node: Node, declared: NodeInput, key: Any) -> Iterator[NodeInput]:
    """Give the fields that a dynamic choice has while `key` is chosen, named `choice.field`."""
    options = declared.attributes.get("options")
    for option in options if isinstance(options, list) else []:
        if isinstance(option, dict) and option.get("key") == key:
            for one in nested(option.get("inputs")):
                inner = replace(one, name=f"{declared.name}.{one.name}")
                if inner.type == GROWING:
                    yield from _grown(node, inner)
                elif is_field(inner):
                    yield inner


def nested(inputs: Any) -> list[NodeInput]:
    """Give the inputs that a V3 input has inside itself, which are told as a class's own are."""
    told = {"input": inputs} if isinstance(inputs, dict) else {}
    return [*read_node_class("", told).inputs.values()]


def _without_forced(values: Sequence[Any], node_class: NodeClass) -> Sequence[Any]:
    """Leave out the places that older pages kept for fields which must be wired.

    Source: ComfyUI_frontend 1.58, litegraphUtil `migrateWidgetsValues`.
    """
    places = []
    for declared in node_class.inputs.values():
        if declared.is_widget or declared.attributes.get("forceInput"):
            places.append(bool(declared.attributes.get("forceInput")))
            places += [False] if _is_controlled(declared) else []
    if not any(places) or len(places) != len(values):
        return values
    return [value for value, is_forced in zip(values, places, strict=True) if not is_forced]


def _is_controlled(declared: NodeInput) -> bool:
    control = declared.attributes.get("control_after_generate")
    if control is None:
        return declared.type == "INT" and declared.name in _SEEDS
    return bool(control)


def _settled(declared: NodeInput, value: Any) -> Any:
    """Give a saved value, or the default where none was saved.

    Raises:
        Misplaced: it is of no kind that the field takes.
    """
    if value is None:
        return _default(declared)
    if not _takes(declared.type, value):
        raise Misplaced(declared, value)
    return value


def _default(declared: NodeInput) -> Any:
    if "default" in declared.attributes:
        return declared.attributes["default"]
    if declared.type == DYNAMIC_CHOICE:
        options = declared.attributes.get("options")
        first = options[0] if isinstance(options, list) and options else None
        return first.get("key") if isinstance(first, dict) else None
    if declared.options:
        return declared.options[0]
    return {"INT": 0, "FLOAT": 0, "STRING": "", "BOOLEAN": False}.get(declared.type)


def _takes(kind: str, value: Any) -> bool:
    if kind in ("INT", "FLOAT"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "BOOLEAN":
        return isinstance(value, bool | int)
    if kind == "STRING":
        return isinstance(value, str | int | float)
    return True
