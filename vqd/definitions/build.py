"""A definition and its graph become a workflow with every bind resolved."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TypeVar

from vqd.definitions.acceptance import AcceptKeys, accept_of
from vqd.definitions.graphs import Unbound, nodes_named, targets
from vqd.definitions.ladder import read_step
from vqd.definitions.outputs import PREVIEWS
from vqd.definitions.schema import BypassKeys, DefinitionKeys, InputKeys, OutputKeys, ParamKeys
from vqd.definitions.wiring import Classes, wires_past
from vqd.documents.tree import Document, Text, written
from vqd.domain.accept import Accept
from vqd.domain.errors import Faults, Problem
from vqd.domain.graph import Graph, NamedGraph, Target, Value
from vqd.domain.job import ExpectedOutput
from vqd.domain.kinds import INPUT_KINDS, KINDS
from vqd.domain.param import MODEL_FOLDERS, Hints, Misfit, Param, is_relative
from vqd.domain.workflow import FLIP, InputSlot, Workflow

_T = TypeVar("_T")
_FLIP = Param(
    FLIP,
    "bool",
    default=False,
    hints=Hints(label="Flip", help="Swap width and height of every size."),
)
_SIDES = ("width", "height")


def build(
    name: str, document: Document, keys: DefinitionKeys, graph: NamedGraph, classes: Classes
) -> Workflow:
    """Give the workflow that a definition declares over a graph.

    Raises:
        Faults: each bind that names nothing, each default or choice that does not fit.
    """
    building = _Building(document, graph)
    values = {name: given for name, given in keys.params.items() if given.type not in INPUT_KINDS}
    params = {str(name): building.param(str(name), given) for name, given in values.items()}
    if FLIP not in params and any(param.type == "size" for param in params.values()):
        params[FLIP] = _FLIP
    slots = {str(slot): building.slot(str(slot), given) for slot, given in keys.inputs.items()}
    slots |= {
        str(name): building.file_param(str(name), given)
        for name, given in keys.params.items()
        if given.type in INPUT_KINDS
    }
    building.check_names(keys, params)
    bypassed = {
        *chain.from_iterable(param.when_none for param in params.values()),
        *chain.from_iterable(slot.when_absent for slot in slots.values()),
    }
    sizes = [param.name for param in params.values() if param.type == "size"]
    outputs = tuple(
        building.output(str(slot), given, bypassed, sizes) for slot, given in keys.outputs.items()
    )
    workflow = Workflow(
        name=name,
        version=keys.version,
        where=document.where,
        graph=graph,
        inputs=slots,
        params=params,
        outputs=outputs,
        label=keys.label,
        group=keys.group,
        help=keys.help,
        vram_gb=keys.requires.vram_gb,
        tags=keys.requires.tags,
        wires={node: wires_past(graph.nodes, node, classes) for node in sorted(bypassed)},
        on_oom=tuple(
            read_step(step, at, params, building.note) for at, step in enumerate(keys.on_oom)
        ),
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
        bound = self._targets(given.bind, "inputs", name)
        return InputSlot(
            name=name,
            kind=given.kind,
            extensions=given.extensions or KINDS[given.kind].extensions,
            targets=bound,
            required=given.required,
            fan_out=given.fan_out,
            when_absent=self._bypassed(given.when_absent, bound, "inputs", name, "when_absent"),
            hints=Hints(label=given.label, help=given.help),
        )

    def param(self, name: str, given: ParamKeys) -> Param:
        path = ("params", name)
        bound = self._targets(given.bind, *path, sides=_SIDES if given.type == "size" else ())
        sets = {
            str(choice): self._set_by(edits, *path, "sets", choice)
            for choice, edits in (given.sets or {}).items()
        }
        self._own(dict.fromkeys(chain.from_iterable(sets.values())), *path, key="sets")
        choices = given.choices or {choice: choice for choice in given.sets or {}}
        param = Param(
            name=name,
            type=given.type,
            min=given.min,
            max=given.max,
            step=given.step,
            round=given.round,
            multiple_of=given.multiple_of,
            plus=given.plus or 0,
            choices=self._choices(choices, bound, name) if given.choices_from is None else {},
            choices_from=str(given.choices_from or ""),
            sets=sets,
            presets={str(preset): str(size) for preset, size in (given.presets or {}).items()},
            targets=bound,
            when_none=self._bypassed(given.when_none, bound, *path, "when_none"),
            folder=MODEL_FOLDERS.get(given.type, str(given.folder or "")),
            caption=given.caption,
            hints=given.hints,
        )
        for preset, size in (given.presets or {}).items():
            self._check_preset(replace(param, presets={}), size, *path, "presets", preset)
        if given.default is None:
            return param
        return replace(param, default=self._read(param, given.default, *path, "default"))

    def _check_preset(self, param: Param, size: Text, *path: str) -> None:
        if is_relative(self._read(param, size, *path) or ""):
            self.note("wrong_type", f"{size} hangs on an input.", "Write WIDTHxHEIGHT.", *path)

    def file_param(self, name: str, given: ParamKeys) -> InputSlot:
        """Give the slot that a parameter is whose values are files."""
        bound = self._targets(given.bind, "params", name)
        return InputSlot(
            name=name,
            kind=given.type,
            extensions=KINDS[given.type].extensions,
            targets=bound,
            required=given.default is None,
            when_absent=self._bypassed(given.when_none, bound, "params", name, "when_none"),
            hints=given.hints,
        )

    def check_names(self, keys: DefinitionKeys, params: Mapping[str, Param]) -> None:
        """Note names that a slot and a parameter share, and captions beyond the first."""
        for name in sorted(str(name) for name in keys.inputs.keys() & keys.params.keys()):
            said = f"{name} is also the name of an input."
            self.note("duplicate_name", said, "Rename one of them.", "params", name)
        for name in [name for name, param in params.items() if param.caption][1:]:
            said = "is not the only caption."
            hint = "Mark one: the text beside an input is its value."
            self.note("duplicate_caption", said, hint, "params", name, "caption")

    def output(
        self, slot: str, given: OutputKeys, bypassed: Collection[str], sizes: Collection[str]
    ) -> ExpectedOutput:
        node = self._resolved(lambda: _only(self.graph.nodes, given.node), "outputs", slot, "node")
        if node in bypassed:
            said = f"node {node} is taken out of some prompts, which then have no {slot}."
            hint = "Bypass the nodes before it."
            self.note("bypassed_output", said, hint, "outputs", slot, "node")
        class_type = self.graph.nodes[node]["class_type"] if node is not None else ""
        if class_type in PREVIEWS and not given.temp:
            said = f"node {node} ({class_type}) only previews what it gets, and keeps no file."
            hint = "Add `temp: true` to the output, or name a node that saves."
            self.note("only_previews", said, hint, "outputs", slot, "node")
        if given.prefix is not None and node is not None:
            bind = f"{node}.{given.prefix}"
            self._resolved(lambda: targets(self.graph.nodes, bind), "outputs", slot, "prefix")
        return ExpectedOutput(
            slot=slot,
            node=node or "",
            kind=given.kind,
            prefix_input=given.prefix and str(given.prefix),
            accept=self._accept(slot, given.accept, sizes) or Accept(),
            takes_temp=given.temp,
        )

    def _accept(self, slot: str, given: AcceptKeys, sizes: Collection[str]) -> Accept | None:
        try:
            return accept_of(given, sizes)
        except Misfit as misfit:
            path = ("outputs", slot, "accept", "size")
            self.note(misfit.code, misfit.said, misfit.hint, *path, allowed=misfit.allowed)
            return None

    def _targets(
        self, binds: tuple[Text, ...], *path: str, sides: tuple[str, ...] = ()
    ) -> tuple[Target, ...]:
        found: list[Target] = []
        for at, bind in enumerate(binds):
            resolve = partial(targets, self.graph.nodes, bind, inputs=sides)
            found += self._resolved(resolve, *path, "bind", at) or ()
        self._own(found, *path, key="bind")
        return tuple(found)

    def _own(self, found: Iterable[Target], *path: str, key: str) -> None:
        """Note what another input or parameter sets too: which of the two counts were chance."""
        for target in found:
            owner = self.bound.setdefault(target, written(path))
            if owner != written(path):
                said = f"{target} is already bound by {owner}."
                self.note("bound_twice", said, "Bind it once.", *path, key)

    def _bypassed(
        self, given: BypassKeys | None, bound: tuple[Target, ...], *path: str
    ) -> tuple[str, ...]:
        """Give the nodes that are named, or those that are bound where none is."""
        if given is None:
            return ()
        if not given.bypass:
            return tuple(dict.fromkeys(target.node for target in bound))
        found: list[str] = []
        for at, name in enumerate(given.bypass):
            resolve = partial(nodes_named, self.graph.nodes, name)
            found += self._resolved(resolve, *path, "bypass", at) or ()
        return tuple(dict.fromkeys(found))

    def _set_by(self, edits: Mapping[str, Text], *path: str) -> dict[Target, Value]:
        """Give what one choice sets beside its binds."""
        sent: dict[Target, Value] = {}
        for bind, text in edits.items():
            for target in (
                self._resolved(partial(targets, self.graph.nodes, bind), *path, bind) or ()
            ):
                value = self._sent_to(target, text, *path, bind)
                if value is not None:
                    sent[target] = value
        return sent

    def _sent_to(self, target: Target, text: Text, *path: str) -> Value | None:
        like = self._now_at(target)
        try:
            return _sent(text, like)
        except Misfit as misfit:
            hint = f"{target} is {like!r} in the graph."
            self.note("wrong_type", misfit.said, hint, *path, allowed=misfit.allowed)
            return None

    def _choices(
        self, choices: Mapping[str, Text], bound: tuple[Target, ...], name: str
    ) -> dict[str, Value]:
        if not bound:
            return {str(choice): str(text) for choice, text in choices.items()}
        sent = {
            str(choice): self._sent_to(bound[0], text, "params", name, "choices", choice)
            for choice, text in choices.items()
        }
        return {choice: value for choice, value in sent.items() if value is not None}

    def _now_at(self, target: Target) -> object:
        return self.graph.nodes[target.node]["inputs"][target.input]

    def _read(self, param: Param, text: Text, *path: str) -> Value | None:
        try:
            return param.read(text)
        except Misfit as misfit:
            self.note(misfit.code, misfit.said, misfit.hint, *path, allowed=misfit.allowed)
            return None

    def _resolved(self, resolve: Callable[[], _T], *path: str | int) -> _T | None:
        try:
            return resolve()
        except Unbound as unbound:
            self.note(unbound.code, unbound.said, unbound.hint, *path)
            return None

    def note(
        self, code: str, said: str, hint: str, *path: str | int, allowed: str | None = None
    ) -> None:
        """Keep a fault of what stands at a key path of the definition."""
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
        is_whole = text.strip().lstrip("+-").isdecimal()
        return Param("", "int" if is_whole else "float").read(text)
    return str(text)
