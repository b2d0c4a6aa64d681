"""A definition of video_queue becomes one of vqd: the same graphs from the same values."""

import copy
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from vqd.definitions.graphs import checked_graph
from vqd.definitions.legacy_graph import SIDES, OldGraph, Target
from vqd.definitions.legacy_keys import BOUNDS, INPUT_BINDINGS, Notes, OldDefinition, OldParam
from vqd.definitions.outputs import kind_of, outputs_of
from vqd.definitions.roles import model_of, seed_keys, size_keys
from vqd.definitions.sketch import Entry, Sketch
from vqd.definitions.wiring import Classes
from vqd.domain.graph import as_text
from vqd.domain.param import MOST_SEED, NONE, Misfit, Param

_ENABLED = re.compile(r"(extra_lora\d*)_enabled")
_SLOT_NAME = re.compile(r"(extra_lora\d*)_(high_|low_)?name")
_PROMPTS = frozenset(("text", "prompt", "positive_prompt", "negative_prompt"))
_READ = ("label", "placeholder", "help")
"""Keys that people read, and nothing else."""
_ASKED = {
    "tries": "a job asks for it now: `fan_out: {seeds: {count: 3}}`.",
    "randomize_seed": "a seed that has no default and that no job gives differs in each prompt.",
    "output_prefix": "outputs come back in the job's folder; a job names them: `output.name`.",
    "flip_orientation": "it is `flip` now, which every workflow with a size has.",
    "flip": "every workflow with a size has it.",
    "scale_multiple": "a job gives it as its size now: `size: {scale: 1.5}`.",
}
"""Parameters that video_queue itself read, and what stands for each."""


def converted(
    old: OldDefinition, template: Any, notes: Notes, classes: Classes, *, name: str
) -> Sketch:
    """Give the sketch of what a definition of video_queue says; all that changes goes to `notes`.

    `template` is its graph as it was read from JSON or YAML.

    Raises:
        Faults: the graph is none.
    """
    wrapped = template.get("prompt") if isinstance(template, dict) else None
    content = wrapped if isinstance(wrapped, dict) else template
    nodes = checked_graph(content, old.where, classes).nodes
    graph = OldGraph(old, copy.deepcopy(dict(nodes)), notes, classes)
    return _Converting(old, graph, notes).sketch(name)


