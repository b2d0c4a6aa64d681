"""Definitions made of files: of a graph, and of a definition of video_queue."""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vqd.definitions.graphs import MOST_BYTES, read_graph
from vqd.definitions.legacy import converted
from vqd.definitions.legacy_keys import Notes, read_old
from vqd.definitions.new import sketch_of
from vqd.definitions.proof import DefinitionFiles, files_of
from vqd.definitions.wiring import Classes
from vqd.documents.builder import Limits
from vqd.documents.reader import read
from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen

_LIMITS = Limits(most_bytes=MOST_BYTES, deepest=40)


@frozen
class Made:
    """The files of a definition, and what a person should know of how they came about."""

    files: DefinitionFiles
    notes: tuple[Problem, ...] = ()


def of_graph(
    path: Path, classes: Classes, *, name: str | None = None, known: Iterable[str] = ()
) -> Made:
    """Give a definition over the graph in a file; `known` are the names of all classes.

    Raises:
        Faults: the graph cannot be read, or saves nothing.
    """
    graph = read_graph(path, path.name, classes, known=known)
    sketch = sketch_of(graph.nodes, name or name_of(path.stem), classes, where=path.name)
    return Made(files_of(sketch, classes))


def of_legacy(path: Path, classes: Classes, *, name: str | None = None) -> Made:
    """Give the definition that one of video_queue becomes.

    Raises:
        FileNotFoundError: it is not there.
        Faults: what of it cannot be said here, each with its line.
    """
    document = read(path, _LIMITS)
    notes = Notes(document)
    old = read_old(document, notes)
    if notes.faults:
        raise Faults(notes.faults)
    template = old.template
    content = (
        _read_template(path.parent, template, notes) if isinstance(template, str) else template
    )
    sketch = converted(old, content, notes, classes, name=name or name_of(old.name or path.stem))
    if notes.faults:
        raise Faults(notes.faults)
    return Made(files_of(sketch, classes), tuple(sorted(notes.told, key=_line)))


def name_of(text: str) -> str:
    """Give a name for a workflow that is near to a text."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].rstrip("-")
    return name if name[:1].isalpha() else f"w-{name}".rstrip("-")


def _line(problem: Problem) -> int:
    return problem.line or 0


def _read_template(folder: Path, template: str, notes: Notes) -> Any:
    # Path.expanduser raises where no user has the name behind the ~.
    path = folder / os.path.expanduser(template)  # noqa: PTH111
    try:
        with path.open("rb") as file:
            content: Any = json.loads(file.read(MOST_BYTES))
    except OSError as error:
        said = f"{template} cannot be read ({error.strerror})."
        hint = "Correct the path; it is relative to the definition."
        notes.refuse("missing_graph", said, "template", hint=hint)
    except (ValueError, RecursionError) as error:
        notes.refuse("not_json", f"{template} is not JSON: {error}.", "template")
    else:
        return content
    raise Faults(notes.faults)
