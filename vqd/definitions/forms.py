"""How what stands in a definition looks to an editor: JSON Schemas for what validators read."""

from collections.abc import Mapping, Sequence

from vqd.documents.json_schema import Schema, one_of, scalar, take_also, text_like

SCALAR = scalar()
LIST: Schema = {"type": "array", "items": SCALAR}
ONE_OR_MORE = one_of(SCALAR, LIST)
MAPPING: Schema = {"type": "object", "additionalProperties": SCALAR}
CHOICES = one_of({**LIST, "minItems": 1}, {**MAPPING, "minProperties": 1})
VERSION: Schema = {"enum": [1, "1"]}
NAME = text_like(
    r"^[A-Za-z_][0-9A-Za-z_\-\u0080-\uffff]{0,63}$", "a name: letters, digits, - and _"
)
EXTENSION = text_like(r"^\.[A-Za-z0-9]{1,10}$", "an extension: .png")
COUNT: Schema = {
    **text_like(r"^\s*\d{1,6}(\s*-\s*\d{1,6})?\s*$", "a count: 4, or 2-16", examples=[1, "2-16"]),
    "type": ["string", "integer"],
    "minimum": 1,
}


def also_bypass(schema: Schema) -> None:
    """Let the nodes that are taken out be those that are bound, too: `bypass`."""
    take_also(schema, {"const": "bypass"})


def also_free_memory(schema: Schema) -> None:
    """Let a step be `free_memory`, too; else it is a route, or what it sets with its mark."""
    schema["oneOf"] = [{"required": ["route"]}, {"required": ["set"]}]
    schema["dependencies"] = {"mark": ["set"]}
    take_also(schema, {"const": "free_memory"})


def by_type(schema: Schema, only_for: Mapping[str, Sequence[str]]) -> None:
    """Let a parameter have the keys in `only_for` where it is of one of their types, and what its
    type needs."""
    keys: dict[tuple[str, ...], list[str]] = {}
    for key, types in only_for.items():
        keys.setdefault(tuple(types), []).append(key)
    schema["allOf"] = [
        *(_refusing(names, types) for types, names in keys.items()),
        _where("choice", {"anyOf": [{"required": [key]} for key in _CHOICES_KEYS]}),
        _where("model", {"required": ["folder"]}),
    ]


def by_kind(schema: Schema, only_for: Mapping[str, Sequence[str]]) -> None:
    """Let the `accept` of an output have the keys in `only_for` where it is of one of their
    kinds."""
    schema["allOf"] = [
        {
            "if": {"required": ["kind"], "properties": {"kind": {"not": {"enum": [*kinds]}}}},
            "then": {"properties": {"accept": {"properties": {key: False}}}},
        }
        for key, kinds in only_for.items()
    ]


def _refusing(keys: Sequence[str], types: Sequence[str]) -> Schema:
    of_other_type = {"required": ["type"], "properties": {"type": {"not": {"enum": [*types]}}}}
    return {"if": of_other_type, "then": {"properties": dict.fromkeys(keys, False)}}


def _where(kind: str, then: Schema) -> Schema:
    return {"if": {"required": ["type"], "properties": {"type": {"const": kind}}}, "then": then}


_CHOICES_KEYS = ("choices", "choices_from", "sets")
