"""Results made again: which graph runs for a job file that comes of an output, or that names a
graph itself; and what does not match the record any more.

An output counts as recorded: where today's definition makes another graph of its values, or none,
the graph that was sent is run, if it is still to be found in the output's own file or in graphs/ of
its job.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from vqd.definitions.bare import files_loaded, workflow_of_graph, workflow_of_record
from vqd.definitions.graphs import MOST_BYTES, checked_graph, parsed_graph
from vqd.domain.catalogue import KnownClasses
from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen
from vqd.domain.graph import NamedGraph, edited
from vqd.domain.job import PlannedJob
from vqd.domain.jobspec import FanOut, Given, InputSpec, JobSpec
from vqd.domain.record import Record, asked_sha256, may_carry, names_graph, sent_sha256
from vqd.domain.workflow import Workflow
from vqd.intake import inputs as job_inputs
from vqd.intake import tree
from vqd.intake.places import Places
from vqd.intake.record import newest_jobs, refound
from vqd.media.embedded import Embedded, embedded_in
from vqd.planning.expand import plan

_GRAPHS = "graphs"
_INPUT = " [input]"


@frozen
class Chosen:
    """What a job runs: its workflow, and the job with its inputs where they lie now.

    `files` lie beside the job file and belong to it; `drift` and `server_folder` as in `Plan`.
    """

    spec: JobSpec
    workflow: Workflow
    drift: tuple[str, ...] = ()
    server_folder: str = ""
    files: tuple[str, ...] = ()

    def marked(self, planned: PlannedJob) -> PlannedJob:
        """Give a planned job with what is known of the output that it makes again."""
        told = replace(planned.plan, drift=self.drift, server_folder=self.server_folder)
        return replace(planned, plan=told)


class Results:
    """Chooses what runs. `homes` are the folders of jobs that are over."""

    def __init__(self, homes: Sequence[Path], known: KnownClasses) -> None:
        self._homes = homes
        self._known = known

    def choose(self, spec: JobSpec, places: Places, today: Callable[[], Workflow]) -> Chosen:
        """Give what a job runs; `today` gives the workflow of its name as it is defined now.

        Raises:
            Faults: there is none that can be used, or an input of the output is gone.
        """
        if spec.record is None:
            return Chosen(spec, today())
        found = refound(spec, spec.record, places, self._homes)
        files = tuple(name for name in _carriers(spec, spec.record) if _lies(places, name))
        chosen = self._again(found.spec, spec.record, places, today)
        return replace(chosen, drift=(*found.drift, *chosen.drift), files=files)

    def of_graph(self, spec: JobSpec, places: Places) -> Chosen:
        """Give what a job runs that names a graph's file, or a file that carries one, beside it.

        Of the files that the graph loads, those that lie beside the job file are its inputs; the
        others are left to the server, which has them in its input folder.

        Raises:
            Faults: it is missing, carries no graph, or what is wrong with the graph; or
                `outside_folder`, it loads a file from elsewhere on the server.
        """
        name = spec.workflow.text
        bare = workflow_of_graph(name, self._graph(name, places), self._known.find)
        inputs = dict(spec.inputs)
        problems = []
        for slot, value in bare.files.items():
            path = _path(value)
            if slot in inputs:
                continue
            if path.name and _lies(places, path.name):
                inputs[slot] = InputSpec("file", (Given(path.name, f"inputs.{slot}"),))
            elif _leaves(path):
                problems.append(_outside(slot, value, name))
        if problems:
            raise Faults(problems)
        return Chosen(replace(spec, inputs=inputs), bare.workflow, files=(name,))

    def _graph(self, name: str, places: Places) -> NamedGraph:
        if may_carry(name):
            graph = _embedded(places, name).graph
            if graph is None:
                said = "carries no graph."
                hint = "Take the file as ComfyUI wrote it, or export its graph as JSON."
                raise Faults([Problem("missing_graph", said, name, hint=hint)])
            return checked_graph(graph, name)
        try:
            content = places.read(name, MOST_BYTES)
        except OSError as error:
            said = f"cannot be read ({error.strerror})."
            hint = "Put the graph beside the job file, or correct `workflow`."
            raise Faults([Problem("missing_graph", said, name, hint=hint)]) from error
        classes = self._known.find if self._known.version() else None
        return parsed_graph(content, name, classes, known=self._known.names())

    def _again(
        self, spec: JobSpec, record: Record, places: Places, today: Callable[[], Workflow]
    ) -> Chosen:
        asked = asked_sha256(spec.workflow.text, _texts(spec))
        if record.asked != asked or spec.fan_out != FanOut():
            return Chosen(spec, today())
        workflow = _usable(today)
        sent = None if isinstance(workflow, Faults) else _sent(spec, workflow, places)
        if not isinstance(workflow, Faults) and sent == record.sent:
            return Chosen(spec, workflow, (*_version(workflow, record),), record.folder)
        return self._as_recorded(spec, record, places, workflow, sent)

    def _as_recorded(
        self,
        spec: JobSpec,
        record: Record,
        places: Places,
        today: Workflow | Faults,
        sent: str | None,
    ) -> Chosen:
        """Give the graph that was sent; what there is today where it is nowhere any more."""
        name = spec.workflow.text
        workflow = None if isinstance(today, Faults) else today
        said = _other_graph(name, workflow, sent, record)
        graph, where = self._recorded(spec, record, places)
        recorded = graph and workflow_of_record(
            record,
            graph,
            name=name,
            inputs={slot: given.paths[0].text for slot, given in spec.inputs.items()},
            params=_texts(spec),
            today=workflow,
        )
        if recorded:
            # A graph without a definition is nowhere but in its record: nothing has changed.
            drift = () if names_graph(name) else (f"{said}: it runs as recorded in {where}.",)
            return Chosen(spec, recorded, drift, record.folder)
        if isinstance(today, Faults):
            raise today
        return Chosen(spec, today, (f"{said}, which is nowhere any more: today's runs.",))

    def _recorded(
        self, spec: JobSpec, record: Record, places: Places
    ) -> tuple[NamedGraph | None, str]:
        """Give the graph that was sent, and where it was found."""
        for name in _carriers(spec, record):
            graph = _embedded(places, name).graph
            if graph is not None and (checked := _checked(graph, name)) is not None:
                return self._inside(checked, name), name
        for home in self._homes if record.graph else ():
            for job in newest_jobs(home):
                path = f"{job}/{_GRAPHS}/{record.graph}.json"
                if tree.find_exactly(home, path.split("/")) is not None:
                    kept = _kept(home, path, record)
                    if kept is not None:
                        return self._inside(kept, path), f"{home.name}/{path}"
        return None, ""

    def _inside(self, graph: NamedGraph, where: str) -> NamedGraph:
        """Give a graph that loads nothing from outside of the server's input folder."""
        files = files_loaded(graph, self._known.find)
        problems = [_outside(*file, where) for file in files.items() if _leaves(_path(file[1]))]
        if problems:
            raise Faults(problems)
        return graph


