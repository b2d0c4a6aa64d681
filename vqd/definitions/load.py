"""The workflow definitions of some folders, read again when they change."""

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from vqd.definitions.build import build
from vqd.definitions.graphs import read_graph
from vqd.definitions.schema import DefinitionKeys
from vqd.documents.reader import read
from vqd.documents.schema import checked
from vqd.documents.tree import Document, Text
from vqd.domain.catalogue import KnownClasses, NothingKnown
from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen
from vqd.domain.names import safe_name
from vqd.domain.nearest import nearest
from vqd.domain.workflow import Workflow

_Stamp = tuple[int, int, int] | None
_SUFFIXES = (".yaml", ".yml")
_NOT_DEFINITIONS = (".", "_")


@frozen
class _Loaded:
    """What a definition's file gave, and how its files looked then."""

    stamps: tuple[tuple[Path, _Stamp], ...]
    known: str
    found: Workflow | Faults

    def is_current(self, known: str) -> bool:
        return known == self.known and all(_stamp(path) == stamp for path, stamp in self.stamps)


class Definitions:
    """The definitions in `folders`; of two with one name, the one in the earlier folder counts.

    A broken definition is out of use by itself. `known` are the node classes of the servers. May
    be asked from any thread.
    """

    def __init__(self, folders: Sequence[Path], known: KnownClasses | None = None) -> None:
        self._folders = tuple(folders)
        self._known = known or NothingKnown()
        self._loaded: dict[Path, _Loaded] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Workflow:
        """Give a workflow as its files are now.

        Raises:
            Faults: `unknown_workflow`, or everything wrong with its definition and graph.
        """
        path = self._find(name)
        if path is None:
            raise Faults([self._unknown(name)])
        with self._lock:
            loaded = self._loaded.get(path)
            if loaded is None or not loaded.is_current(self._known.version()):
                loaded = self._loaded[path] = _load(name, path, self._known)
        if isinstance(loaded.found, Faults):
            raise Faults(loaded.found.problems)
        return loaded.found

    def has(self, name: str) -> bool:
        """Tell whether there is a definition of this name, be it broken."""
        return self._find(name) is not None

    def names(self) -> list[str]:
        """Give the names of all definitions, the broken ones too, sorted."""
        return sorted(self._files())

    def problems(self, name: str) -> tuple[Problem, ...]:
        """Give what is wrong with a definition; nothing if it can be used."""
        try:
            self.get(name)
        except Faults as faults:
            return faults.problems
        return ()

    def _find(self, name: str) -> Path | None:
        """Give the file of a definition. It looks at no other: jobs come by thousands."""
        if not name or Path(name).name != name or name.startswith(_NOT_DEFINITIONS):
            return None
        paths = (folder / f"{name}{end}" for folder in self._folders for end in _SUFFIXES)
        return next((path for path in paths if os.path.lexists(path)), None)

    def _files(self) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for path in (path for folder in self._folders for path in _definition_files(folder)):
            files.setdefault(path.stem, path)
        return files

    def _unknown(self, name: str) -> Problem:
        known = self.names()
        unread = [
            str(folder) for folder in self._folders if not os.access(folder, os.R_OK | os.X_OK)
        ]
        hint = f"{', '.join(unread)} cannot be read." if unread else nearest(name, known)
        said = f"there is no workflow {name}."
        return Problem("unknown_workflow", said, found=name, allowed=", ".join(known), hint=hint)


def _definition_files(folder: Path) -> Iterator[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return
    for path in paths:
        if path.suffix in _SUFFIXES and not path.name.startswith(_NOT_DEFINITIONS):
            yield path


def _load(name: str, path: Path, known: KnownClasses) -> _Loaded:
    # Stamps are taken before the files are read: a change in between is seen the next time.
    version = known.version()
    stamps = [(path, _stamp(path))]
    where = f"{path.parent.name}/{path.name}"
    try:
        document = read(path, where=where)
        keys = checked(document, DefinitionKeys)
        _check_names(name, document, keys)
        graph_path = path.parent / keys.graph
        stamps.append((graph_path, _stamp(graph_path)))
        classes = known.find if version else None
        graph_where = f"{path.parent.name}/{keys.graph}"
        graph = read_graph(graph_path, graph_where, classes, known=known.names())
        workflow = build(name, document, keys, graph, known.find)
    except Faults as faults:
        return _Loaded(tuple(stamps), version, faults)
    except FileNotFoundError:
        problem = Problem("unknown_workflow", "was removed.", where)
        return _Loaded(tuple(stamps), version, Faults([problem]))
    return _Loaded(tuple(stamps), version, workflow)


def _check_names(name: str, document: Document, keys: DefinitionKeys) -> None:
    problems = []
    if keys.name is not None and keys.name != name:
        said = f"{keys.name} is not the name of its file."
        hint = f"Write `name: {name}`, or rename the file to {keys.name}.yaml."
        problems.append(_fault(document, keys.name, "name", "wrong_name", said, hint))
    is_name = safe_name(keys.graph) == keys.graph and keys.graph.isprintable()
    if not (is_name and keys.graph.endswith(".json")):
        said = f"{keys.graph} is not the name of a graph's file."
        hint = "Put the graph beside the definition and name it: NAME.json."
        problems.append(_fault(document, keys.graph, "graph", "outside_folder", said, hint))
    if problems:
        raise Faults(problems)


def _fault(document: Document, text: Text, key: str, code: str, said: str, hint: str) -> Problem:
    return Problem(code, said, document.where, text.line, text.column, key, text, None, hint)


def _stamp(path: Path) -> _Stamp:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino
