"""How what stands in a job file looks to an editor: JSON Schemas for what validators read."""

from vqd.documents.json_schema import Schema, one_of, scalar, take_also, text_like

SCALAR = scalar()
LIST = {"type": "array", "items": SCALAR, "minItems": 1}
RANGE = text_like(r"^\s*-?\d{1,15}-(-?\d{1,15})(:\d{1,15})?\s*$", "a range: 1-10 or 1-10:2")
VALUES = one_of(LIST, RANGE)
VERSION: Schema = {"enum": [1, "1"]}
DURATION = text_like(
    r"^\s*(?=.*[1-9])\d{1,9}(\.\d{1,9})?\s*[smhd]\s*$",
    "a duration: 30s, 45m, 12h or 30d",
    examples=["30s", "45m", "12h", "30d"],
)
NAME: Schema = {
    # What is not ASCII passes for a letter: in an editor's expressions \w is ASCII alone.
    **text_like(r"^[0-9A-Za-z_\u0080-\uffff][0-9A-Za-z_ .\-\u0080-\uffff]{0,99}$", "a name"),
    "type": ["string", "number", "boolean"],
}


def also_bare_files(schema: Schema) -> None:
    """Let a slot's files be a path, a pattern or a list of paths, too."""
    schema["oneOf"] = [{"required": [key]} for key in ("file", "glob", "folder", "list")]
    take_also(schema, _PATH, LIST)


def also_bare_seeds(schema: Schema) -> None:
    """Let seeds be a list of seeds or a range, or a mapping with their count."""
    each = schema["properties"].pop("list")["items"]
    schema["required"] = ["count"]
    take_also(schema, {"type": "array", "items": each, "minItems": 1}, RANGE)


_PATH: Schema = {"type": ["string", "number", "boolean"], "minLength": 1}
