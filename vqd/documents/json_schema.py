"""JSON Schemas of models, for editors: what may be written, told of each key.

Draft-07, which every version of the YAML language server reads (its README up to 1.19: "Supports
JSON Schema 7 and below"). An editor types plain scalars before it looks at the schema (YAML 1.2's
core schema: `24` is a number, `010` too, `on` is text), while vqd reads all of them as text: so
what is typed here takes the text of a value too.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import CoreSchema, core_schema

from vqd.documents.sizes import SIZE

Schema = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


def scalar(**keywords: Any) -> Schema:
    """Give the schema of one value of whatever type an editor sees in it; `keywords` are added."""
    return {"type": ["string", "number", "boolean", "null"], **keywords}


def whole_number(**keywords: Any) -> Schema:
    """Give the schema of a whole number, or of its text; `keywords` bound the number."""
    pattern = r"^\s*[+-]?\d[\d_]*(\.0*)?\s*$"
    return {"type": ["integer", "string"], **_as_text(pattern, "a whole number"), **keywords}


def number(**keywords: Any) -> Schema:
    """Give the schema of a number, or of its text; `keywords` bound the number."""
    pattern = r"^\s*[+-]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$"
    return {"type": ["number", "string"], **_as_text(pattern, "a number"), **keywords}


def truth() -> Schema:
    """Give the schema of true or false, or of a word for it."""
    words = "|".join(map(_in_any_case, (*_TRUE, *_FALSE)))
    told = _as_text(rf"^\s*({words})\s*$", "true or false")
    return {"type": ["boolean", "string", "integer"], "minimum": 0, "maximum": 1, **told}


def size_in_bytes() -> Schema:
    """Give the schema of a size as `vqd.documents.sizes` reads it."""
    told = _as_text(rf"^\s*{SIZE}\s*$", "a size in bytes: 20k, 4M")
    return {"type": ["string", "integer"], **told, "examples": ["20k", "4M"], "minimum": 0}


def text_like(pattern: str, said: str, **keywords: Any) -> Schema:
    """Give the schema of a text of one form, of which an editor says `said` where it is not so."""
    return {"type": "string", **_as_text(pattern, said), **keywords}


def one_of(*schemas: Schema, **keywords: Any) -> Schema:
    """Give the schema of what one of `schemas` takes."""
    return {"anyOf": [*schemas], **keywords}


def take_also(schema: Schema, *others: Schema) -> None:
    """Let what takes a model's mapping take `others`, too; for `json_schema_extra` of a model."""
    mapping = {**schema}
    mapping.pop("title", None)
    mapping.pop("description", None)
    schema.clear()
    schema.update(one_of(*others, mapping))


def json_schema(model: type[BaseModel], *, title: str) -> Schema:
    """Give the JSON Schema of a document that `model` reads."""
    made = model.model_json_schema(schema_generator=_Generator)
    definitions = {"$defs": made.pop("$defs")} if "$defs" in made else {}
    return {"$schema": DIALECT, "title": title, **made, **definitions}


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, for models that are given text and leave out what is absent."""

    schema_dialect = DIALECT

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> Schema:
        """Leave out the models' own titles and docstrings: each key has its description."""
        made = super().generate(schema, mode)
        for definition in (made, *made.get("$defs", {}).values()):
            definition.pop("title", None)
            definition.pop("description", None)
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def int_schema(self, schema: core_schema.IntSchema) -> Schema:
        return whole_number(**_bounds(super().int_schema(schema)))

    def float_schema(self, schema: core_schema.FloatSchema) -> Schema:
        return number(**_bounds(super().float_schema(schema)))

    def bool_schema(self, schema: core_schema.BoolSchema) -> Schema:  # noqa: ARG002
        return truth()

    def str_schema(self, schema: core_schema.StringSchema) -> Schema:
        return {**super().str_schema(schema), **scalar()}

    def dict_schema(self, schema: core_schema.DictSchema) -> Schema:
        """Refuse the names that a mapping of names does not take."""
        made = super().dict_schema(schema)
        return {**made, "additionalProperties": False} if "patternProperties" in made else made

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        return _or_nothing(self.generate_inner(schema["schema"]))

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        """Let a key with nothing behind it count as not written, and tell its default."""
        made = _or_nothing(super().default_schema(schema))
        if not _is_worth_telling(made.get("default")):
            made.pop("default", None)
        return made


def _as_text(pattern: str, said: str) -> Schema:
    # errorMessage is the language servers' own word; validators pass over it.
    return {"pattern": pattern, "errorMessage": f"This is not {said}."}


def _bounds(schema: Mapping[str, Any]) -> Schema:
    return {key: value for key, value in schema.items() if key != "type"}


def _in_any_case(word: str) -> str:
    return "".join(f"[{char.upper()}{char}]" if char.isalpha() else char for char in word)


def _or_nothing(schema: Schema) -> Schema:
    """Give the schema of what `schema` takes, or of nothing at all."""
    kinds, nothing = schema.get("type"), {"type": "null"}
    if kinds is not None and not {"enum", "const"} & schema.keys():
        kinds = kinds if isinstance(kinds, list) else [kinds]
        return {**schema, "type": [*kinds, *({"null"} - {*kinds})]}
    around = {key: schema[key] for key in ("default", "description") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in around}
    choices = inner["anyOf"] if inner.keys() == {"anyOf"} else [inner]
    return schema if nothing in choices or {} in choices else one_of(*choices, nothing, **around)


def _is_worth_telling(default: Any) -> bool:
    return default not in (None, "", [], {}) and not isinstance(default, dict)
