"""The outputs of a graph: the nodes that save, or where none does, those that preview."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from vqd.definitions.sketch import Entry, NodeNames
from vqd.definitions.wiring import Classes
from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen
from vqd.domain.graph import Graph
from vqd.domain.job import ExpectedOutput
from vqd.domain.kinds import INPUT_KINDS, KINDS
from vqd.domain.names import printable

PREFIX = "filename_prefix"
"""The input that holds the name of what is saved, by this name in every node that has one."""

PREVIEWS = frozenset({"PreviewImage", "MaskPreview", "PreviewAudio", "ImageCompare"})
"""ComfyUI's own classes that write into the temp folder alone, which it empties when it starts."""

_HINT = "Add a node that saves to ComfyUI's output folder: Save Image, Save Video, Save Audio."
_PREVIEWS = ("preview", "show", "display")
_BY_WORD = {
    "video": ("video", "webm"),
    "audio": ("audio",),
    "latent": ("latent",),
    "vector": ("svg",),
    "model3d": ("glb", "mesh", "3d"),
    "image": ("image", "png", "webp", "animated", "mask"),
    "text": ("text", "string", "any"),
}
_BY_TYPE = {
    "VIDEO": ("video",),
    "AUDIO": ("audio", "video"),
    "IMAGE": ("image", "video"),
    "MASK": ("image",),
    "LATENT": ("latent",),
    "SVG": ("vector",),
    "MESH": ("model3d",),
    "FILE_3D": ("model3d",),
    "STRING": ("text",),
    "*": ("text",),
}
"""What a node may make of an input of a type, the usual first."""
_GROUPS = {"model3d": "3D", "file": "Other"}


@frozen
class Outputs:
    """The outputs as a definition has them, and the inputs that hold their names."""

    entries: dict[str, Entry]
    prefixes: frozenset[tuple[str, str]]
    group: str
    remarks: dict[str, str]


def outputs_of(graph: Graph, classes: Classes, *, where: str) -> Outputs:
    """Give every output of a graph that vqd brings home.

    Raises:
        Faults: `no_output`, there is none.
    """
    expected = expected_outputs(graph, classes, where=where)
    names = NodeNames(graph)
    entries: dict[str, Entry] = {
        one.slot: {
            "node": names[one.node],
            "kind": one.kind,
            **({"prefix": one.prefix_input} if one.prefix_input else {}),
            **({"temp": True} if one.takes_temp else {}),
        }
        for one in expected
    }
    taken = {one.node for one in expected}
    others = [names[node] for node, _ in _previewing(graph, classes) if node not in taken]
    remarks = {}
    if others:
        said = f"Not brought home, being previews: {', '.join(others)}."
        remarks[f"outputs.{next(iter(entries))}"] = printable(said)
    prefixes = frozenset((node, PREFIX) for node, _ in _saving(graph, classes))
    kinds = [one.kind for one in expected]
    group = max(KINDS, key=kinds.count)
    return Outputs(entries, prefixes, _GROUPS.get(group, group.capitalize()), remarks)


def expected_outputs(graph: Graph, classes: Classes, *, where: str) -> tuple[ExpectedOutput, ...]:
    """Give every output of a graph that vqd brings home, each with a slot named after its kind:
    what is saved, or what is previewed where nothing is.

    Raises:
        Faults: `no_output`, there is none.
    """
    found: dict[str, ExpectedOutput] = {}
    turns = Counter[str]()
    for node, kind in _saving(graph, classes):
        slot = _slot(kind, turns)
        has_prefix = isinstance(graph[node]["inputs"][PREFIX], str)
        found[slot] = ExpectedOutput(slot, node, kind, PREFIX if has_prefix else None)
    for node, kind in [] if found else _previewing(graph, classes):
        slot = _slot(kind, turns)
        found[slot] = ExpectedOutput(slot, node, kind, takes_temp=kind in INPUT_KINDS)
    if not found:
        said = "no node of the graph saves anything."
        raise Faults([Problem("no_output", said, where, hint=_HINT)])
    return tuple(found.values())


def kind_of(class_type: str, classes: Classes) -> str:
    """Give the kind of what a node makes, by its inputs and its name; `file` where neither tells.

    Most nodes have some text among their inputs: only a name that says so makes it what they make.
    """
    named = [
        kind
        for kind, words in _BY_WORD.items()
        if any(word in class_type.lower() for word in words)
    ]
    possible = _possible(class_type, classes)
    if possible is None:
        return next(iter(named), "file")
    usual = (kind for kind in possible if kind != "text")
    return next((kind for kind in named if kind in possible), next(usual, "file"))


def _possible(class_type: str, classes: Classes) -> list[str] | None:
    """Give the kinds that a class can make of its inputs; None where it is not known."""
    found = classes(class_type)
    if found is None:
        return None
    told = ",".join(one.type for name, one in found.inputs.items() if name != PREFIX)
    types = [type_.strip() for type_ in told.split(",")]
    return [
        kind
        for known, kinds in _BY_TYPE.items()
        if any(type_ == known or type_.startswith(f"{known}_") for type_ in types)
        for kind in kinds
    ]


def _saving(graph: Graph, classes: Classes) -> Iterator[tuple[str, str]]:
    """Give each node that saves, and the kind of what it saves."""
    for node, content in graph.items():
        class_type = str(content["class_type"])
        found = classes(class_type)
        has_prefix = PREFIX in content["inputs"]
        saves = found.is_output if found else "Save" in class_type or "Combine" in class_type
        if has_prefix and saves:
            yield node, _kind_in(content, kind_of(class_type, classes))


def _previewing(graph: Graph, classes: Classes) -> Iterator[tuple[str, str]]:
    """Give each node that only shows, and the kind of what it shows."""
    for node, content in graph.items():
        class_type = str(content["class_type"])
        found = classes(class_type)
        previews = any(word in class_type.lower() for word in _PREVIEWS)
        kind = kind_of(class_type, classes)
        is_output = found is None or found.is_output
        if previews and is_output and PREFIX not in content["inputs"] and kind != "file":
            yield node, kind


def _kind_in(content: Mapping[str, Any], kind: str) -> str:
    """Give the kind that a node of VideoHelperSuite makes: its clips may be moving pictures."""
    made_as = str(content["inputs"].get("format", ""))
    is_picture = made_as.startswith("image/") or "gif" in made_as
    return "image" if kind == "video" and is_picture else kind


def _slot(kind: str, turns: Counter[str]) -> str:
    """Give the name of the next slot of a kind: image, image_2, …"""
    turns[kind] += 1
    return kind if turns[kind] == 1 else f"{kind}_{turns[kind]}"
