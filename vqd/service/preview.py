"""What a job would be before anything of it runs: its prompts, their servers, what they need."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from itertools import islice
from pathlib import Path, PurePosixPath

from vqd.definitions.check import Unknown, check, value_fault
from vqd.definitions.written import written_graph
from vqd.domain.catalogue import Catalogue, KnownClasses, NodeClass
from vqd.domain.errors import Faults, Problem, VqdError
from vqd.domain.frozen import frozen
from vqd.domain.graph import Graph, Target, Value, edited
from vqd.domain.job import Plan, PlannedJob, PlannedPrompt
from vqd.domain.needs import Capability, Needs
from vqd.domain.param import Param
from vqd.domain.place import Place
from vqd.domain.quote import QuoteOver, quote
from vqd.domain.workflow import Workflow
from vqd.service.again import Again
from vqd.service.draft import Draft
from vqd.service.drafts import Drafting
from vqd.service.drift import with_server_drift
from vqd.service.hot import HotJob, hot_job
from vqd.service.known import StoredClasses
from vqd.spool import manifest
from vqd.store.estimates import Usual
from vqd.store.store import StoreReader

UNMET_NEEDS = "unmet_needs"
_WAITED_FOR = frozenset({UNMET_NEEDS, "missing_class", "missing_model"})
_CHANGED_TOLD = 100


@frozen
class Preview:
    """A draft, and for each server that was ever seen why it could not run it; none if it could.

    `usual` is what a prompt of its workflow needed so far; `quote` says how large it is, if it
    is so large that it would wait for an approval. Of a folder that was a job's before, `kept`
    prompts would not run; `changed` are the numbers of the first that would, each with why.
    """

    draft: Draft
    servers: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    usual: Usual = field(default_factory=Usual)
    quote: str | None = None
    kept: int | None = None
    changed: tuple[tuple[int, str], ...] = ()

    @property
    def able(self) -> tuple[str, ...]:
        """Give the servers that could run it."""
        return tuple(server for server, faults in self.servers.items() if not faults)

    @property
    def would_wait(self) -> bool:
        """Tell whether it would wait for a server that has what it needs, and not be sent."""
        lacking = [{one.code for one in faults} for faults in self.servers.values()]
        return bool(lacking) and not any(_WAITED_FOR.isdisjoint(codes) for codes in lacking)

    @property
    def total(self) -> int:
        """Count its prompts; none where something is at fault."""
        return self.draft.planned.plan.total if self.draft.planned else 0

    @property
    def to_run(self) -> int:
        """Count the prompts that would run."""
        return self.total - (self.kept or 0)

    def prompts(self, first: int = 1) -> Iterator[PlannedPrompt]:
        """Give its prompts one by one, from number `first` on."""
        if self.draft.planned is None:
            return iter(())
        return islice(self.draft.planned.prompts(), first - 1, None)

    def graph(self, number: int) -> Graph:
        """Give the graph of a prompt as it would be sent, by its number from 1.

        In place of what only comes about when it is sent stands a text in angle brackets: what
        its inputs are called on the server, and what the job is called.

        Raises:
            VqdError: `unknown_prompt`, the job has no prompt of this number.
        """
        prompt = next(self.prompts(number), None) if number > 0 else None
        if prompt is None or self.draft.planned is None:
            said = f"There is no prompt {number}."
            raise VqdError("unknown_prompt", said, f"The job has {self.total}, from 1.")
        nodes = prompt.graph.nodes
        sent = {
            target: value
            for target, value in _sent(self.draft.planned.plan, prompt).items()
            if target.node in nodes
        }
        return edited(nodes, {**prompt.edits, **sent})

    def graph_text(self, number: int) -> str:
        """Give the graph of a prompt as `graph` does, as JSON.

        Raises:
            Faults: what is wrong with the job. VqdError: `unknown_prompt`.
        """
        if self.draft.problems:
            raise Faults(self.draft.problems)
        return written_graph(self.graph(number))


def _sent(plan: Plan, prompt: PlannedPrompt) -> dict[Target, Value]:
    sent: dict[Target, Value] = {
        target: f"<{path}, as it is called on the server>"
        for slot, path in prompt.inputs.items()
        for target in plan.inputs[slot].targets
    }
    name = PurePosixPath(prompt.stem).name
    for output in plan.outputs:
        if output.prefix_input is not None:
            prefix = f"vqd/<the job>/{prompt.number}-<attempt>/{name}"
            sent[Target(output.node, output.prefix_input)] = prefix
    return sent


class Previews:
    """Reads jobs where they lie, and the store beside the daemon; writes nothing."""

    def __init__(
        self,
        drafting: Drafting,
        reader: StoreReader,
        capabilities: Mapping[str, Capability],
        quote_over: QuoteOver,
    ) -> None:
        self._drafting = drafting
        self._reader = reader
        self._quote_over = quote_over
        self._capabilities = capabilities

    def draft(self, job_file: Path, *, now: float, text: str | None = None) -> Draft:
        """Read and plan a job, as if its file held `text`.

        Raises:
            FileNotFoundError: the job file is gone.
        """
        return self._drafting.draft(job_file, now=now, text=text)

    def hot_job(self, defaults: Path) -> HotJob:
        """Give what drops in the hot folder of a `_defaults.yaml` become.

        Raises:
            FileNotFoundError: the file is gone.
        """
        return hot_job(self._drafting, defaults, "")

    def preview(self, job_file: Path, *, now: float, text: str | None = None) -> Preview:
        """Read and plan a job, as if its file held `text`, and see what the store knows of the
        likes of it.

        Raises:
            FileNotFoundError: the job file is gone.
        """
        draft = self.draft(job_file, now=now, text=text)
        workflow, planned = draft.definition, draft.planned
        if planned is None or workflow is None:
            return Preview(draft)
        if draft.input_folder:
            kept, changed = _compared(planned, job_file.parent, now)
            preview = Preview(draft, kept=kept, changed=changed)
        else:
            preview = Preview(draft)
        try:
            with self._reader.reading() as session:
                preview = replace(
                    preview,
                    draft=with_server_drift(draft, session),
                    servers=_on_servers(
                        workflow, planned.plan, session.catalogue, self._capabilities
                    ),
                    usual=session.estimates.of_workflow(workflow.name),
                )
        except VqdError as error:
            if error.code != "store_missing":
                raise
        return replace(preview, quote=self._quote(preview))

    def _quote(self, preview: Preview) -> str | None:
        if not preview.to_run:
            return None
        return quote(preview.to_run, preview.usual.seconds, self._quote_over)


def _compared(
    planned: PlannedJob, folder: Path, now: float
) -> tuple[int, tuple[tuple[int, str], ...]]:
    """Give how many prompts of a job that lies laid out are kept, and the first that are not."""
    with manifest.opened(folder) as told:
        again = Again(planned, folder, told, now=now)
        first = islice(again.to_run(), _CHANGED_TOLD)
        return again.kept, tuple((prompt.number, why) for prompt, why in first)


@contextmanager
def open_previews(
    queue_place: Place,
    drafting: Callable[[KnownClasses], Drafting],
    *,
    capabilities: Mapping[str, Capability],
    quote_over: QuoteOver,
) -> Iterator[Previews]:
    """Give the way to preview jobs.

    `drafting` makes what reads them, with the node classes that the store knows; `capabilities` are
    what the settings say that each server has; above `quote_over` a job waits for an approval.
    """
    with StoreReader(queue_place) as reader:
        yield Previews(drafting(StoredClasses(reader)), reader, capabilities, quote_over)


def _on_servers(
    workflow: Workflow,
    plan: Plan,
    catalogue: Catalogue,
    capabilities: Mapping[str, Capability],
) -> dict[str, tuple[Problem, ...]]:
    return {
        server: (
            *_unmet(plan.schedule.needs, capabilities.get(server)),
            *seen.faults,
            *_value_faults(workflow, plan, _Only(server, catalogue)),
        )
        for server, seen in check(workflow, catalogue).servers.items()
    }


def _unmet(needs: Needs, capability: Capability | None) -> Iterator[Problem]:
    """Give what a server has not of what is needed. Its VRAM may be told by itself alone."""
    if capability is None:
        return
    hint = "Say in the settings that it has, or change what the job or its workflow needs."
    tags = [tag for tag in needs.tags if tag not in capability.tags]
    if tags:
        said = f"the server has not the tag {', '.join(tags)}."
        yield Problem(UNMET_NEEDS, said, key="schedule.needs.tags", hint=hint)
    elif capability.vram_gb is not None and not capability.fits(needs):
        said = f"the server has {capability.vram_gb:g} GB of VRAM, not {needs.vram_gb:g}."
        yield Problem(UNMET_NEEDS, said, key="schedule.needs.vram_gb", hint=hint)


def _value_faults(workflow: Workflow, plan: Plan, catalogue: Catalogue) -> Iterator[Problem]:
    for param in workflow.params.values():
        for value in _values(param, plan) if param.is_model or param.choices_from else ():
            fault = value_fault(workflow, param, value, catalogue)
            if fault is not None and not isinstance(fault, Unknown):
                yield fault


def _values(param: Param, plan: Plan) -> tuple[Value, ...]:
    fixed = (plan.params[param.name],) if param.name in plan.params else ()
    return plan.axes.get(param.name, fixed)


@frozen
class _Only:
    """The catalogue of one server alone."""

    server: str
    catalogue: Catalogue

    def servers(self) -> tuple[str, ...]:
        return (self.server,)

    def node_class(self, server: str, name: str) -> NodeClass | None:
        return self.catalogue.node_class(server, name)

    def class_names(self, server: str) -> tuple[str, ...]:
        return self.catalogue.class_names(server)
