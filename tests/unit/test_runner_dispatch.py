"""What the dispatch keeps in mind, and what it forgets."""

import gc
from collections.abc import Collection, Iterator
from dataclasses import replace

import pytest

from tests.builders import A_GRAPH, A_JOB_FILE, NOW, a_planned_job
from tests.waiting import wait_for
from vqd.domain.graph import NamedGraph
from vqd.domain.job import PlannedJob, PlannedPrompt
from vqd.domain.queue import Prompt
from vqd.runner import dispatch
from vqd.runner.dispatch import Dispatch
from vqd.runner.inputs import InputChecks
from vqd.runner.jobfolders import JobFolders
from vqd.runner.otherspools import OtherSpools
from vqd.runner.room import Room
from vqd.runner.server import Server, ServerAddress
from vqd.runner.share import Share
from vqd.runner.spelling import Spelling
from vqd.spool.layout import Spool
from vqd.spool.reserve import Reserve
from vqd.spool.space import Disks
from vqd.store.store import Store

JOBS = 6
KEPT = 2


@pytest.fixture
def dispatching(store: Store, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dispatch]:
    monkeypatch.setattr(dispatch, "GRAPHS_KEPT", KEPT)
    share = Share(spool, on_answer=lambda: None)
    made = Dispatch(
        store,
        JobFolders(spool, share, OtherSpools([], "", on_answer=lambda: None)),
        [],
        Spelling(store),
        room=Room(store, lambda: Disks(None, None, Reserve()), on_change=lambda: None),
        stand=lambda: None,
        stall_s=600.0,
        on_end=lambda *_: None,
    )
    yield made
    made.stop()


def claimed(store: Store, spool: Spool, number: int) -> Prompt:
    """Claim the prompt of a job that brings a graph of its own."""
    job = f"20260101-00000{number}-a"
    planned = a_planned_job(total=1)

    def prompts() -> Iterator[PlannedPrompt]:
        nodes = {**A_GRAPH.nodes, "3": {"class_type": "Note", "inputs": {"text": job}}}
        return (replace(one, graph=NamedGraph.of(nodes)) for one in planned.prompts())

    store.accept(job, PlannedJob(planned.plan, prompts), A_JOB_FILE, input_folder="", now=NOW)
    (spool.active / job).mkdir()
    prompt = store.write(lambda session: session.prompts.claim("gpu1", job, now=NOW))
    assert prompt is not None
    return prompt


def test_graphs_of_jobs_that_are_over_are_forgotten_while_another_goes_on(
    dispatching: Dispatch, store: Store, spool: Spool
) -> None:
    address = ServerAddress("gpu1", "http://127.0.0.1:9")
    server = Server(address, InputChecks(), on_change=lambda: None)
    prompts = [claimed(store, spool, number) for number in range(JOBS)]
    for prompt in prompts:
        dispatching.start(prompt, server, is_sent=True)
    dispatching.stop()
    for prompt in prompts:
        dispatching.drop(prompt)
    for prompt in prompts[1:]:
        dispatching.forget_job(prompt.key.job_key)
    hashes = {prompt.graph_sha256 for prompt in prompts}
    assert wait_for(lambda: graphs_kept(hashes) == KEPT, within_s=30)


def graphs_kept(hashes: Collection[str]) -> int:
    """Count the graphs of these hashes that are in memory."""
    gc.collect()
    graphs = [one for one in gc.get_objects() if isinstance(one, NamedGraph)]
    return sum(one.sha256 in hashes for one in graphs)
