"""A workflow as a page on the terminal, and as JSON."""

from collections.abc import Iterator
from typing import Any

import click

from vqd.cli.table import Cell, heading, print_table, styled
from vqd.domain.names import printable
from vqd.domain.param import Param
from vqd.domain.workflow import InputSlot, Workflow
from vqd.service.workflows import WorkflowView

_SHOWN_CHOICES = 8
_SHOWN_DEFAULT = 28


def print_page(view: WorkflowView, workflow: Workflow) -> None:
    """Print what a workflow takes and makes, where it runs, and a whole job for it."""
    about = ", ".join(part for part in (workflow.group, f"version {workflow.version}") if part)
    title = f"{workflow.name}  {workflow.label}".strip()
    click.echo(f"{heading(printable(title))}  {styled(Cell(about, is_faint=True))}")
    if workflow.help:
        click.echo(printable(workflow.help))
    click.echo(styled(Cell(workflow.where, is_faint=True)))
    _section("Inputs", [_slot_row(slot) for slot in workflow.inputs.values()])
    _section("Parameters", [_param_row(param) for param in workflow.params.values()])
    _section(
        "Outputs",
        [[output.slot, output.kind, f"node {output.node}"] for output in workflow.outputs],
    )
    _section("Servers", [*_server_rows(view, workflow)])
    click.echo(f"\n{heading('A whole job')}")
    click.echo("".join(f"  {line}\n" for line in job_lines(workflow)), nl=False)


def job_lines(workflow: Workflow) -> Iterator[str]:
    """Give the lines of the shortest job file for a workflow: what has no default must be said."""
    yield "vqd: 1"
    yield f"workflow: {workflow.name}"
    slots = [slot for slot in workflow.inputs.values() if slot.required]
    if len(slots) > 1:  # the only one takes every file of its kind
        yield "inputs:"
        yield from (f"  {slot.name}: {slot.name}{slot.extensions[0]}" for slot in slots)
    params = [param for param in workflow.params.values() if _is_needed(param)]
    if params:
        yield "params:"
        yield from (f"  {param.name}: {_example(param)}" for param in params)


def as_json(workflow: Workflow) -> dict[str, Any]:
    """Give what a workflow takes and makes, for programs; docs/workflows.md tells each key."""
    return {
        "help": workflow.help,
        "definition": workflow.where,
        "graph": workflow.graph.sha256,
        "requires": {"vram_gb": workflow.vram_gb, "tags": [*workflow.tags]},
        "slots": {slot.name: _slot_json(slot) for slot in workflow.inputs.values()},
        "params": {param.name: _param_json(param) for param in workflow.params.values()},
        "outputs": {
            output.slot: {"kind": output.kind, "node": output.node} for output in workflow.outputs
        },
        "job": "\n".join(job_lines(workflow)) + "\n",
    }


def _section(title: str, rows: list[list[Cell | str]]) -> None:
    if rows:
        click.echo(f"\n{heading(title)}")
        print_table(rows, indent="  ", wrapped=True)


def _slot_row(slot: InputSlot) -> list[Cell | str]:
    how = "one prompt per file" if slot.fan_out else "one file"
    left_out = "" if slot.required else "may be left out"
    told = [how, left_out, slot.hints.help or slot.hints.label]
    about = "; ".join(part for part in told if part)
    return [slot.name, slot.kind, " ".join(slot.extensions), about]


def _param_row(param: Param) -> list[Cell | str]:
    default = Cell("needed", "yellow") if _is_needed(param) else Cell(_default(param))
    return [param.name, param.type, default, "; ".join(_facts(param))]


def _facts(param: Param) -> Iterator[str]:
    """Give what may be given to a parameter, then what people read of it."""
    yield from _bounds(param)
    if param.choices:
        shown = [*param.choices][:_SHOWN_CHOICES]
        yield ", ".join(shown) + (" …" if len(param.choices) > len(shown) else "")
    if param.choices_from:
        yield "what the server offers"
    if param.presets:
        yield ", ".join(f"{name} {size}" for name, size in param.presets.items())
    if param.caption:
        yield "the text beside an input"
    if param.hints.help or param.hints.label:
        yield param.hints.help or param.hints.label


def _bounds(param: Param) -> Iterator[str]:
    low, high = param.min, param.max
    if low is not None and high is not None:
        yield f"{low:g} to {high:g}"
    elif low is not None or high is not None:
        yield f"at least {low:g}" if low is not None else f"at most {high:g}"
    if param.multiple_of:
        above = f"{param.plus} above " if param.plus else ""
        yield f"{above}a multiple of {param.multiple_of}"


def _is_needed(param: Param) -> bool:
    return param.default is None and param.type != "seed"


def _default(param: Param) -> str:
    if param.default is None:
        return "derived"
    text = str(param.default).lower() if isinstance(param.default, bool) else str(param.default)
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_DEFAULT else f"{line[: _SHOWN_DEFAULT - 1]}…"


def _example(param: Param) -> str:
    if param.choices:
        return next(iter(param.choices))
    numbers = {"int": param.min or 1, "float": param.min or 1.0}
    plain = {"bool": "true", "size": "1024x1024", "text": "…", "choice": "…"}
    return f"{numbers[param.type]:g}" if param.type in numbers else plain.get(param.type, "NAME")


def _server_rows(view: WorkflowView, workflow: Workflow) -> Iterator[list[Cell | str]]:
    needs = [f"{workflow.vram_gb:g} GB"] if workflow.vram_gb else []
    if needs or workflow.tags:
        yield ["needs", ", ".join([*needs, *workflow.tags])]
    if not view.servers:
        yield ["unknown", "no server has been seen yet"]
    for server, found in view.servers.items():
        faults = len(found.faults)
        said = Cell(f"{faults} to mend: vqd workflows check {view.name}", "red")
        yield [server, said if faults else Cell("ok", "green")]


def _slot_json(slot: InputSlot) -> dict[str, Any]:
    return {
        "kind": slot.kind,
        "extensions": [*slot.extensions],
        "required": slot.required,
        "fan_out": slot.fan_out,
        "label": slot.hints.label,
        "help": slot.hints.help,
    }


def _param_json(param: Param) -> dict[str, Any]:
    return {
        "type": param.type,
        "required": _is_needed(param),
        "default": param.default,
        "min": param.min,
        "max": param.max,
        "step": param.step,
        "multiple_of": param.multiple_of,
        "plus": param.plus,
        "choices": [*param.choices],
        "choices_from": param.choices_from,
        "presets": dict(param.presets),
        "folder": param.folder,
        "caption": param.caption,
        "multiline": param.hints.multiline,
        "label": param.hints.label,
        "help": param.hints.help,
    }
