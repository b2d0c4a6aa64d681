"""settings: what counts and where it was written, and everything that is wrong with it."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from vqd.cli.app import Verbs, ends_in_words, json_option, settings_option
from vqd.cli.codes import EXIT_FAULTS
from vqd.cli.helping import examples
from vqd.cli.loading import require_answering
from vqd.cli.table import Cell, print_table
from vqd.cli.told import print_json
from vqd.domain.errors import Faults, Problem, VqdError
from vqd.domain.frozen import frozen
from vqd.domain.nearest import nearest
from vqd.service.shapes.shape import ProblemShape, Shape, problem_shape
from vqd.settings.environment import unknown_variables
from vqd.settings.files import find_files
from vqd.settings.load import load
from vqd.settings.model import Settings
from vqd.settings.shown import Shown, shown_settings


@frozen
class SettingShape(Shape):
    """A setting as it counts. Of what is secret, the value is not told."""

    key: str
    """With dots, and the place in a list: servers[0].url."""
    value: Any
    file: str | None
    """Where it was written: a file, a variable or a flag; null for what counts by default."""
    line: int | None


@frozen
class SettingsCheckShape(Shape):
    """What is wrong with settings."""

    ok: bool
    files: list[str]
    """What was read, in the order in which one is laid over the other."""
    problems: list[ProblemShape]
    ignored: list[str]
    """Variables that begin as those of settings do, and are none."""


@click.group(cls=Verbs)
def settings() -> None:
    """Show what is set, and check it."""


@settings.command(epilog=examples("vqd settings show", "vqd settings show web"))
@click.argument("key", required=False)
@settings_option
@json_option
@ends_in_words
def show(key: str | None, settings_file: Path | None, *, as_json: bool) -> None:
    """Show every setting, or those of a KEY, and where each was written."""
    require_answering(settings_file)
    shown = shown_settings(load(settings_file))
    if key is not None:
        shown = _of_key(shown, key)
    if as_json:
        print_json([_shape(one) for one in shown])
        return
    print_table([_row(one) for one in shown], header=("KEY", "FROM", "VALUE"))


@settings.command(epilog=examples("vqd settings check", "vqd settings check /etc/vqd/vqd.yaml"))
@click.argument("file", required=False, type=click.Path(path_type=Path))
@settings_option
@json_option
@ends_in_words
def check(file: Path | None, settings_file: Path | None, *, as_json: bool) -> None:
    """Tell everything that is wrong with the settings, or with a FILE of them."""
    named = file or settings_file
    problems, files = _checked(named)
    ignored = unknown_variables(os.environ, Settings.model_fields)
    if as_json:
        shapes = [*map(problem_shape, problems)]
        print_json(SettingsCheckShape(not problems, files, shapes, ignored))
    else:
        _print_checked(problems, files, ignored)
    sys.exit(EXIT_FAULTS if problems else 0)


def _checked(named: Path | None) -> tuple[Sequence[Problem], list[str]]:
    try:
        files = [*map(str, find_files(named).files)]
        require_answering(named)
        load(named)
    except Faults as faults:
        return faults.problems, files
    except VqdError as error:
        if error.code != "settings_missing":
            raise
        where = str(named or os.environ.get("VQD_SETTINGS", ""))
        return [Problem(error.code, "no such settings file.", where, hint=error.hint)], []
    return [], files


def _print_checked(
    problems: Sequence[Problem], files: Sequence[str], ignored: Sequence[str]
) -> None:
    for problem in problems:
        click.echo(f"error: {problem.in_full} [{problem.code}]", err=True)
    for name in ignored:
        click.echo(f"{name}: no setting; left alone")
    if not problems:
        click.echo(f"{', '.join(files) or 'the environment'}: nothing wrong")


def _of_key(shown: Sequence[Shown], key: str) -> list[Shown]:
    """Give the settings of a key.

    Raises:
        VqdError: `unknown_key`.
    """
    found = [one for one in shown if one.key == key or one.key.startswith((f"{key}.", f"{key}["))]
    if not found:
        hint = nearest(key, [*Settings.model_fields, *(one.key for one in shown)])
        raise VqdError("unknown_key", f"There is no setting {key}.", hint)
    return found


def _shape(shown: Shown) -> SettingShape:
    where = None if shown.origin is None else shown.origin.where
    line = None if shown.origin is None else shown.origin.line
    return SettingShape(shown.key, shown.value, where, line)


def _row(shown: Shown) -> list[Cell | str]:
    if shown.origin is None:
        told = "" if shown.value in (None, {}, []) else _told(shown.value)
        return [Cell(shown.key, is_faint=True), Cell("default", is_faint=True), told]
    return [shown.key, str(shown.origin), shown.text or ""]


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
