"""What of the servers does not match the record of an output that is made again."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from vqd.definitions.check import check
from vqd.domain.catalogue import Catalogue
from vqd.domain.graph import NamedGraph, edited
from vqd.domain.job import PlannedJob
from vqd.domain.record import Record
from vqd.domain.server import ServerRecord
from vqd.domain.workflow import Workflow
from vqd.service.draft import Draft
from vqd.store.store import Session


def with_server_drift(draft: Draft, session: Session) -> Draft:
    """Give a draft that also tells what of the servers is not as the output's record says."""
    planned, workflow, record = draft.planned, draft.definition, draft.record
    if planned is None or workflow is None or record is None:
        return draft
    drift = (
        *planned.plan.drift,
        *_unable(planned, workflow, session.catalogue),
        *_other_version(record, session.servers.all()),
    )
    return replace(draft, planned=replace(planned, plan=replace(planned.plan, drift=drift)))


def _unable(planned: PlannedJob, workflow: Workflow, catalogue: Catalogue) -> Iterator[str]:
    """Say what the server lacks that could run it soonest, where none can run it."""
    prompt = next(planned.prompts())
    graph = NamedGraph.of(edited(prompt.graph.nodes, prompt.edits))
    seen = check(replace(workflow, graph=graph), catalogue).servers
    if not seen or any(not found.faults for found in seen.values()):
        return
    server = min(seen, key=lambda name: len(seen[name].faults))
    for problem in seen[server].faults:
        yield f"no server can run it as it was made; {server}: {problem}"


def _other_version(record: Record, servers: Iterable[ServerRecord]) -> Iterator[str]:
    versions = {one.server: one.version for one in servers if one.version}
    if not versions or record.server_version in ("", *versions.values()):
        return
    now = ", ".join(f"{version} ({name})" for name, version in versions.items())
    yield f"it was made by ComfyUI {record.server_version} ({record.server}); there is {now} now."
