"""A definition from a graph: what a person would make of it, and what is left to them to decide."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from vqd.definitions.outputs import outputs_of
from vqd.definitions.roles import (
    FRAMES,
    NEGATIVE,
    PROMPT,
    SEED,
    SIZE,
    Role,
    frame_keys,
    keys_of,
    role_of,
    seed_keys,
    size_keys,
)
from vqd.definitions.settable import Settable, settables, uses_of
from vqd.definitions.sketch import Entry, NodeNames, Sketch
from vqd.definitions.wiring import Classes
from vqd.domain.frozen import frozen
from vqd.domain.graph import Graph
from vqd.domain.names import printable

_FEW = 12
"""Plain inputs that are all made parameters; of more, a person takes those that should vary."""
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_NOISE = {
    *("a", "for", "from", "node", "of", "only", "the", "to"),
    *("advanced", "basic", "encode", "input", "load", "loader", "model", "simple", "upload"),
    *("audio", "clip", "image", "prompt", "text", "video", "gguf", "pth", "safetensors"),
}
_LONGEST_SIDE = 1 << 17
"""In pixels, more than any node allows."""
_TAKEN = {"date", "flip", "index", "input", "job", "label"}
"""Names that mean something else in a job file or in the name of an output."""


@frozen
class _Group:
    """Inputs that are one parameter."""

    role: Role
    ones: tuple[Settable, ...]


def sketch_of(graph: Graph, name: str, classes: Classes, *, where: str) -> Sketch:
    """Give the sketch of a definition over a graph; `where` is its file as people know it.

    Raises:
        Faults: `no_output`, the graph saves nothing.
    """
    outputs = outputs_of(graph, classes, where=where)
    found = settables(graph, classes)
    slots = _named_slots([one for one in found if one.upload_kind])
    bound = outputs.prefixes | {(one.node, one.name) for one in slots.values()}
    groups = _groups(graph, [one for one in found if (one.node, one.name) not in bound])
    named = _named(groups, {*slots, *_TAKEN})
    left, names = _left(named), NodeNames(graph)
    return Sketch(
        name=name,
        graph=graph,
        label=_label(name),
        group=outputs.group,
        inputs=_inputs(names, slots),
        params=_params(names, {key: named[key] for key in named if key not in left}),
        outputs=outputs.entries,
        remarks=_remarks(graph, classes, where, slots) | outputs.remarks | _needs(groups),
        left=_params(names, {key: named[key] for key in named if key in left}),
    )


def _label(name: str) -> str:
    words = " ".join(re.split(r"[-_ ]+", name)).strip()
    return words[:1].upper() + words[1:]


def _left(named: Mapping[str, _Group]) -> set[str]:
    """Give the parameters that are left out: those that are set once for a graph, like how its
    models are loaded, and all that nobody may want to vary where they are many."""
    loaders = {one.node for group in named.values() if group.role.is_model for one in group.ones}
    plain = {param for param, group in named.items() if group.role.is_plain}
    ones = {param: named[param].ones[0] for param in plain}
    once = {param for param, one in ones.items() if one.node in loaders or one.name == "batch_size"}
    return plain if len(plain - once) > _FEW else once


def _groups(graph: Graph, found: Sequence[Settable]) -> list[_Group]:
    uses = uses_of(graph)
    grouped: dict[tuple[object, ...], tuple[Role, list[Settable]]] = {}
    for ones in _wholes(found):
        role = SIZE if len(ones) > 1 else role_of(ones[0], graph, uses)
        key = (role.name, *_identity(role, ones))
        grouped.setdefault(key, (role, []))[1].extend(ones)
    groups = [_Group(role, tuple(ones)) for role, ones in grouped.values()]
    return sorted(groups, key=lambda group: group.role.rank)


def _identity(role: Role, ones: Sequence[Settable]) -> tuple[object, ...]:
    """Give what inputs of a role must have in common to be one parameter."""
    values = tuple((type(one.value), one.value) for one in ones)
    if role is SEED:
        return ()
    if role.is_shared:
        return values
    return (ones[0].node, *values, "" if role.is_one_per_node else ones[0].name)


def _wholes(found: Sequence[Settable]) -> list[tuple[Settable, ...]]:
    """Give each input by itself, but the width and height of a node, which are its size, together.

    A side of 0 is none: ComfyUI's nodes take it for "by the other side".
    """
    sides: dict[str, dict[str, Settable]] = {}
    for one in found:
        is_side = one.name in ("width", "height") and one.type == "INT"
        if is_side and isinstance(one.value, int) and 0 < one.value < _LONGEST_SIDE:
            sides.setdefault(one.node, {})[one.name] = one
    pairs = {node: (pair["width"], pair["height"]) for node, pair in sides.items() if len(pair) > 1}
    wholes: list[tuple[Settable, ...]] = []
    for one in found:
        pair = pairs.get(one.node)
        if pair is None or one not in pair:
            wholes.append((one,))
        elif one is pair[0]:
            wholes.append(pair)
    return wholes


def _named(groups: Sequence[_Group], taken: set[str]) -> dict[str, _Group]:
    bases = [re.sub(r"\W+", "_", group.role.name, flags=re.ASCII).lower() for group in groups]
    rests = [_rest(group.ones[0], base) for group, base in zip(groups, bases, strict=True)]
    for base in dict.fromkeys(bases):
        alike = [at for at, one in enumerate(bases) if one == base]
        apart = [rests[at] for at in alike]
        if not any(apart):
            apart = _contrasts([groups[at] for at in alike])
        for at, rest in zip(alike, apart, strict=True):
            rests[at] = rest if apart.count(rest) == 1 else ""
    return dict(zip(_distinct(bases, rests, taken), groups, strict=True))


def _contrasts(groups: Sequence[_Group]) -> list[str]:
    """Give for each group the words of its file's name that the others' have not."""
    files = [group.ones[0].value if group.role.is_model else "" for group in groups]
    words = [[word for word in _words(str(file)) if word not in _NOISE] for file in files]
    common = set[str]().union(*words).intersection(*map(set, words))
    return ["_".join(word for word in own if word not in common)[:24].strip("_") for own in words]


def _named_slots(ones: Sequence[Settable]) -> dict[str, Settable]:
    bases = [one.upload_kind or "" for one in ones]
    firsts = {base: at for at, base in reversed([*enumerate(bases)])}
    named: dict[str, Settable] = {base: ones[at] for base, at in firsts.items()}
    for at, (one, base) in enumerate(zip(ones, bases, strict=True)):
        if at != firsts[base]:
            rest = _rest(one, base)
            (name,) = _distinct([f"{rest}_{base}" if rest else base], [""], {*named, *_TAKEN})
            named[name] = one
    return {name: one for one in ones for name in named if named[name] is one}


def _distinct(bases: Sequence[str], rests: Sequence[str], taken: set[str]) -> list[str]:
    """Give names that differ: the bases, with what tells them apart where several are equal."""
    asked = Counter(bases)
    used, turns = {*taken}, Counter[str]()
    names: list[str] = []
    for base, rest in zip(bases, rests, strict=True):
        wanted = f"{base}_{rest}" if asked[base] > 1 and rest else base
        wanted = wanted[:56] if re.match(r"[a-z_]", wanted) else f"_{wanted[:55]}"
        name = wanted
        while name in used:
            turns[wanted] += 1
            name = f"{wanted}_{turns[wanted] + 1}"
        used.add(name)
        names.append(name)
    return names


def _rest(one: Settable, base: str) -> str:
    """Give the words of a node's title that are its own."""
    parts = [part.lower() for part in _PART.findall(one.class_type)]
    usual = {*parts, *_words(one.class_type), *_words(base), *_NOISE}
    return "_".join(word for word in _words(one.title) if word not in usual)[:24].strip("_")


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _inputs(names: NodeNames, slots: Mapping[str, Settable]) -> dict[str, Entry]:
    lead = _lead(slots)
    return {
        name: {
            "kind": one.upload_kind or "",
            **({"fan_out": True} if name == lead else {}),
            "bind": names.bind([(one.node, one.name)]),
        }
        for name, one in slots.items()
    }


