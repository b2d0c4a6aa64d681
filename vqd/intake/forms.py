"""How what stands in a job file looks to an editor: JSON Schemas for what validators read."""

from vqd.documents.json_schema import Schema, one_of, scalar, take_also, text_like
from vqd.documents.values import VALUE
from vqd.domain.record import GRAPH_ENDINGS


def _in_any_case(ending: str) -> str:
    return "".join(f"[{char}{char.upper()}]" if char.isalpha() else char for char in ending)


SCALAR = scalar()
LIST = {"type": "array", "items": SCALAR, "minItems": 1}
RANGE = text_like(r"^\s*-?\d{1,15}-(-?\d{1,15})(:\d{1,15})?\s*$", "a range: 1-10 or 1-10:2")
PATH: Schema = {"type": ["string", "number", "boolean"], "minLength": 1}
VERSION: Schema = {"enum": [1, "1"]}
VALUES = one_of({"type": "array", "items": VALUE, "minItems": 1}, RANGE)
NAME: Schema = {
    # What is not ASCII passes for a letter: in an editor's expressions \w is ASCII alone.
    **text_like(
        r"^[0-9A-Za-z_\u0080-\uffff][0-9A-Za-z_ .\-\u0080-\uffff]{0,99}$",
        "a name: 1 to 100 letters, digits, spaces, dots, - and _",
    ),
    "type": ["string", "number", "boolean"],
}
GRAPH_FILE: Schema = text_like(
    rf"^[^./\\][^/\\]{{0,250}}\.({'|'.join(map(_in_any_case, GRAPH_ENDINGS))})$",
    "a file that holds or carries a graph",
)
JOB_NAME: Schema = {
    **text_like(
        r'^[^<>:"/\\|?*. \u0000-\u001f][^<>:"/\\|?*\u0000-\u001f]{0,199}$',
        'a name: up to 200 characters without < > : " / \\ | ? *',
    ),
    "type": ["string", "number", "boolean"],
}


def rows(row: Schema) -> Schema:
    """Give the schema of a table: the name of its file, or a list of rows."""
    rows = {"type": "array", "items": {**row, "minProperties": 1}, "minItems": 1}
    return one_of(PATH, rows)


def also_bare_files(schema: Schema) -> None:
    """Let a slot's files be a path, a pattern or a list of paths, too."""
    schema["oneOf"] = [{"required": [key]} for key in ("file", "glob", "folder", "list")]
    take_also(schema, PATH, LIST)


def also_bare_seeds(schema: Schema) -> None:
    """Let seeds be a list of seeds or a range, or a mapping with their count."""
    each = schema["properties"].pop("list")["items"]
    schema["required"] = ["count"]
    take_also(schema, {"type": "array", "items": each, "minItems": 1}, RANGE)


ROWS = rows({"type": "object", "additionalProperties": VALUE})
