"""A workflow as a page on the terminal."""

from collections.abc import Iterator

import click

from vqd.cli.table import Cell, heading, print_table, styled
from vqd.domain.graph import as_text
from vqd.domain.names import printable
from vqd.service.shapes.workflows import ParamShape, SlotShape, WorkflowDetailShape

_SHOWN_CHOICES = 8
_SHOWN_DEFAULT = 28


def print_page(workflow: WorkflowDetailShape) -> None:
    """Print what a workflow takes and makes, where it runs, and a whole job for it."""
    about = ", ".join(part for part in (workflow.group, f"version {workflow.version}") if part)
    title = f"{workflow.name}  {workflow.label or ''}".strip()
    click.echo(f"{heading(printable(title))}  {styled(Cell(about, is_faint=True))}")
    if workflow.help:
        click.echo(printable(workflow.help))
    if workflow.definition:
        click.echo(styled(Cell(workflow.definition, is_faint=True)))
    _section("Inputs", [_slot_row(name, slot) for name, slot in workflow.slots.items()])
    _section("Parameters", [_param_row(name, param) for name, param in workflow.params.items()])
    _section(
        "Outputs",
        [[name, made.kind, f"node {made.node}"] for name, made in workflow.outputs.items()],
    )
    _section("Servers", [*_server_rows(workflow)])
    click.echo(f"\n{heading('A whole job')}")
    click.echo("".join(f"  {printable(line)}\n" for line in job_lines(workflow)), nl=False)


def job_lines(workflow: WorkflowDetailShape) -> Iterator[str]:
    """Give the lines of the shortest job file for a workflow: what has no default must be said."""
    yield "vqd: 1"
    yield f"workflow: {workflow.name}"
    slots = {name: slot for name, slot in workflow.slots.items() if slot.required}
    if len(slots) > 1:  # the only one takes every file of its kind
        yield "inputs:"
        yield from (f"  {name}: {name}{slot.extensions[0]}" for name, slot in slots.items())
    params = {name: param for name, param in workflow.params.items() if param.required}
    if params:
        yield "params:"
        yield from (f"  {name}: {_example(param)}" for name, param in params.items())


def _section(title: str, rows: list[list[Cell | str]]) -> None:
    if rows:
        click.echo(f"\n{heading(title)}")
        print_table(rows, indent="  ", wrapped=True)


def _slot_row(name: str, slot: SlotShape) -> list[Cell | str]:
    how = "one prompt per file" if slot.fan_out else "one file"
    left_out = "" if slot.required else "may be left out"
    told = [how, left_out, slot.help or slot.label]
    about = "; ".join(part for part in told if part)
    return [name, slot.kind, " ".join(slot.extensions), about]


def _param_row(name: str, param: ParamShape) -> list[Cell | str]:
    default = Cell("needed", "yellow") if param.required else Cell(_default(param))
    return [name, param.type, default, "; ".join(_facts(param))]


def _facts(param: ParamShape) -> Iterator[str]:
    """Give what may be given to a parameter, then what people read of it."""
    yield from _bounds(param)
    if param.choices:
        shown = param.choices[:_SHOWN_CHOICES]
        yield ", ".join(shown) + (" …" if len(param.choices) > len(shown) else "")
    if param.choices_from:
        yield "what the server offers"
    if param.presets:
        yield ", ".join(f"{name} {size}" for name, size in param.presets.items())
    if param.caption:
        yield "the text beside an input"
    if param.help or param.label:
        yield param.help or param.label


def _bounds(param: ParamShape) -> Iterator[str]:
    low, high = param.min, param.max
    if low is not None and high is not None:
        yield f"{low:g} to {high:g}"
    elif low is not None or high is not None:
        yield f"at least {low:g}" if low is not None else f"at most {high:g}"
    if param.multiple_of:
        above = f"{param.plus} above " if param.plus else ""
        yield f"{above}a multiple of {param.multiple_of}"


def _default(param: ParamShape) -> str:
    if param.default is None:
        return "derived"
    line = " ".join(as_text(param.default).split())
    return line if len(line) <= _SHOWN_DEFAULT else f"{line[: _SHOWN_DEFAULT - 1]}…"


def _example(param: ParamShape) -> str:
    if param.choices:
        return param.choices[0]
    numbers = {"int": param.min or 1, "float": param.min or 1.0}
    plain = {"bool": "true", "size": "1024x1024", "text": "…", "choice": "…"}
    return f"{numbers[param.type]:g}" if param.type in numbers else plain.get(param.type, "NAME")


def _server_rows(workflow: WorkflowDetailShape) -> Iterator[list[Cell | str]]:
    requires = workflow.requires
    needs = [f"{requires.vram_gb:g} GB"] if requires and requires.vram_gb else []
    needs += requires.tags if requires else []
    if needs:
        yield ["needs", ", ".join(needs)]
    if workflow.state == "unknown":
        yield ["unknown", "no server has been seen yet"]
    for server in workflow.able:
        yield [server, Cell("ok", "green")]
    for server in workflow.unable:
        yield [server, Cell(f"it cannot run there: vqd workflows check {workflow.name}", "red")]