def _lead(slots: Mapping[str, Settable]) -> str | None:
    """Give the slot of which each file becomes a prompt: a clip before a picture before sound."""
    order = ("video", "image", "audio")
    return min(slots, key=lambda name: order.index(slots[name].upload_kind or ""), default=None)


def _params(names: NodeNames, named: Mapping[str, _Group]) -> dict[str, Entry]:
    captioned = next((name for name, group in named.items() if group.role is PROMPT), None)
    params = {name: _entry(names, group) for name, group in named.items()}
    if captioned is not None:
        kind, *rest = params[captioned].items()
        params[captioned] = dict([kind, ("caption", True), *rest])
    return params


def _entry(names: NodeNames, group: _Group) -> Entry:
    keys = _keys(group)
    told = {"help": keys.pop("help")} if "help" in keys else {}
    if group.role is SIZE:
        keys["bind"] = names.bind_nodes(one.node for one in group.ones)
    else:
        keys["bind"] = names.bind((one.node, one.name) for one in group.ones)
    if keys["type"] == "lora":
        keys["when_none"] = "bypass"
    return keys if group.role in (PROMPT, NEGATIVE) else {**keys, **told}


def _keys(group: _Group) -> Entry:
    if group.role is SEED:
        return seed_keys(group.ones)
    if group.role is SIZE:
        return size_keys(group.ones)
    return frame_keys(group.ones[0]) if group.role is FRAMES else keys_of(group.ones[0])


def _needs(groups: Sequence[_Group]) -> dict[str, str]:
    """Ask for what a server must have, where a graph has models."""
    said = "`requires: {vram_gb: 16}` keeps it off servers with less: say here what it needs."
    return {"requires": said} if any(group.role.is_model for group in groups) else {}


def _remarks(
    graph: Graph, classes: Classes, where: str, slots: Mapping[str, Settable]
) -> dict[str, str]:
    top = [
        f"Written from {where} by `vqd workflows new`.",
        "What its parameters are called and what may vary was guessed: read it once.",
    ]
    unknown = dict.fromkeys(
        class_type
        for node in graph.values()
        if classes(class_type := str(node["class_type"])) is None
    )
    if unknown:
        top.append("No server told these classes, so bounds and choices are missing:")
        top.append(f"{', '.join(unknown)}.")
    lead = _lead(slots)
    said = f"One file for all prompts; with `fan_out: true` its files are paired with {lead}'s."
    others: Iterable[str] = (name for name in slots if name != lead)
    return {"": printable(" ".join(top)), **{f"inputs.{name}": said for name in others}}
