"""Settings read: the file, its drop-ins over it, the environment over these, and flags over all."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vqd.documents.schema import told
from vqd.documents.tree import Document
from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen
from vqd.settings.environment import PREFIX, lay_environment, meant_variable, variable
from vqd.settings.files import Found, find_files, lay_files
from vqd.settings.layers import Layers, plain, require_text
from vqd.settings.model import Settings

_UNREAD = frozenset({"missing_key", "unknown_target"})
"""What may be wrong only because something else could not be read."""


@frozen
class Loaded:
    """Settings, with the files they were read from and where each value was written."""

    settings: Settings
    found: Found
    layers: Layers


def load_settings(named: Path | None = None) -> Settings:
    """Read the settings. Relative paths in a file are relative to that file.

    Raises:
        VqdError: `settings_missing`; Faults: everything wrong with them.
    """
    return load(named).settings


def load(named: Path | None = None, flags: Mapping[str, str] | None = None) -> Loaded:
    """Read the settings and where each came from; `flags` give values by the key they set.

    Raises:
        VqdError: `settings_missing`; Faults: everything wrong with them.
    """
    found, layers = find_files(named), Layers()
    problems = lay_files(layers, found)
    problems += lay_environment(layers, os.environ, Settings.model_fields)
    for key, value in (flags or {}).items():
        require_text(value, flag(key))
        layers.put(key.split("."), plain(value), flag(key))
    try:
        settings = Settings.model_validate(layers.root)
    except ValidationError as error:
        main = str(found.main or "the settings")
        faults = [_placed(one, layers, main) for one in told(layers.document, Settings, error)]
        problems += [one for one in faults if not problems or one.code not in _UNREAD]
        raise Faults(sorted(problems, key=_place)) from error
    if problems:
        raise Faults(sorted(problems, key=_place))
    return Loaded(settings, found, layers)


def flag(key: str) -> str:
    """Give the flag that sets a key."""
    return f"--{key.replace('_', '-')}"


def made_of(values: dict[str, Any], document: Document) -> Settings:
    """Give settings of values alone, whose faults are told as they stand in a document.

    Raises:
        Faults: everything wrong with them.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        raise Faults(told(document, Settings, error)) from error


def _placed(problem: Problem, layers: Layers, main: str) -> Problem:
    """Tell a fault in the laid tree as one of where that was written."""
    key = problem.key or ""
    if problem.code == "missing_key" and key in Settings.model_fields:
        cure = f"vqd init SPOOL writes a settings file; or set {variable(key)}."
        return replace(problem, where=main, line=None, column=None, hint=cure)
    where = layers.where(key) or main
    if problem.line:
        return replace(problem, where=where)
    inside = None if where in (variable(key), flag(key)) else problem.key
    hint = _hint(problem, where) or problem.hint
    return replace(problem, where=where, line=None, column=None, key=inside, hint=hint)


def _hint(problem: Problem, where: str) -> str | None:
    """Say how a variable is written that sets nothing, or a list or a mapping; None for others."""
    if not where.startswith(PREFIX):
        return None
    if problem.allowed in _AS_JSON:
        return f"Write it as JSON: {where}='{_AS_JSON[problem.allowed]}'."
    is_first = problem.code == "unknown_key" and problem.key == problem.found
    named = meant_variable(where, Settings.model_fields) if is_first else None
    return f"Did you mean {named}?" if named else None


def _place(problem: Problem) -> tuple[str, int, int]:
    return problem.where or "", problem.line or 0, problem.column or 0


_AS_JSON = {"a list": '["…", "…"]', "a mapping": '{"…": "…"}'}
