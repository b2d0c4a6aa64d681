"""The inputs of a graph that hold a value, with what a server tells of each."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from vqd.definitions.sketch import title_of
from vqd.definitions.wiring import Classes
from vqd.domain.catalogue import NodeInput
from vqd.domain.frozen import frozen
from vqd.domain.graph import Graph, Value, is_link

_LOADERS = {
    ("LoadImage", "image"): "image",
    ("LoadImageMask", "image"): "image",
    ("LoadVideo", "file"): "video",
    ("LoadAudio", "audio"): "audio",
    ("VHS_LoadVideo", "video"): "video",
    ("VHS_LoadVideoFFmpeg", "video"): "video",
    ("VHS_LoadAudioUpload", "audio"): "audio",
}
"""Inputs that take an uploaded file and do not say so themselves, or whose class is not known."""


Uses = Mapping[str, list[tuple[str, str]]]
"""For each node the inputs that its outputs feed: the node of each, and its name."""

_OF_THE_PAGE = frozenset({"upload", "control_after_generate"})
"""Widgets of ComfyUI's page that stand in some exported graphs and that no node reads."""


@frozen
class Settable:
    """An input that holds a value and no link.

    `meaning` is the name that tells what it is: its own, but for a node that only holds a value
    that of the first input which the value goes to. `title` is the title that somebody gave its
    node, nothing where it is the usual one of its class. `told` is what a server tells of it.
    """

    node: str
    class_type: str
    name: str
    value: Value
    meaning: str
    title: str = ""
    told: NodeInput | None = None

    @property
    def type(self) -> str:
        """Give ComfyUI's type of the input; without a server that of its value."""
        if self.told is not None and self.told.is_widget:
            return self.told.type
        types = {bool: "BOOLEAN", int: "INT", float: "FLOAT"}
        return types.get(type(self.value), "STRING")

    @property
    def is_multiline(self) -> bool:
        """Tell whether the page shows it as a text of several lines."""
        return self.told is not None and bool(self.told.attributes.get("multiline"))

    @property
    def upload_kind(self) -> str | None:
        """Give the kind of the uploaded file that it names: `image`, `video`, `audio`, or None."""
        told = self.told.attributes if self.told else {}
        if told.get("image_folder", "input") != "input" or not isinstance(self.value, str):
            return None
        kinds = (kind for kind in ("image", "video", "audio") if told.get(f"{kind}_upload"))
        return next(kinds, _LOADERS.get((self.class_type, self.name)))

    def number(self, attribute: str) -> float | None:
        """Give a bound that the server tells: `min`, `max` or `step`, if it is a finite number."""
        told = self.told.attributes.get(attribute) if self.told else None
        if isinstance(told, bool) or not isinstance(told, int | float):
            return None
        return told if math.isfinite(told) else None


def settables(graph: Graph, classes: Classes) -> list[Settable]:
    """Give every input that holds a value: by node as the graph has them, then as its page does."""
    uses = uses_of(graph)
    return [one for node in graph for one in _of_node(graph, node, classes, uses)]


def uses_of(graph: Graph) -> Uses:
    """Give what the outputs of each node feed."""
    uses: dict[str, list[tuple[str, str]]] = {}
    for node, content in graph.items():
        for name, value in content["inputs"].items():
            if is_link(value):
                uses.setdefault(str(value[0]), []).append((node, name))
    return uses


def _of_node(graph: Graph, node: str, classes: Classes, uses: Uses) -> Iterator[Settable]:
    class_type = str(graph[node]["class_type"])
    found = classes(class_type)
    inputs: Mapping[str, Any] = graph[node]["inputs"]
    known = found.inputs if found else {}
    title = title_of(graph, node)
    if title in (class_type, found.label if found else ""):
        title = ""
    for name in dict.fromkeys([*(name for name in known if name in inputs), *inputs]):
        is_ignored = name in _OF_THE_PAGE or (found and name not in known and "." not in name)
        if is_ignored or is_link(inputs[name]):
            continue
        told, place = known.get(name), (node, name)
        if class_type.startswith("Primitive") and uses.get(node):
            place = uses[node][0]
            told = _fed(graph, *place, classes, told)
        value = _typed(inputs[name], told)
        if value is not None:
            yield Settable(node, class_type, name, value, _meaning(graph, *place), title, told)


def _meaning(graph: Graph, node: str, name: str) -> str:
    """Give the name that tells what an input is: a length beside a width is one of frames."""
    return "num_frames" if name == "length" and "width" in graph[node]["inputs"] else name


def _fed(
    graph: Graph, node: str, name: str, classes: Classes, own: NodeInput | None
) -> NodeInput | None:
    """Give what a server tells of the input that a value goes to, if it is of the value's type."""
    user = classes(str(graph[node]["class_type"]))
    fed = user.inputs.get(name) if user else None
    return fed if fed is not None and (own is None or fed.type == own.type) else own


def _typed(value: Any, told: NodeInput | None) -> Value | None:
    """Give a value as ComfyUI takes it (`"20"` is 20 where it wants INT); None if it is no scalar.

    Source: ComfyUI 0.3.64, execution.py `validate_inputs`.
    """
    if not isinstance(value, str | int | float | bool):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    try:
        match told.type if told else "":
            case "INT":
                return int(value)
            case "FLOAT":
                return value if isinstance(value, int) and value is not True else float(value)
            case "STRING":
                return str(value)
            case "BOOLEAN":
                return bool(value)
    except ValueError:
        return value
    return value
