"""The outputs of a graph: the nodes that save a picture, a clip or sound."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from vqd.definitions.sketch import Entry, NodeNames
from vqd.definitions.wiring import Classes
from vqd.domain.errors import Faults, Problem
from vqd.domain.graph import Graph
from vqd.domain.job import ExpectedOutput
from vqd.domain.names import printable

PREFIX = "filename_prefix"
"""The input that holds the name of what is saved, by this name in every node that has one."""

_HINT = "Add a node that saves to ComfyUI's output folder: Save Image, Save Video, Save Audio."
_BY_WORD = {
    "video": ("Video", "WEBM"),
    "audio": ("Audio",),
    "image": ("Image", "PNG", "WEBP", "Animated"),
}
_BY_TYPE = {"VIDEO": "video", "AUDIO": "audio", "IMAGE": "image"}


@dataclass(frozen=True, slots=True)
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
        }
        for one in expected
    }
    found = [*_saving(graph, classes)]
    others = [names[node] for node, kind in found if not kind]
    remarks = {}
    if others:
        said = f"Not brought home, being no picture, clip or sound: {', '.join(others)}."
        remarks[f"outputs.{next(iter(entries))}"] = printable(said)
    prefixes = frozenset((node, PREFIX) for node, _ in found)
    kinds = [one.kind for one in expected]
    group = max(("image", "audio", "video"), key=kinds.count).capitalize()
    return Outputs(entries, prefixes, group, remarks)


def expected_outputs(graph: Graph, classes: Classes, *, where: str) -> tuple[ExpectedOutput, ...]:
    """Give every output of a graph that vqd brings home, each with a slot named after its kind.

    Raises:
        Faults: `no_output`, there is none.
    """
    found: dict[str, ExpectedOutput] = {}
    for node, kind in _saving(graph, classes):
        if kind is not None:
            slot = _free(kind, found)
            has_prefix = isinstance(graph[node]["inputs"][PREFIX], str)
            found[slot] = ExpectedOutput(slot, node, kind, PREFIX if has_prefix else None)
    if not found:
        said = "no node of the graph saves a picture, a clip or sound."
        raise Faults([Problem("no_output", said, where, hint=_HINT)])
    return tuple(found.values())


def _saving(graph: Graph, classes: Classes) -> Iterator[tuple[str, str | None]]:
    """Give each node that saves, and the kind of what it saves; None if vqd has no use for it."""
    for node, content in graph.items():
        class_type = str(content["class_type"])
        found = classes(class_type)
        has_prefix = PREFIX in content["inputs"]
        saves = found.is_output if found else "Save" in class_type or "Combine" in class_type
        if has_prefix and saves:
            yield node, kind_of(class_type, classes)


def kind_of(class_type: str, classes: Classes) -> str | None:
    """Give the kind of what a node that saves makes: `image`, `video`, `audio`, or None."""
    found = classes(class_type)
    types = [one.type for one in found.inputs.values()] if found else []
    if types and not any(type_ in _BY_TYPE for type_ in types):
        return None
    for kind, words in _BY_WORD.items():
        if any(word.lower() in class_type.lower() for word in words):
            return kind
    return next((_BY_TYPE[type_] for type_ in types if type_ in _BY_TYPE), None)


def _free(kind: str, taken: Collection[str]) -> str:
    names = [kind, *(f"{kind}_{turn}" for turn in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)
