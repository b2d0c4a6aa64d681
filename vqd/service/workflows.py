"""What may be asked of workflows: which there are, what is wrong with them, and new ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path

from vqd.definitions import made
from vqd.definitions.check import ServerCheck, check, drifted
from vqd.definitions.load import Definitions
from vqd.definitions.made import Made
from vqd.definitions.options import options
from vqd.definitions.shipped import shipped_folder
from vqd.domain.catalogue import NothingKnown
from vqd.domain.errors import Faults, Problem, VqdError
from vqd.domain.frozen import frozen
from vqd.domain.place import Place
from vqd.domain.workflow import Workflow
from vqd.service.known import StoredClasses, ToldClasses
from vqd.store.store import Session, StoreReader


@frozen
class WorkflowView:
    """A workflow: what its definition says, or the `problems` that disable it.

    `servers` tells for each server that was ever seen what is wrong with it there, and `drift`
    what has changed there since it was first seen.
    """

    name: str
    workflow: Workflow | None = None
    problems: tuple[Problem, ...] = ()
    servers: Mapping[str, ServerCheck] = field(default_factory=dict)
    drift: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)

    @property
    def able(self) -> tuple[str, ...]:
        """Give the servers on which nothing is wrong with it."""
        return tuple(name for name, found in self.servers.items() if not found.faults)

    @property
    def state(self) -> str:
        """Tell whether it can be used: `ok`, `broken`, `nowhere` (on none of the servers), or
        `unknown` (no server was seen yet)."""
        if self.problems:
            return "broken"
        if not self.servers:
            return "unknown"
        return "ok" if self.able else "nowhere"


@contextmanager
def open_workflows(folders: Sequence[Path], queue_place: Place) -> Iterator["Workflows"]:
    """Give the workflows in some folders and those that vqd brings; writes nothing."""
    with StoreReader(queue_place) as reader:
        yield Workflows(folders, reader)


class Workflows:
    """Reads definitions, and the store beside the daemon or while it is down."""

    def __init__(self, folders: Sequence[Path], reader: StoreReader) -> None:
        self._reader = reader
        known = StoredClasses(reader)
        self._definitions = Definitions((*folders, shipped_folder()), known)

    def names(self) -> list[str]:
        """Give the names of all workflows, the broken ones too, sorted."""
        return self._definitions.names()

    def all(self, names: Iterable[str] = ()) -> list[WorkflowView]:
        """Give these workflows, or all of them.

        Raises:
            Faults: `unknown_workflow`.
        """
        return [self.get(name) for name in names or self.names()]

    def get(self, name: str) -> WorkflowView:
        """Give a workflow.

        Raises:
            Faults: `unknown_workflow`.
        """
        try:
            workflow = self._definitions.get(name)
        except Faults as faults:
            if name not in self.names():
                raise
            return WorkflowView(name, problems=faults.problems)
        return self._on_servers(workflow)

    def offers(self, view: WorkflowView) -> Mapping[str, Sequence[str]]:
        """Give what the servers offer for the parameters of a workflow that have it from them."""
        if view.workflow is None:
            return {}
        try:
            with self._reader.reading() as session:
                return options(view.workflow, session.catalogue)
        except VqdError as error:
            if error.code != "store_missing":
                raise
            return {}

    def drifted(self) -> Mapping[str, Sequence[str]]:
        """Give by server the workflows that rely on what has changed there; broken ones are not."""
        found: dict[str, list[str]] = {}
        with self._reader.reading() as session:
            for name in self.names():
                try:
                    workflow = self._definitions.get(name)
                except Faults:
                    continue
                for server in session.catalogue.servers():
                    if _drift(session, workflow, server):
                        found.setdefault(server, []).append(name)
        return found

    def _on_servers(self, workflow: Workflow) -> WorkflowView:
        try:
            with self._reader.reading() as session:
                found = check(workflow, session.catalogue)
                drift = {server: _drift(session, workflow, server) for server in found.servers}
        except VqdError as error:
            if error.code != "store_missing":
                raise
            return WorkflowView(workflow.name, workflow)
        changed = {server: problems for server, problems in drift.items() if problems}
        return WorkflowView(workflow.name, workflow, servers=found.servers, drift=changed)


def _drift(session: Session, workflow: Workflow, server: str) -> tuple[Problem, ...]:
    used = {str(node["class_type"]) for node in workflow.graph.nodes.values()}
    return drifted(workflow, session.catalogue.changes(server, used))


def new_definition(
    graph: Path, *, queue_place: Place | None, object_info: Path | None, name: str | None
) -> Made:
    """Give a definition over a graph, with what the servers told or a file holds.

    Raises:
        Faults: the graph cannot be read, or saves nothing. VqdError: `bad_object_info`.
    """
    with _classes(queue_place, object_info) as known:
        return made.of_graph(graph, known.find, name=name, known=known.names())


def converted_definition(
    old: Path, *, queue_place: Place | None, object_info: Path | None, name: str | None
) -> Made:
    """Give the definition that one of video_queue becomes.

    Raises:
        FileNotFoundError: it is not there. Faults: what of it cannot be said here.
        VqdError: `bad_object_info`.
    """
    with _classes(queue_place, object_info) as known:
        return made.of_legacy(old, known.find, name=name)


@contextmanager
def _classes(
    queue_place: Place | None, object_info: Path | None
) -> Iterator[StoredClasses | ToldClasses | NothingKnown]:
    if object_info is not None:
        yield ToldClasses(object_info)
        return
    if queue_place is None:
        yield NothingKnown()
        return
    with StoreReader(queue_place) as reader:
        yield StoredClasses(reader)


def write_definition(made_of: Made, folder: Path, *, source: Path, force: bool) -> tuple[Path, ...]:
    """Write `NAME.yaml` and `NAME.json` into a folder; gives the paths of what was written.

    A graph that is `source`, from which the definition was made, is left as it lies there.

    Raises:
        VqdError: `exists`, one is there already and `force` does not say to replace it.
        OSError: it cannot be written.
    """
    files = made_of.files
    texts = {
        folder / f"{files.name}.json": files.graph,
        folder / f"{files.name}.yaml": files.definition,
    }
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [path for path in texts if not (path.exists() and path.samefile(source))]
    there = [str(path) for path in wanted if path.exists()]
    if there and not force:
        said = f"{', '.join(there)}: there already."
        raise VqdError("exists", said, "Take another --name or folder, or replace it by --force.")
    for path in wanted:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(texts[path])
    return tuple(wanted)