@dataclass(slots=True)
class _Converting:
    old: OldDefinition
    graph: OldGraph
    notes: Notes
    params: dict[str, Entry] = field(default_factory=dict)

    def sketch(self, name: str) -> Sketch:
        self.graph.set_switches()
        inputs = self._inputs()
        replaced, size = self._size()
        for param in self.old.params.values():
            if param.name in replaced:
                self.params["size"] = size
            elif not self._is_asked(param):
                self.params[param.name] = self._param(param)
        if size and not replaced:
            self.params["size"] = size
        self._seed()
        outputs, group = self._outputs()
        if "extra_lora_high_name" in self.old.params:
            said = "old jobs may say lora_high_name, lora_low_name and lora_strength instead."
            hint = "Write extra_lora_high_name and so on."
            self.notes.tell(said, "parameters", "extra_lora_high_name", hint=hint)
        if self.old.moves_inputs:
            self.notes.tell("inputs move with their job now, always.", "move_processed")
        return Sketch(
            name=name,
            graph=self.graph.nodes,
            label=self.old.label,
            group=self.old.group or group,
            help=self.old.help,
            inputs=inputs,
            params={key: self._bound(key, entry) for key, entry in self.params.items()},
            outputs=outputs,
            remarks={"": f"Converted from {self.old.where} of video_queue."},
        )

    def _inputs(self) -> dict[str, Entry]:
        kind = self.old.input_type
        names = [name for name in INPUT_BINDINGS if name in self.old.bindings]
        if kind == "none":
            for name in names:
                self.notes.tell("is left out: input_type is none.", "file_bindings", name)
            return {}
        if kind not in ("image", "video", "audio"):
            said = f"{kind} is no kind of input."
            self.notes.refuse("unknown_choice", said, "input_type", hint="image, video or none.")
        elif not names:
            said = f"no binding says where the {kind} goes."
            hint = f"Add file_bindings.load_{kind}, or write `input_type: none`."
            self.notes.refuse("missing_key", said, "file_bindings", hint=hint)
        slot = kind if kind not in self.old.params else f"input_{kind}"
        for name in names:
            self.graph.claim(self.old.bindings[name], slot, kind, "file_bindings", name)
        own: Entry = {"extensions": [*self.old.extensions]} if self.old.extensions else {}
        return {slot: {"kind": kind, **own, "fan_out": True, "bind": self.graph.bind(slot)}}

    def _is_asked(self, param: OldParam) -> bool:
        """Tell whether a job asks for it otherwise now, and note how."""
        if param.binding.nodes:
            return False
        said = _ASKED.get(param.name)
        if _ENABLED.fullmatch(param.name):
            said = f"a LoRA is on when it has a name, and off when it is `{NONE}`."
        if said is None:
            return False
        is_told = param.default not in (None, "")
        shown = f" It was {as_text(param.default)} where a job said nothing." if is_told else ""
        self.notes.tell(f"{said}{shown}", "parameters", param.name)
        if param.name.startswith("flip") and param.default is True:
            self.params["flip"] = {"type": "bool", "default": True}
        return True

    def _param(self, param: OldParam) -> Entry:
        targets = self.graph.claim(
            param.binding, param.name, param.default, "parameters", param.name
        )
        told: Entry = {key: param.keys[key] for key in _READ if key in param.keys}
        model = self._model(targets)
        if param.type == "lora" or (param.type == "text" and model == ("lora", "loras")):
            return {"type": "lora", "default": self._lora(param), "when_none": "bypass", **told}
        if param.type == "seed" or (param.type == "int" and _are_seeds(targets)):
            keys = seed_keys(self.graph.settables(targets))
            return {**keys, **self._default(param, "seed"), **told}
        if param.type == "text" and param.default and model and "choices" not in param.keys:
            kind: Entry = {"type": "model", "folder": model[1]}
            kind = {"type": "checkpoint"} if model[1] == "checkpoints" else kind
            return {**kind, "default": param.default, **told}
        return {**self._plain(param, targets), **told}

    def _lora(self, param: OldParam) -> str:
        """Give the LoRA that was used where a job said nothing."""
        slot = _SLOT_NAME.fullmatch(param.name)
        switch = self.old.params.get(f"{slot[1]}_enabled") if slot else None
        is_on = switch is None or switch.default is True
        return str(param.default) if param.default and is_on else NONE

    def _plain(self, param: OldParam, targets: list[Target]) -> Entry:
        kind = "choice" if param.keys.get("choices") else param.type
        entry: Entry = {"type": kind}
        is_long = {name for _, name in targets} & _PROMPTS or "\n" in str(param.default)
        is_long = param.keys.get("multiline", is_long)
        if kind == "text" and is_long:
            is_captioned = any("caption" in one for one in self.params.values())
            if "negative" not in param.name and not is_captioned:
                entry["caption"] = True
            entry["multiline"] = True
        if kind == "choice":
            entry["choices"] = self._choices(param)
        bounds: Entry = {key: param.keys[key] for key in BOUNDS if key in param.keys}
        if bounds and kind not in ("int", "float"):
            said = f"{', '.join(bounds)}: left out, which means nothing for a {kind}."
            self.notes.tell(said, "parameters", param.name)
            bounds = {}
        return {**entry, **self._default(param, kind), **bounds}

    def _choices(self, param: OldParam) -> Any:
        """Give what may be chosen; that there is nothing is a fault."""
        if not param.keys.get("choices"):
            hint = "Name some, or make it a text."
            said = "is a choice, and names none."
            self.notes.refuse("missing_key", said, "parameters", param.name, hint=hint)
        return param.keys.get("choices")

    def _default(self, param: OldParam, kind: str) -> Entry:
        """Give the default; one that video_queue itself would have refused is a fault."""
        if param.default is None:
            return {}
        choices = {as_text(one): as_text(one) for one in param.keys.get("choices", ())}
        low, high = (param.keys.get(key) if kind != "choice" else None for key in ("min", "max"))
        try:
            Param(param.name, kind, min=low, max=high, choices=choices).read(as_text(param.default))
        except Misfit as misfit:
            self.notes.refuse(misfit.code, misfit.said, "parameters", param.name, "default")
        return {"default": param.default}

    def _model(self, targets: list[Target]) -> tuple[str, str] | None:
        models = {model_of(one) for one in self.graph.settables(targets)}
        return models.pop() if len(models) == 1 else None

    def _seed(self) -> None:
        """Let the seed be what `file_bindings.seed` names, and derived if video_queue drew it."""
        binding = self.old.bindings.get("seed")
        if binding is None:
            return
        named = next((name for name, one in self.params.items() if one["type"] == "seed"), "seed")
        targets = self.graph.seeds(binding)
        self.graph.owners |= dict.fromkeys(targets, named)
        entry = self.params.pop(named, seed_keys(self.graph.settables(targets)))
        if self._draws_seeds():
            entry.pop("default", None)
        else:
            values = [one.value for one in self.graph.settables(targets)]
            kept = [value for value in values if isinstance(value, int) and value <= MOST_SEED]
            entry |= {"default": kept[0]} if kept and "default" not in entry else {}
        self.params[named] = entry

    def _draws_seeds(self) -> bool:
        draws, tries = (self.old.params.get(name) for name in ("randomize_seed", "tries"))
        has_tries = tries is not None and isinstance(tries.default, int) and tries.default > 1
        return has_tries or (draws is not None and draws.default is True)

    def _size(self) -> tuple[set[str], Entry]:
        """Give the parameters that the size replaces, and its keys; none where nothing has one."""
        sides = [self.old.params[side] for side in SIDES if _is_side(self.old.params.get(side))]
        if len(sides) == len(SIDES) and sides[0].binding.nodes == sides[1].binding.nodes:
            return {*SIDES}, self._size_by_sides(sides)
        params = self.old.params
        asked = {name for name in params if name == "resolution" or params[name].type == "size"}
        sizes = self.graph.sizes()
        if not sizes:
            return set(), {}
        common, _ = Counter(sizes.values()).most_common(1)[0]
        entry = self._size_of([node for node, size in sizes.items() if size == common])
        for name in asked:
            told = {
                key: self.old.params[name].keys.get(key) for key in ("default", "label", "help")
            }
            entry |= {key: str(value) for key, value in told.items() if value}
        return asked, entry

    def _size_by_sides(self, sides: list[OldParam]) -> Entry:
        nodes = [node for node in sides[0].binding.nodes if self.graph.has(node, "parameters")]
        for node in nodes:
            inputs = self.graph.nodes[node]["inputs"]
            inputs |= {side.name: side.default for side in sides if side.default is not None}
        entry = self._size_of(nodes)
        lows = [side.keys["min"] for side in sides if "min" in side.keys]
        highs = [side.keys["max"] for side in sides if "max" in side.keys]
        entry |= ({"min": max(lows)} if lows else {}) | ({"max": min(highs)} if highs else {})
        scale = self.old.params.get("scale_multiple")
        if scale is not None and isinstance(scale.default, int | float):
            entry |= {"default": f"scale {scale.default:g}", "multiple_of": 16}
        return entry

    def _size_of(self, nodes: list[str]) -> Entry:
        targets = [(node, side) for node in nodes for side in SIDES]
        self.graph.owners |= dict.fromkeys(targets, "size")
        self._tell_of_others({*nodes})
        return size_keys(self.graph.settables(targets))

    def _tell_of_others(self, nodes: set[str]) -> None:
        """Note the nodes that a resolution and a flip set too, and that the size does not."""
        for node, (width, height) in self.graph.sizes().items():
            if node not in nodes:
                said = f"a resolution also set node {node}, which stays {width}x{height}."
                self.notes.tell(said, hint="Add it to the bind of size if it should follow.")

    def _outputs(self) -> tuple[dict[str, Entry], str]:
        binding = self.old.bindings.get("output_prefix")
        if binding is None or not (binding.nodes and binding.fields):
            found = outputs_of(self.graph.nodes, self.graph.classes, where=self.old.where)
            return found.entries, found.group
        entries: dict[str, Entry] = {}
        targets = self.graph.claim(binding, "", "vqd", "file_bindings", "output_prefix")
        for at, (node, name) in enumerate(targets, 1):
            class_type = str(self.graph.nodes[node]["class_type"])
            kind = kind_of(class_type, self.graph.classes)
            slot = kind if kind not in entries else f"{kind}_{at}"
            entries[slot] = {"node": self.graph.names[node], "kind": kind, "prefix": name}
        return entries, next(iter(entries), "").partition("_")[0].capitalize()

    def _bound(self, name: str, entry: Entry) -> Entry:
        """Give an entry with its bind, before what people read."""
        if not self.graph.owned(name):
            return {key: value for key, value in entry.items() if key != "when_none"}
        last: Entry = {key: entry[key] for key in ("when_none", *_READ) if key in entry}
        plain: Entry = {key: value for key, value in entry.items() if key not in last}
        return {**plain, "bind": self.graph.bind(name, is_size=entry["type"] == "size"), **last}


def _is_side(param: OldParam | None) -> bool:
    return param is not None and bool(param.binding.nodes) and param.binding.fields == (param.name,)


def _are_seeds(targets: list[Target]) -> bool:
    return bool(targets) and all("seed" in name for _, name in targets)
