"""docs/settings.md has every key of the settings, as the model tells of it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vqd.documents.shown import plain
from vqd.settings.changes import AT_RESTART
from vqd.settings.model import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")


def rows(model: type[BaseModel] = Settings, above: str = "") -> Iterator[tuple[str, str, str]]:
    """Each key with what it sets, and its default."""
    for name, field in model.model_fields.items():
        key = f"{above}{field.alias or name}"
        yield f"`{key}`", (field.description or "").replace("|", "\\|"), default_of(field)
        for below, mark in models_in(field.annotation):
            yield from rows(below, f"{key}{mark}.")


def models_in(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """The models below a key, each with how what lies between is written."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ""
    mark = {dict: ".NAME", tuple: "[0]"}.get(get_origin(annotation) or annotation, "")
    for part in get_args(annotation):
        for below, _ in models_in(part):
            yield below, mark


def default_of(field: FieldInfo) -> str:
    """The default where it is one plain value; the description tells every other."""
    if field.is_required():
        return "needed"
    default = plain(field.get_default(call_default_factory=True))
    if isinstance(default, list):
        default = default[0] if len(default) == 1 else None
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{default}`" if isinstance(default, str) else ""


def table(heading: str) -> list[tuple[str, ...]]:
    """The rows of the first table below a heading."""
    lines = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0].splitlines()
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("| ")]
    return [tuple(cell.strip() for cell in row) for row in cells[2:]]


def test_every_key_is_told_of_as_the_model_tells_of_it() -> None:
    assert table("Every key") == [*rows()]


def test_what_waits_for_a_restart_is_said() -> None:
    said = PAGE.split("\n## Reading them again\n")[1].split("\n## ")[0]
    for key in AT_RESTART:
        assert f"`{key}`" in said
