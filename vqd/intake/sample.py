"""A ready job file for a workflow: legal as it is, with every parameter explained where it stands.

An editor finds its schema by the first line. The path in it holds both where the sample lies and
in a job folder beside that folder, where people copy it to.
"""

import re
import textwrap
from collections.abc import Iterator

import yaml

from vqd.domain.graph import Value
from vqd.domain.param import NONE, Param
from vqd.domain.workflow import InputSlot, Workflow
from vqd.intake.explained import about, rules

OPTIONAL = "# More, if you like: take away the # of the lines that you want."
"""Stands before what is not in force; without the `# ` of what follows it is a job file too."""

_WIDTH = 96
_ONE_LINE = 1_000_000
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,14}")
_USE = (
    "Copy this file up one folder, beside your files; or make a folder there, put your files and "
    "this one into it and name it job.yaml. Change what you like: every line is explained."
)


def sample_job(workflow: Workflow, schema: str) -> str:
    """Give a job file that asks for `workflow`; `schema` is where its JSON Schema lies."""
    label = workflow.label or workflow.name
    lines = [
        f"# yaml-language-server: $schema={schema}",
        *_comment(f"{label}: {workflow.help}" if workflow.help else label),
        "#",
        *_comment(_USE),
        "",
        "vqd: 1",
        f"workflow: {_written(workflow.name)}",
        *_inputs(workflow),
        *_params(workflow),
        "",
        OPTIONAL,
        *(f"# {line}" for line in _options(workflow)),
    ]
    return "\n".join([*lines, ""])


def _inputs(workflow: Workflow) -> Iterator[str]:
    slots = workflow.inputs.values()
    required = [slot for slot in slots if slot.required]
    if slots:
        yield from ("", "inputs:" if required else "# inputs:")
    for slot in slots:
        yield from _told(about(slot.name, slot.hints), *_files_told(slot))
        files = "*" if required == [slot] else f"{slot.name}{slot.extensions[0]}"
        yield f"  {'' if slot.required else '# '}{slot.name}: {_written(files)}"


def _files_told(slot: InputSlot) -> Iterator[str]:
    optional = "" if slot.required else "May be left out. "
    each = "; each makes outputs of its own" if slot.fan_out else ""
    yield f"{optional}{slot.kind.capitalize()} files ({' '.join(slot.extensions)}){each}."
    ending = slot.extensions[0]
    ways = f'A name (a{ending}), a pattern ("takes/*{ending}"), a list ([a{ending}, b{ending}])'
    yield f"{ways} or a folder."


def _params(workflow: Workflow) -> Iterator[str]:
    params = workflow.params.values()
    if params:
        yield from ("", "params:" if any(map(_is_in_force, params)) else "# params:")
    for at, param in enumerate(params):
        if at:
            yield ""
        yield from _told(about(param.name, param.hints), rules(param))
        sign = "" if _is_in_force(param) else "# "
        yield from (f"  {sign}{line}" for line in _key(param.name, _value(param)))


def _is_in_force(param: Param) -> bool:
    return param.type != "seed" or param.default is not None


def _value(param: Param) -> Value:
    """Give a value that a parameter takes: its default, if it has one."""
    if param.default is not None:
        return param.default
    match param.type:
        case "bool":
            return False
        case "int" | "float" | "seed":
            return _number(param)
        case "choice" if param.choices:
            return next(iter(param.choices))
        case "size":
            return next(iter(param.presets), "1024x1024")
        case "text":
            return param.hints.placeholder or f"your {param.hints.label or param.name}".lower()
        case _:
            return NONE if param.when_none else f"name-of-the-{param.type}"


def _number(param: Param) -> int | float:
    """Give the least number that a parameter takes, or one near 0 where it has no least."""
    bounds = (param.plus, param.plus if param.max is None else param.max)
    low = min(bounds) if param.min is None else param.min
    if param.type == "float":
        return low
    above = (int(low) - param.plus) % (param.multiple_of or 1)
    return int(low) - above + (param.multiple_of or 0 if above and param.min is not None else 0)


def _options(workflow: Workflow) -> Iterator[str]:
    """Give lines that a job may have too."""
    params = workflow.params.values()
    several = {param.name: [*(param.presets or param.choices)][:2] for param in params}
    varied = next((f"{name}: {_written(two)}" for name, two in several.items() if two[1:]), "")
    seeded = any(param.type == "seed" for param in params)
    if varied or seeded:
        yield "fan_out:"
    if varied:
        yield f"  matrix: {{{varied}}}"
    if seeded:
        yield "  seeds: {count: 2}"
    yield "comment: for whom, and what for"
    yield "schedule: {priority: 70}"
    yield "retry: {limit: 2, timeout: 2h}"
    stem = "{input.stem}_" if any(slot.required for slot in workflow.inputs.values()) else ""
    yield f'output: {{name: "{stem}{{index}}"}}'


def _told(*paragraphs: str) -> Iterator[str]:
    for paragraph in filter(None, paragraphs):
        yield from _comment(paragraph, indent=2)


def _comment(text: str, indent: int = 0) -> Iterator[str]:
    lines = textwrap.wrap(text, _WIDTH - indent, break_on_hyphens=False)
    return (f"{' ' * indent}# {line}" for line in lines)


def _key(name: str, value: Value) -> list[str]:
    text = yaml.safe_dump({name: _plain(value)}, allow_unicode=True, width=_ONE_LINE)
    return text.rstrip("\n").split("\n")


def _written(value: Value | list[str]) -> str:
    """Write a value as it stands within a line."""
    plain = [*map(_plain, value)] if isinstance(value, list) else _plain(value)
    text = yaml.safe_dump([plain], allow_unicode=True, width=_ONE_LINE, default_flow_style=True)
    return text.strip()[1:-1]


def _plain(value: Value) -> Value:
    """Give a value as YAML's writer takes it; a text that is a whole number needs no quotes."""
    if not isinstance(value, str):
        return value
    return int(value) if _WHOLE_NUMBER.fullmatch(value) else str(value)
