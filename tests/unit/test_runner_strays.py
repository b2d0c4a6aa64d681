"""What was given up on a server is taken off it once it answers, before more is sent there."""

from collections.abc import Iterator

import pytest

from tests.builders import NOW
from tests.strange_server import Answer, StrangeServer
from tests.waiting import wait_for
from vqd.runner.inputs import InputChecks
from vqd.runner.server import Server, ServerAddress
from vqd.runner.strays import LOOK_AGAIN_S, Strays
from vqd.store.store import Session, Store

T = 1000.0


def queue(running: list[str], pending: list[str]) -> Answer:
    def entries(names: list[str]) -> list[list[object]]:
        return [[0, name, {}, {}, []] for name in names]

    return Answer(body={"queue_running": entries(running), "queue_pending": entries(pending)})


@pytest.fixture
def strange() -> Iterator[StrangeServer]:
    """A server on which somebody's prompt runs."""
    with StrangeServer() as made:
        made.answers("GET /queue", queue(["theirs"], []))
        made.answers("POST /queue", Answer())
        made.answers("POST /interrupt", Answer())
        yield made


@pytest.fixture
def server(strange: StrangeServer) -> Iterator[Server]:
    made = Server(ServerAddress("gpu1", strange.url), InputChecks(), on_change=lambda: None)
    made.is_up = True
    yield made
    made.stop()


@pytest.fixture
def strays(store: Store, server: Server) -> Strays:
    """One prompt that an earlier process gave up on that server, and one on a server of then."""
    store.write(lambda session: session.servers.add_stray("gpu1", "p", now=NOW))
    store.write(lambda session: session.servers.add_stray("gone", "q", now=NOW))
    made = Strays(store, {"gpu1": server}, on_change=lambda: None)
    made.recall()
    return made


def remembered(store: Store) -> list[tuple[str, str]]:
    with store.reading() as session:
        return session.servers.strays()


def test_it_is_taken_off_and_forgotten_and_theirs_goes_on(
    store: Store, strays: Strays, server: Server, strange: StrangeServer
) -> None:
    assert not server.free_places(T)
    strays.look(T)
    wait_for(lambda: not server.standing.strays, within_s=30)
    assert remembered(store) == [("gone", "q")]
    assert [asked.json for asked in strange.requests("POST /queue")] == [{"delete": ["p"]}]
    assert strange.requests("POST /interrupt") == []
    assert list(server.free_places(T)) == [0, 1]


def test_one_that_does_not_stop_keeps_the_server_from_being_given_more_until_it_has(
    store: Store, strays: Strays, server: Server, strange: StrangeServer
) -> None:
    strange.answers("GET /queue", queue(["p"], ["theirs"]))
    strays.look(T)
    wait_for(lambda: server.standing.is_stuck, within_s=30)
    assert [asked.json for asked in strange.requests("POST /interrupt")] == [{"prompt_id": "p"}]
    assert not server.free_places(T)
    assert not server.standing.is_trusted
    told = server.record(NOW)
    assert told.state == "avoided"
    assert str(told.said).startswith("it does not stop a prompt that was given up")
    assert strays.look(T) == LOOK_AGAIN_S
    strange.answers("GET /queue", queue(["theirs"], []))
    strays.look(T + LOOK_AGAIN_S)
    wait_for(lambda: not server.standing.is_stuck, within_s=30)
    assert server.record(NOW).state == "up"
    assert remembered(store) == [("gone", "q")]


def test_a_server_that_does_not_answer_is_asked_again(
    store: Store, strays: Strays, server: Server, strange: StrangeServer
) -> None:
    strange.answers("POST /queue", Answer(502), Answer())
    strays.look(T)
    wait_for(lambda: strays.look(T) is not None, within_s=30)
    assert ("gpu1", "p") in remembered(store)
    strays.look(T + LOOK_AGAIN_S)
    wait_for(lambda: not server.standing.strays, within_s=30)


def test_one_that_is_reached_in_another_way_by_now_is_rid_of_them_as_well(
    store: Store, server: Server, strange: StrangeServer
) -> None:
    before = Server(
        ServerAddress("gpu1", "http://127.0.0.1:9"), InputChecks(), on_change=lambda: None
    )
    servers = {"gpu1": before}
    strays = Strays(store, servers, on_change=lambda: None)
    strays.recall()
    store.write(lambda session: session.servers.add_stray("gpu1", "p", now=NOW))
    servers["gpu1"] = server
    assert strays.look(T) is None
    wait_for(lambda: remembered(store) == [], within_s=30)
    assert [asked.json for asked in strange.requests("POST /queue")] == [{"delete": ["p"]}]


def test_a_server_that_is_down_is_waited_for(strays: Strays, server: Server) -> None:
    server.is_up = False
    assert strays.look(T) is None
    assert server.standing.strays == {"p"}


def test_only_the_last_hundred_of_a_server_are_remembered(store: Store) -> None:
    def add(session: Session) -> None:
        for turn in range(120):
            session.servers.add_stray("gpu1", f"p{turn}", now=NOW + turn)

    store.write(add)
    left = [prompt_id for _, prompt_id in remembered(store)]
    assert left == [f"p{turn}" for turn in range(20, 120)]
