"""A definition and its graph become a workflow with every bind resolved."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from vqd.definitions.graphs import Unbound, nodes_named, targets
from vqd.definitions.schema import DefinitionKeys, InputKeys, OutputKeys, ParamKeys
from vqd.documents.tree import Document, Text, written
from vqd.domain.errors import Faults, Problem
from vqd.domain.graph import Graph, NamedGraph, Target, Value
from vqd.domain.job import ExpectedOutput
from vqd.domain.workflow import Hints, InputSlot, Misfit, Param, Workflow

_T = TypeVar("_T")
_SIDES = ("width", "height")
_EXTENSIONS = {
    "image": (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"),
    "video": (".mp4", ".mov", ".mkv", ".webm", ".avi"),
    "audio": (".wav", ".mp3", ".flac", ".ogg", ".m4a"),
}


def build(name: str, document: Document, keys: DefinitionKeys, graph: NamedGraph) -> Workflow:
    """Give the workflow that a definition declares over a graph.

    Raises:
        Faults: each bind that names nothing, each default or choice that does not fit.
    """
    building = _Building(document, graph)
    workflow = Workflow(
        name=name,
        version=keys.version,
        where=document.where,
        graph=graph,
        inputs={str(slot): building.slot(str(slot), given) for slot, given in keys.inputs.items()},
        params={
            str(param): building.param(str(param), given) for param, given in keys.params.items()
        },
        outputs=tuple(building.output(str(slot), given) for slot, given in keys.outputs.items()),
        label=keys.label,
        group=keys.group,
        help=keys.help,
        vram_gb=keys.requires.vram_gb,
        tags=keys.requires.tags,
    )
    if building.problems:
        raise Faults(building.problems)
    return workflow


@dataclass(slots=True)
class _Building:
    document: Document
    graph: NamedGraph
    problems: list[Problem] = field(default_factory=list)
    bound: dict[Target, str] = field(default_factory=dict)

    def slot(self, name: str, given: InputKeys) -> InputSlot:
        return InputSlot(
            name=name,
            kind=given.kind,
            extensions=given.extensions or _EXTENSIONS[given.kind],
            targets=self._targets(given.bind, "inputs", name),
            required=given.required,
            fan_out=given.fan_out,
            hints=Hints(label=given.label, help=given.help),
        )

    def param(self, name: str, given: ParamKeys) -> Param:
        sides = _SIDES if given.type == "size" else ()
        bound = self._targets(given.bind, "params", name, sides=sides)
        param = Param(
            name=name,
            type=given.type,
            min=given.min,
            max=given.max,
            step=given.step,
            multiple_of=given.multiple_of,
            choices=self._choices(given.choices or {}, bound, name),
            presets={str(preset): str(size) for preset, size in (given.presets or {}).items()},
            targets=bound,
            hints=Hints(
                given.label,
                given.help,
                given.widget,
                given.placeholder,
                given.multiline,
                given.caption,
                given.options_source,
            ),
        )
        for preset, size in (given.presets or {}).items():
            self._read(param, size, "params", name, "presets", preset)
        if given.default is None:
            return param
        return replace(param, default=self._read(param, given.default, "params", name, "default"))

    def output(self, slot: str, given: OutputKeys) -> ExpectedOutput:
        node = self._resolved(lambda: _only(self.graph.nodes, given.node), "outputs", slot, "node")
        if given.prefix is not None and node is not None:
            bind = f"{node}.{given.prefix}"
            self._resolved(lambda: targets(self.graph.nodes, bind), "outputs", slot, "prefix")
        return ExpectedOutput(
            slot=slot,
            node=node or "",
            kind=given.kind,
            prefix_input=given.prefix and str(given.prefix),
            min_frames=given.accept.min_frames,
            min_bytes=given.accept.min_bytes,
            max_black=given.accept.max_black,
        )

    def _targets(
        self, binds: tuple[Text, ...], *path: str, sides: tuple[str, ...] = ()
    ) -> tuple[Target, ...]:
        found: list[Target] = []
        for at, bind in enumerate(binds):
            resolve = partial(targets, self.graph.nodes, bind, inputs=sides)
            found += self._resolved(resolve, *path, "bind", at) or ()
        for target in found:
            owner = self.bound.setdefault(target, written(path))
            if owner != written(path):
                said = f"{target} is already bound by {owner}."
                self._note("bound_twice", said, "Bind it once.", *path, "bind")
        return tuple(found)

    def _choices(
        self, choices: Mapping[str, Text], bound: tuple[Target, ...], name: str
    ) -> dict[str, Value]:
        like = self._now_at(bound[0]) if bound else ""
        sent: dict[str, Value] = {}
        for choice, text in choices.items():
            try:
                sent[str(choice)] = _sent(text, like)
            except Misfit as misfit:
                path = ("params", name, "choices", choice)
                hint = f"{bound[0]} is {like!r} in the graph."
                self._note("wrong_type", misfit.said, hint, *path, allowed=misfit.allowed)
        return sent

    def _now_at(self, target: Target) -> object:
        return self.graph.nodes[target.node]["inputs"][target.input]

    def _read(self, param: Param, text: Text, *path: str) -> Value | None:
        try:
            return param.read(text)
        except Misfit as misfit:
            self._note(misfit.code, misfit.said, misfit.hint, *path, allowed=misfit.allowed)
            return None

    def _resolved(self, resolve: Callable[[], _T], *path: str | int) -> _T | None:
        try:
            return resolve()
        except Unbound as unbound:
            self._note(unbound.code, unbound.said, unbound.hint, *path)
            return None

    def _note(
        self, code: str, said: str, hint: str, *path: str | int, allowed: str | None = None
    ) -> None:
        node, key = self.document.reach(path)
        found = str(node) if isinstance(node, Text) else None
        where = self.document.where
        self.problems.append(
            Problem(code, said, where, node.line, node.column, key, found, allowed, hint)
        )


def _only(graph: Graph, name: str) -> str:
    found = nodes_named(graph, name)
    if len(found) > 1:
        said = f"{name} names {len(found)} nodes: {', '.join(found)}."
        raise Unbound("ambiguous_node", said, "Name one.")
    return found[0]


def _sent(text: Text, like: object) -> Value:
    """Give what a choice sends, of the type that the graph has there now."""
    if isinstance(like, bool):
        return Param("", "bool").read(text)
    if isinstance(like, int | float):
        with contextlib.suppress(Misfit):
            return Param("", "int").read(text)
        return Param("", "float").read(text)
    return str(text)
