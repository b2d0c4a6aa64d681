"""Whether the workflows that are used can run, and whether queue and folders agree."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from vqd.definitions.check import WorkflowCheck, check
from vqd.definitions.load import Definitions
from vqd.definitions.shipped import shipped_folder
from vqd.domain.catalogue import NodeClass
from vqd.domain.errors import Faults, Problem, VqdError
from vqd.domain.finding import Finding, command, ok, warn, wrong
from vqd.domain.frozen import frozen
from vqd.domain.names import printable
from vqd.domain.place import Place
from vqd.spool.layout import Spool
from vqd.store.store import StoreReader

_SHOWN = 3


@frozen
class ToldCatalogue:
    """What servers told just now: a `Catalogue` that needs no queue."""

    told: Mapping[str, Mapping[str, NodeClass]] = field(default_factory=dict)

    def servers(self) -> tuple[str, ...]:
        """Give the names of the servers that told."""
        return tuple(sorted(self.told))

    def node_class(self, server: str, name: str) -> NodeClass | None:
        """Give a class as a server has it; None if that server has it not."""
        return self.told.get(server, {}).get(name)

    def class_names(self, server: str) -> tuple[str, ...]:
        """Give the names of all classes of a server, sorted."""
        return tuple(sorted(self.told.get(server, ())))


def used_workflows(queue_place: Place) -> frozenset[str]:
    """Give the workflows of the jobs that are not over; none where no queue can be read."""
    try:
        with StoreReader(queue_place) as reader, reader.reading() as session:
            return frozenset(job.workflow for job in session.joblist.open() if job.workflow)
    except VqdError:
        return frozenset()


def examine_workflows(
    folders: Sequence[Path], used: Collection[str], catalogue: ToldCatalogue
) -> Iterator[Finding]:
    """Examine the workflows in some folders, and those of vqd's own that are used, by what the
    servers of a catalogue have. What vqd brings and nobody uses may lack models everywhere."""
    yield from _folders(folders)
    definitions = Definitions((*folders, shipped_folder()))
    own = set(Definitions(folders).names())
    known = definitions.names()
    yield from (_unknown(name) for name in sorted(set(used) - set(known)))
    able: list[str] = []
    for name in known:
        found = _examined(name, definitions, catalogue)
        if found is None:
            able.append(name)
        elif name in own or name in used:
            yield found
    if catalogue.told:
        yield ok("workflows", f"{len(able)} of {len(known)} can run now: {', '.join(able) or '-'}")
    else:
        yield ok("workflows", f"{len(known)} workflows; no server told what it has")


def examine_queue(queue_place: Place, spool: Spool) -> Iterator[Finding]:
    """Examine whether every job that is not over, and at home in the spool, has its folder."""
    try:
        with StoreReader(spool.at_home(queue_place)) as reader, reader.reading() as session:
            jobs = session.jobs.open_here()
    except (OSError, VqdError):
        return  # which is told of the state, or of the spool
    if not spool.is_present():
        return
    lost = [job for job in jobs if spool.find(job) is None]
    for job in lost:
        said = f"{printable(job)} has no folder: somebody moved or deleted it, and it is cancelled"
        search = command("find", spool.root.parent, "-type", "d", "-name", job)
        why = f"move it back into {spool.active} if it is found"
        yield wrong("job_without_folder", said, f"{search}  # {why}")
    if not lost:
        yield ok("queue", f"{len(jobs)} jobs are not over, each with its folder")


def _folders(folders: Iterable[Path]) -> Iterator[Finding]:
    for folder in folders:
        if not folder.is_dir():
            said = f"{folder}, which the settings name, is not there"
            yield wrong("workflows_missing", said, command("mkdir", "-p", folder))


def _unknown(name: str) -> Finding:
    said = f"{name} is used, and there is no such workflow any more"
    return wrong("unknown_workflow", said, command("vqd", "workflows", "list"))


def _examined(name: str, definitions: Definitions, catalogue: ToldCatalogue) -> Finding | None:
    """Give what is wrong with a workflow; None if a server can run it, or nobody knows."""
    see = command("vqd", "workflows", "check", name, why="shows every fault")
    try:
        found = check(definitions.get(name), catalogue)
    except Faults as faults:
        said = f"{name} is broken, and out of use: {faults.problems[0]}"
        return wrong("workflow_broken", said.removesuffix("."), see)
    if found.is_unknown or found.able:
        return None
    said = "; ".join(f"on {server}: {_lacks(problems)}" for server, problems in _by_server(found))
    return warn("workflow_nowhere", f"{name} can run on no server; {said}", see)


def _by_server(found: WorkflowCheck) -> Iterator[tuple[str, Sequence[Problem]]]:
    for server, checked in found.servers.items():
        yield server, checked.faults


def _lacks(problems: Sequence[Problem]) -> str:
    shown = " ".join(dict.fromkeys(problem.said for problem in problems[:_SHOWN]))
    more = len(problems) - _SHOWN
    return f"{shown.removesuffix('.')}{f' (and {more} more)' if more > 0 else ''}"
