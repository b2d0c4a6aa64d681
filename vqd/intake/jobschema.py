"""The JSON Schema of job files: of all of them, or of those that ask for one workflow."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from vqd.documents.json_schema import (
    Schema,
    json_schema,
    number,
    one_of,
    scalar,
    text_like,
    truth,
    whole_number,
)
from vqd.documents.values import RELATIVE_SIZES, SIZE_PATTERN
from vqd.domain.param import MOST_SEED, NONE, Hints, Param
from vqd.domain.workflow import InputSlot, Workflow
from vqd.intake.explained import rules
from vqd.intake.forms import PATH, RANGE, rows
from vqd.intake.schema import FanOutKeys, JobKeys

_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_NUMBER = re.compile(r"[-+]?(\.[0-9]{1,15}|[0-9]{1,15}(\.[0-9]{0,15})?)([eE][-+]?[0-9]{1,2})?")


def job_schema() -> Schema:
    """Give the schema of a job file, whatever its workflow; it is the caller's own."""
    made: Schema = json.loads(_job_schema())
    return made


@cache
def _job_schema() -> str:
    """Give it as text: it is read in a fiftieth of the time that making it takes, and a daemon
    starts with one for each workflow."""
    return json.dumps(json_schema(JobKeys, title="vqd job file"))


def job_schema_for(workflow: Workflow, options: Mapping[str, Sequence[str]]) -> Schema:
    """Give the schema of a job file that asks for `workflow`: its slots and parameters alone.

    `options` are what the servers offer for a parameter. They are proposed and not insisted on: a
    job may ask for a model that no server has yet.
    """
    made = job_schema()
    keys = made["properties"]
    made["title"] = f"vqd job file for {workflow.name}"
    keys["workflow"] = {"enum": [workflow.name], "description": workflow.help or workflow.label}
    slots, params = workflow.inputs.values(), workflow.params.values()
    _narrow(keys["inputs"], {slot.name: _slot(slot, keys["inputs"]) for slot in slots})
    values = {
        **{slot.name: {**PATH, **_hints(slot.name, slot.hints)} for slot in slots},
        **{param.name: param_schema(param, options.get(param.name, ())) for param in params},
    }
    _narrow(keys["params"], values)
    _narrow_fan_out(made["$defs"][FanOutKeys.__name__]["properties"], [*values])
    return made


def param_schema(param: Param, options: Sequence[str] = ()) -> Schema:
    """Give the schema of a parameter's value; `options` are proposed, where servers offer them."""
    default = {} if param.default is None else {"default": param.default}
    told = {"title": param.hints.label or param.name, "description": _described(param)}
    return {**_value(param, options), **told, **default}


def _described(param: Param) -> str:
    return f"{param.hints.help} {rules(param)}" if param.hints.help else rules(param)


def _hints(name: str, hints: Hints) -> Schema:
    title = {"title": hints.label or name}
    return {**title, "description": hints.help} if hints.help else title


def _value(param: Param, options: Sequence[str]) -> Schema:
    match param.type:
        case "bool":
            return truth()
        case "int" | "seed":
            return whole_number(**_bounds(param))
        case "float":
            return number(**_bounds(param))
        case "size":
            return one_of(*_sizes(param.presets), *RELATIVE_SIZES)
        case "choice" if param.choices:
            return {"enum": [*_as_typed(param.choices)]}
        case _:
            proposed = [*dict.fromkeys([*([NONE] if param.when_none else []), *options])]
            return one_of({"enum": proposed}, scalar()) if proposed else scalar()


def _sizes(presets: Iterable[str]) -> Iterator[Schema]:
    relative = (r"scale\s+(\d{1,4}(\.\d{0,20})?|\.\d{1,20})", rf"fit\s+{SIZE_PATTERN}")
    sizes = "|".join((SIZE_PATTERN, *map(_escaped, presets), *relative))
    said = ", ".join(("a size: 1024x768", *presets))
    yield text_like(rf"^\s*({sizes})\s*$", said, examples=[*presets])
    no_texts = [preset for preset in _as_typed(presets) if not isinstance(preset, str)]
    if no_texts:
        yield {"enum": no_texts}


def _escaped(text: str) -> str:
    """Escape a text for an expression, as both Python and an editor's `u` flag take it."""
    return re.sub(r"[\\^$.*+?()\[\]{}|/]", r"\\\g<0>", text)


def _bounds(param: Param) -> Schema:
    is_seed = param.type == "seed"
    low = param.min or 0 if is_seed else param.min
    high = MOST_SEED if is_seed and param.max is None else param.max
    bounds = {"minimum": low, "maximum": high}
    if param.multiple_of and not param.plus:
        bounds["multipleOf"] = param.multiple_of
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _as_typed(choices: Iterable[str]) -> list[str | float | None]:
    """Give each choice as an editor sees it where it stands plain, and as text, each once."""
    seen = [one for choice in choices for one in (_plain(choice), choice)]
    return [*{(isinstance(one, bool), one): one for one in seen}.values()]


def _plain(choice: str) -> str | float | None:
    """Give what a plain scalar is by the core schema of YAML 1.2 (10.3.2)."""
    if choice in _WORDS:
        return _WORDS[choice]
    if not _NUMBER.fullmatch(choice):
        return choice
    return int(choice) if choice.lstrip("+-").isdecimal() else float(choice)


def _slot(slot: InputSlot, inputs: Schema) -> Schema:
    takes = f"Takes {', '.join(slot.extensions)}."
    description = f"{slot.hints.help} {takes}" if slot.hints.help else takes
    hints = {**_hints(slot.name, slot.hints), "description": description}
    return {"allOf": [inputs["additionalProperties"]], **hints}


def _narrow(mapping: Schema, properties: Mapping[str, Schema]) -> None:
    mapping["properties"] = properties
    mapping["additionalProperties"] = False


def _narrow_fan_out(keys: dict[str, Any], names: Iterable[str]) -> None:
    one = {name: {"$ref": f"#/properties/params/properties/{name}"} for name in names}
    several = {
        name: one_of({"type": "array", "items": value, "minItems": 1}, RANGE)
        for name, value in one.items()
    }
    for mapping in (keys["matrix"], keys["zip"]["items"]):
        _narrow(mapping, several)
    points = (keys["exclude"]["items"], keys["include"]["items"])
    for mapping in (*points, keys["per_input"]["additionalProperties"]):
        _narrow(mapping, one)
    row = {"type": "object", "properties": one, "additionalProperties": False}
    keys["rows"]["anyOf"] = [*rows(row)["anyOf"], {"type": "null"}]