def _path(value: str) -> PurePosixPath:
    return PurePosixPath(value.removesuffix(_INPUT).replace("\\", "/"))


def _leaves(path: PurePosixPath) -> bool:
    """Tell whether a path leads out of a server's input folder: ComfyUI's LoadImage follows it."""
    has_drive = bool(path.parts) and path.parts[0].endswith(":")
    return path.is_absolute() or has_drive or ".." in path.parts


def _outside(slot: str, value: str, graph: str) -> Problem:
    said = f"{value} lies outside of the server's input folder, and is not loaded from there."
    hint = f"Put {_path(value).name} beside the job file."
    return Problem("outside_folder", said, graph, key=f"inputs.{slot}", hint=hint)


def _texts(spec: JobSpec) -> Mapping[str, str]:
    return {name: given.text for name, given in spec.params.items()}


def _usable(today: Callable[[], Workflow]) -> Workflow | Faults:
    try:
        return today()
    except Faults as faults:
        return faults


def _sent(spec: JobSpec, workflow: Workflow, places: Places) -> str | None:
    """Name the graph that today's definition makes of a job; None if it is not one prompt."""
    try:
        found = job_inputs.gather(spec, workflow, places, by_name_only=True)
        planned = plan(spec, workflow, found, job="", created_at=0)
    except Faults:
        return None
    if planned.plan.total != 1:
        return None
    (prompt,) = planned.prompts()
    return sent_sha256(prompt.graph.nodes, prompt.edits, prompt.inputs, planned.plan)


def _version(workflow: Workflow, record: Record) -> Iterator[str]:
    was = record.workflow_version
    if was is not None and was != workflow.version:
        yield (
            f"the workflow {workflow.name} is version {workflow.version} now, and was {was}; what"
            " it sends is the same."
        )


def _other_graph(name: str, workflow: Workflow | None, sent: str | None, record: Record) -> str:
    was = f"version {record.workflow_version}, graph {record.sent[:12]}"
    if workflow is None:
        return f"the workflow {name} cannot be used any more; it was {was}"
    if sent is None:
        return (
            f"the workflow {name}, version {workflow.version} now, does not take these values any"
            f" more; it was {was}"
        )
    return (
        f"the workflow {name} is version {workflow.version}, graph {sent[:12]} now, and was {was}"
    )


def _carriers(spec: JobSpec, record: Record) -> Iterator[str]:
    """Give the names under which the output itself may lie beside its job file."""
    for name in dict.fromkeys([record.result, spec.where.rpartition(".")[0]]):
        if may_carry(name) and PurePosixPath(name).name == name:
            yield name


def _lies(places: Places, name: str) -> bool:
    entry = tree.find_exactly(places.folder, [name])
    return entry is not None and entry.is_file


def _embedded(places: Places, name: str) -> Embedded:
    try:
        return embedded_in(places.folder / name)
    except OSError:
        return Embedded()


def _checked(graph: object, where: str) -> NamedGraph | None:
    try:
        return checked_graph(graph, where)
    except Faults:
        return None


def _kept(home: Path, path: str, record: Record) -> NamedGraph | None:
    """Give a graph of graphs/ as it was sent; None if it is not what its name says."""
    try:
        graph = parsed_graph(tree.read(home, path, MOST_BYTES), path)
        if graph.sha256 != record.graph:
            return None
        return NamedGraph.of(edited(graph.nodes, record.edits))
    except (OSError, Faults, KeyError):
        return None
