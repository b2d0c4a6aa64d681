"""What was found when something was examined: how it looks, and how the command ends."""

import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click

from vqd.cli.codes import EXIT_WARNED, EXIT_WRONG
from vqd.cli.table import Cell, heading, print_table
from vqd.cli.told import json_of
from vqd.doctor.rounds import Examined
from vqd.domain.finding import Finding, Level, command, worst
from vqd.domain.names import printable

_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.WRONG: "red"}
_EXITS = {Level.OK: 0, Level.WARN: EXIT_WARNED, Level.WRONG: EXIT_WRONG}
_INDENT = "  "


def end_with(parts: Iterable[Examined], settings_file: Path | None, *, as_json: bool) -> NoReturn:
    """Tell of each part as it comes, then of all, and end by the worst."""
    seen: list[Examined] = []
    for one in parts:
        seen.append(one)
        if one.findings and not as_json:
            _print_part(one)
    found = [finding for one in seen for finding in one.findings]
    level = worst(found)
    if as_json:
        listed = [
            {"about": one.about, **asdict(finding)} for one in seen for finding in one.findings
        ]
        click.echo(json_of({"worst": level, "findings": listed}))
    else:
        click.echo(f"\n{_summary(found)}")
        if settings_file is not None and any(_asks_vqd(finding) for finding in found):
            named = command("export", f"VQD_SETTINGS={settings_file.absolute()}")
            click.echo(f"before you type those of vqd's own:\n{_INDENT}$ {printable(named)}")
    sys.exit(_EXITS[level])


def _print_part(one: Examined) -> None:
    click.echo(heading(printable(one.about)))
    for finding in one.findings:
        level = Cell(f"{finding.level:<5}", _COLOURS[finding.level])
        print_table([[level, finding.said]], indent=_INDENT, wrapped=True)
        for line in finding.cure:
            # Never wrapped: it is there to be copied.
            click.echo(f"{_INDENT}{'':5}{_INDENT}$ {printable(line)}")


def _summary(found: Iterable[Finding]) -> str:
    levels = [finding.level for finding in found]
    wrong, warned = levels.count(Level.WRONG), levels.count(Level.WARN)
    if not wrong and not warned:
        return "all is well"
    parts = [f"{wrong} wrong"] * bool(wrong) + [f"{warned} could be better"] * bool(warned)
    return f"{', '.join(parts)}; the commands above mend it"


def _asks_vqd(finding: Finding) -> bool:
    """Tell whether a cure is a verb of vqd's that reads the settings."""
    return any(line.startswith("vqd ") for line in finding.cure)
