"""A definition of video_queue, read leniently: what it says, and every key that means nothing here.

Its form, by its own reader: `template` or `template_inline`; `input_type` image, video or none;
`file_bindings` of load_image, load_video, input_file, output_prefix and seed to nodes; `parameters`
of type text, bool, int or float, bound by `nodes` and `field`, or by `fields`, of which the first
that a node has is set; `switch_states`, which set inputs whatever a job gives.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml

from vqd.documents.tree import Document, Mapping, Node, Sequence, Text
from vqd.domain.errors import Problem
from vqd.domain.frozen import frozen
from vqd.domain.nearest import nearest

_TYPES: Any = yaml.SafeLoader("")
_LONGEST_VALUE = 100
"""Characters of a number: some thousand digits are refused by Python, and of a number of base 60
(`1:1:1…`) a megabyte takes hours."""
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")
_TYPE_NAMES = {
    **dict.fromkeys(("text", "string", "str", "textarea"), "text"),
    **dict.fromkeys(("bool", "boolean", "checkbox"), "bool"),
    **dict.fromkeys(("int", "integer"), "int"),
    **dict.fromkeys(("float", "number"), "float"),
    **dict.fromkeys(("choice", "select", "enum", "options"), "choice"),
    **dict.fromkeys(("size", "resolution"), "size"),
    **{kind: kind for kind in ("seed", "lora")},
}
_SPELLINGS = {
    "display_name": "label",
    "title": "label",
    "description": "help",
    "tooltip": "help",
    "category": "group",
    "options": "choices",
    "minimum": "min",
    "maximum": "max",
    "node": "nodes",
    "params": "parameters",
}
_TOP = (
    *("name", "label", "help", "group", "template", "template_inline", "input_type"),
    *("input_extensions", "file_bindings", "parameters", "switch_states", "move_processed"),
)
INPUT_BINDINGS = ("load_image", "load_video", "input_file")
BINDINGS = (*INPUT_BINDINGS, "output_prefix", "seed")
BOUNDS = ("min", "max", "step")
_OF_BINDING = ("nodes", "field", "fields")
_OF_PARAM = (
    *("name", "label", "help", "type", "default", *BOUNDS, "choices"),
    *("multiline", "placeholder", *_OF_BINDING),
)


@frozen
class OldBinding:
    """Nodes, and the inputs of which the first that a node has is set."""

    nodes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@frozen
class OldParam:
    """A parameter. `keys` are its plain keys under their names here, typed as YAML types them."""

    name: str
    type: str
    binding: OldBinding
    keys: dict[str, Any]
    place: Node = field(compare=False)

    @property
    def default(self) -> Any:
        """Give its default; that of a text is never None."""
        return self.keys.get("default", "" if self.type == "text" else None)


@frozen
class OldDefinition:
    """A definition of video_queue. `template` is a path as it was written, or the graph itself."""

    where: str
    name: str
    label: str
    group: str
    help: str
    template: str | dict[str, Any]
    input_type: str
    extensions: tuple[str, ...]
    bindings: dict[str, OldBinding]
    params: dict[str, OldParam]
    switches: tuple[tuple[str, str, Any], ...]
    moves_inputs: bool
    document: Document = field(compare=False, repr=False)


@dataclass(slots=True)
class Notes:
    """What a person should know of a definition that is converted, and what stands in the way."""

    document: Document
    told: list[Problem] = field(default_factory=list)
    faults: list[Problem] = field(default_factory=list)

    def tell(self, said: str, *path: str, hint: str = "", code: str = "converted") -> None:
        """Keep a note about a key."""
        self.told.append(self._problem(code, said, hint, path))

    def refuse(self, code: str, said: str, *path: str, hint: str = "") -> None:
        """Keep a fault of a key, which prevents the conversion."""
        self.faults.append(self._problem(code, said, hint, path))

    def _problem(self, code: str, said: str, hint: str, path: Iterable[str]) -> Problem:
        where = [*path]
        place = self.document.key(where) if where else self.document.root
        key = ".".join(where) or None
        return Problem(
            code, said, self.document.where, place.line, place.column, key, hint=hint or None
        )


def read_old(document: Document, notes: Notes) -> OldDefinition:
    """Give what a definition of video_queue says; what it cannot mean goes to `notes`."""
    top = _known(document.root, _TOP, notes)
    template = _template(top, notes)
    texts = {key: str(top[key]) for key in ("name", "label", "group", "help") if _is_text(top, key)}
    return OldDefinition(
        where=document.where,
        name=texts.get("name", ""),
        label=texts.get("label", ""),
        group=texts.get("group", ""),
        help=" ".join(texts.get("help", "").split()),
        template=template,
        input_type=str(plain(top.get("input_type")) or "none"),
        extensions=tuple(_extensions(top.get("input_extensions"), notes)),
        bindings=_bindings(top.get("file_bindings"), notes),
        params=_params(top.get("parameters"), notes),
        switches=tuple(_switches(top.get("switch_states"), notes)),
        moves_inputs=plain(top.get("move_processed")) is True,
        document=document,
    )


def plain(node: Node | None) -> Any:
    """Give a node as YAML 1.1 types it, as video_queue did: `yes` is true, `0x10` is 16. What has
    the form of a number and is none (`0x_`), or is longer than any, stays text."""
    if isinstance(node, Mapping):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, Sequence):
        return [plain(one) for one in node]
    if node is None:
        return None
    if not node.plain:
        return str(node)
    tag = _TYPES.resolve(yaml.ScalarNode, str(node), (True, False))
    if len(node) <= _LONGEST_VALUE and tag.rpartition(":")[2] in ("int", "float", "bool", "null"):
        with suppress(ValueError):
            return _TYPES.construct_object(yaml.ScalarNode(tag, str(node)))
    return str(node)


def _known(node: Node | None, keys: tuple[str, ...], notes: Notes, *path: str) -> dict[str, Node]:
    """Give a mapping's known keys under their names here, and note the others."""
    given = {str(key): value for key, value in _items(node)}
    known = {key: value for key, value in given.items() if key in keys}
    for key in [key for key in given if key not in known]:
        name = _SPELLINGS.get(key, key)
        if name in known:
            said = f"is left out: {name} says it already."
            notes.tell(said, *path, key)
        elif name in keys:
            known[name] = given[key]
        else:
            said = "was not understood, and is left out."
            hint = nearest(key, [*keys, *_SPELLINGS])
            notes.tell(said, *path, key, hint=hint, code="unknown_key")
    return known


