"""What was running when the daemon ended is followed by the next, or waits again."""

from collections.abc import Iterator

import pytest

from tests.builders import NOW, accept_a_job
from tests.strange_server import Answer, StrangeServer
from vqd.domain.lifecycle import PromptState
from vqd.domain.queue import Prompt
from vqd.runner.dispatch import Dispatch
from vqd.runner.inputs import InputChecks
from vqd.runner.jobfolders import JobFolders
from vqd.runner.otherspools import OtherSpools
from vqd.runner.rescue import AGAIN_S, Rescue
from vqd.runner.room import Room
from vqd.runner.server import Server, ServerAddress
from vqd.runner.share import Share
from vqd.runner.spelling import Spelling
from vqd.spool.layout import Spool
from vqd.spool.reserve import Reserve
from vqd.spool.space import Disks
from vqd.store.store import Store

JOB = "20260101-000000-a"


@pytest.fixture
def gpu1(server: StrangeServer) -> Iterator[Server]:
    """A server that has prompts waiting for ever."""
    waiting: list[list[object]] = [[0, name, {}, {}, []] for name in ("p1", "p2")]
    server.answers("GET /history/p1", Answer(body={}))
    server.answers("GET /history/p2", Answer(body={}))
    server.answers("GET /queue", Answer(body={"queue_running": [], "queue_pending": waiting}))
    made = Server(ServerAddress("gpu1", server.url), InputChecks(), on_change=lambda: None)
    yield made
    made.client.close()


@pytest.fixture
def dispatch(store: Store, spool: Spool, gpu1: Server) -> Iterator[Dispatch]:
    share = Share(spool, on_answer=lambda: None)
    made = Dispatch(
        store,
        JobFolders(spool, share, OtherSpools([], "", on_answer=lambda: None)),
        [gpu1],
        Spelling(store),
        room=Room(store, lambda: Disks(None, None, Reserve()), on_change=lambda: None),
        stand=lambda: None,
        stall_s=60,
        on_end=lambda _, __: None,
    )
    yield made
    made.stop()


@pytest.fixture
def rescue(store: Store, spool: Spool, dispatch: Dispatch, gpu1: Server) -> Rescue:
    """Of a job of three prompts, nothing of which runs yet."""
    (spool.active / JOB).mkdir()
    accept_a_job(store, JOB, total=3)
    return Rescue(store, dispatch, {"gpu1": gpu1})


def claimed(store: Store, server: str, prompt_id: str) -> Prompt:
    prompt = store.write(lambda session: session.prompts.claim(server, prompt_id, now=NOW))
    assert prompt is not None
    return prompt


def state_of(store: Store, prompt: Prompt) -> tuple[PromptState, str | None]:
    with store.reading() as session:
        found = session.prompts.get(prompt.key)
    return found.state, found.prompt_id


def test_what_runs_on_a_server_that_is_still_named_is_followed_there_and_the_rest_waits_again(
    store: Store, rescue: Rescue, dispatch: Dispatch
) -> None:
    known, unknown = claimed(store, "gpu1", "p1"), claimed(store, "gone", "p2")
    assert rescue.carry_out(now=NOW) is None
    assert {*dispatch.running} == {known.key}
    assert state_of(store, known) == (PromptState.RUNNING, "p1")
    assert state_of(store, unknown)[0] is PromptState.PENDING


def test_what_ran_of_a_job_that_is_to_stop_is_cancelled_where_its_server_is_named_no_more(
    store: Store, rescue: Rescue
) -> None:
    prompt = claimed(store, "gone", "p1")
    store.write(lambda session: session.cancel(prompt.key.job_key, now=NOW, why="asked"))
    rescue.carry_out(now=NOW)
    assert state_of(store, prompt)[0] is PromptState.CANCELLED
    with store.reading() as session:
        assert session.jobs.closing() == [(prompt.key.job_key, JOB)]


def test_what_runs_of_a_job_whose_folder_is_gone_is_taken_off_its_server(
    store: Store, spool: Spool, rescue: Rescue, gpu1: Server
) -> None:
    prompt = claimed(store, "gpu1", "p1")
    (spool.active / JOB).rename(spool.root / "taken out")
    rescue.carry_out(now=NOW)
    assert state_of(store, prompt)[0] is PromptState.PENDING
    assert gpu1.standing.strays == {"p1"}
    with store.reading() as session:
        assert session.servers.strays() == [("gpu1", "p1")]


def test_while_the_share_is_away_what_runs_is_left_and_it_is_followed_when_that_is_back(
    store: Store, spool: Spool, rescue: Rescue, dispatch: Dispatch
) -> None:
    prompt = claimed(store, "gpu1", "p1")
    aside = spool.marker.path.rename(spool.root.with_name("marker"))
    for _ in range(2):
        assert rescue.carry_out(now=NOW) == AGAIN_S
        assert not dispatch.running
        assert state_of(store, prompt) == (PromptState.RUNNING, "p1")
    aside.rename(spool.marker.path)
    assert rescue.carry_out(now=NOW) is None
    assert {*dispatch.running} == {prompt.key}
    assert dispatch.running[prompt.key].assignment.is_sent


def test_what_was_claimed_since_is_not_taken_for_what_ran_before(
    store: Store, spool: Spool, rescue: Rescue, dispatch: Dispatch
) -> None:
    before = claimed(store, "gpu1", "p1")
    aside = spool.marker.path.rename(spool.root.with_name("marker"))
    rescue.carry_out(now=NOW)
    claimed(store, "gpu1", "p2")
    aside.rename(spool.marker.path)
    assert rescue.carry_out(now=NOW) is None
    assert {*dispatch.running} == {before.key}
    claimed(store, "gpu1", "p3")
    assert rescue.carry_out(now=NOW) is None
    assert {*dispatch.running} == {before.key}