def _template(top: dict[str, Node], notes: Notes) -> str | dict[str, Any]:
    inline = top.get("template_inline")
    if isinstance(inline, Mapping):
        found: dict[str, Any] = plain(inline)
        return found
    template = top.get("template")
    if isinstance(template, Text) and template.strip():
        return str(template)
    said = "there is no graph: neither template nor template_inline."
    notes.refuse("missing_graph", said, hint="Add `template: GRAPH.json`.")
    return {}


def _extensions(node: Node | None, notes: Notes) -> Iterable[str]:
    for text in _strings(node):
        if _EXTENSION.fullmatch(text):
            yield text.lower()
        else:
            notes.tell(f"{text} is left out: it is no extension like .png.", "input_extensions")


def _bindings(node: Node | None, notes: Notes) -> dict[str, OldBinding]:
    return {
        name: _binding(_known(given, _OF_BINDING, notes, "file_bindings", name))
        for name, given in _known(node, BINDINGS, notes, "file_bindings").items()
    }


def _params(node: Node | None, notes: Notes) -> dict[str, OldParam]:
    """Give the parameters, which are a mapping, or a list in which each has its name."""
    given = [*_items(node)]
    for one in node if isinstance(node, Sequence) else ():
        name = one.get(Text("name")) if isinstance(one, Mapping) else None
        if isinstance(name, Text):
            given.append((name, one))
    return {str(name): _param(str(name), one, notes) for name, one in given}


def _param(name: str, node: Node, notes: Notes) -> OldParam:
    keys = _known(node, _OF_PARAM, notes, "parameters", name)
    asked = str(keys.get("type", "text"))
    kind = _TYPE_NAMES.get(asked.lower())
    if kind is None:
        hint = nearest(asked, _TYPE_NAMES)
        notes.refuse("unknown_choice", f"{asked} is no type.", "parameters", name, hint=hint)
    plain_keys = {
        key: plain(value)
        for key, value in keys.items()
        if key not in ("type", "name", *_OF_BINDING)
    }
    known = {key: value for key, value in plain_keys.items() if value is not None}
    for key in [key for key in BOUNDS if key in known and not _is_number(known[key])]:
        del known[key]
        notes.tell(f"{key}: left out, which is no number.", "parameters", name)
    if not isinstance(known.get("choices", []), list | dict):
        del known["choices"]
        said = "choices: a list is wanted, or a mapping."
        notes.refuse("wrong_type", said, "parameters", name)
    return OldParam(name, kind or "text", _binding(keys), known, node)


def _binding(keys: dict[str, Node]) -> OldBinding:
    fields = _strings(keys.get("field")) or _strings(keys.get("fields"))
    return OldBinding(tuple(_strings(keys.get("nodes"))), tuple(fields))


def _switches(node: Node | None, notes: Notes) -> Iterable[tuple[str, str, Any]]:
    for name, given in _items(node):
        keys = _known(given, ("field", "value"), notes, "switch_states", str(name))
        if "field" in keys and "value" in keys:
            yield str(name), str(keys["field"]), plain(keys["value"])
        else:
            said = "needs `field` and `value`."
            notes.refuse("missing_key", said, "switch_states", str(name))


def _items(node: Node | None) -> Iterable[tuple[Text, Node]]:
    return node.items() if isinstance(node, Mapping) else ()


def _strings(node: Node | None) -> list[str]:
    if isinstance(node, Sequence):
        return [str(one) for one in node if isinstance(one, Text)]
    return [str(node)] if isinstance(node, Text) and node else []


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(top: dict[str, Node], key: str) -> bool:
    return isinstance(top.get(key), Text)
