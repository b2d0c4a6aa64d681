"""What the servers can do, learned beside the loop."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.builders import NOW, accept_a_job
from tests.strange_server import Answer, StrangeServer
from tests.waiting import wait_for
from vqd.domain.schedule import Judgement
from vqd.runner.catalogue import AFTER_FAILURE_S, LOOK_AGAIN_S, LOOK_LACKING_S, Catalogues
from vqd.runner.fitting import Fitting
from vqd.runner.inputs import InputChecks
from vqd.runner.server import Server, ServerAddress
from vqd.runner.spelling import Spelling
from vqd.store.store import Store

FACTS = {"system": {"comfyui_version": "0.3.64"}, "devices": []}
LOADER: dict[str, Any] = {"input": {"required": {"name": [["a.pt"], {}]}}, "output": ["MODEL"]}


class House:
    """Two servers, of which none is up, and what is learned of them."""

    def __init__(self, store: Store, *strange: StrangeServer) -> None:
        self.store = store
        self.strange = strange
        self.changes = threading.Semaphore(0)
        self.servers = [
            Server(ServerAddress(f"gpu{number}", one.url), InputChecks(), on_change=lambda: None)
            for number, one in enumerate(strange, start=1)
        ]
        self.catalogues = Catalogues(
            store,
            self.servers,
            Spelling(store),
            Fitting(),
            on_change=self.changes.release,
            clock=lambda: NOW,
        )

    def connect(self, server: Server) -> None:
        server.is_up = True
        server.connection += 1

    def look(self, now: float) -> float | None:
        with self.store.reading() as session:
            is_lacking = session.schedules.is_lacking()
        return self.catalogues.look(now, is_lacking=is_lacking)

    def wait_looks(self, looks: int) -> None:
        for _ in range(looks):
            assert self.changes.acquire(timeout=60)

    def classes(self, server: str) -> tuple[str, ...]:
        with self.store.reading() as session:
            return session.catalogue.class_names(server)


@pytest.fixture
def make(store: Store) -> Iterator[Callable[[int], House]]:
    with ExitStack() as closing:

        def house(servers: int) -> House:
            strange = [closing.enter_context(StrangeServer()) for _ in range(servers)]
            for one in strange:
                one.answers("GET /object_info", Answer(body={"Loader": LOADER}))
                one.answers("GET /system_stats", Answer(body=FACTS))
                one.answers("POST /upload/image", Answer(body={"name": "epoch-1"}))
                one.answers("HEAD /view", Answer(200))
            made = House(store, *strange)
            for server in made.servers:
                closing.callback(server.client.close)
            return made

        yield house


def looks_of(strange: StrangeServer) -> int:
    return len(strange.requests("GET /object_info"))


def test_a_server_is_learned_when_it_connects_and_not_before(
    make: Callable[[int], House],
) -> None:
    house = make(1)
    assert house.look(0.0) is None
    house.connect(house.servers[0])
    house.look(0.0)
    house.wait_looks(1)
    assert house.classes("gpu1") == ("Loader",)
    assert looks_of(house.strange[0]) == 1


def test_it_is_looked_at_again_after_a_while_and_at_once_after_it_was_away(
    make: Callable[[int], House],
) -> None:
    house = make(1)
    house.connect(house.servers[0])
    house.look(0.0)
    house.wait_looks(1)
    wait_s = house.look(0.0)
    assert wait_s is not None
    assert house.look(wait_s - 1) == pytest.approx(1)
    house.look(wait_s)
    house.wait_looks(1)
    house.connect(house.servers[0])
    house.look(0.0)
    house.wait_looks(1)
    assert looks_of(house.strange[0]) == 3


def test_it_is_looked_at_more_often_while_a_job_waits_for_what_no_server_has(
    make: Callable[[int], House],
) -> None:
    house = make(1)
    house.connect(house.servers[0])
    house.look(0.0)
    house.wait_looks(1)
    assert house.look(0.0) == LOOK_AGAIN_S
    job_key = accept_a_job(house.store)
    lacking = Judgement("waiting: model a.pt on no server", is_of_servers=True, is_lack=True)
    house.store.write(lambda session: session.schedules.judged(job_key, lacking, now=NOW))
    assert house.look(1.0) == LOOK_LACKING_S - 1
    house.look(LOOK_LACKING_S)
    house.wait_looks(1)
    house.store.write(lambda session: session.cancel(job_key, now=NOW, why="asked"))
    assert house.look(LOOK_LACKING_S) == LOOK_AGAIN_S


def test_it_is_looked_at_at_once_when_it_has_not_what_it_told(
    make: Callable[[int], House],
) -> None:
    house = make(1)
    house.connect(house.servers[0])
    house.look(0.0)
    house.wait_looks(1)
    house.catalogues.hurry()
    house.look(0.0)
    house.wait_looks(1)
    house.look(0.0)
    assert looks_of(house.strange[0]) == 2


@pytest.mark.parametrize(
    "answer", [Answer(body="{ broken"), Answer(500, "trouble"), Answer(reset=True)]
)
def test_a_server_that_tells_nothing_of_use_is_asked_again_ever_later_and_keeps_what_it_had(
    make: Callable[[int], House], answer: Answer
) -> None:
    house = make(1)
    house.connect(house.servers[0])
    house.look(0.0)
    house.wait_looks(1)
    house.strange[0].answers("GET /object_info", answer)
    now = house.look(0.0)
    delays = []
    for _ in range(3):
        assert now is not None
        house.look(now)
        house.wait_looks(1)
        delays.append(house.look(now))
        now += delays[-1] or 0.0
    assert delays == [5.0, 10.0, 20.0]
    assert house.classes("gpu1") == ("Loader",)


def test_a_server_that_does_not_say_what_it_is_is_asked_again_soon(
    make: Callable[[int], House],
) -> None:
    house = make(1)
    (server,) = house.servers
    house.strange[0].answers("GET /system_stats", Answer(500, "trouble"), Answer(body=FACTS))
    house.connect(server)
    house.look(0.0)
    house.wait_looks(1)
    assert (server.version, house.classes("gpu1")) == (None, ("Loader",))
    wait_s = house.look(0.0)
    assert wait_s == AFTER_FAILURE_S
    house.look(wait_s)
    house.wait_looks(1)
    assert server.version == "0.3.64"


def test_a_server_that_does_not_answer_holds_up_nobody(make: Callable[[int], House]) -> None:
    house = make(2)
    hanging = threading.Event()
    house.strange[0].answers("GET /object_info", Answer(body={"Loader": LOADER}, after=hanging))
    for server in house.servers:
        house.connect(server)
    house.look(0.0)
    house.wait_looks(1)
    assert (house.classes("gpu1"), house.classes("gpu2")) == ((), ("Loader",))
    house.look(0.0)
    hanging.set()
    house.wait_looks(1)
    assert house.classes("gpu1") == ("Loader",)
    assert looks_of(house.strange[0]) == 1


def test_a_farm_of_equal_servers_is_learned_once(make: Callable[[int], House]) -> None:
    house = make(12)
    for server in house.servers:
        house.connect(server)
    house.look(0.0)
    house.wait_looks(12)
    with house.store.reading() as session:
        keys = [session.catalogue.entries_of(server.name) for server in house.servers]
    assert keys == [{"Loader": 1}] * 12


def test_the_log_names_the_signatures_that_changed(make: Callable[[int], House]) -> None:
    house = make(1)
    wider = {"input": {"required": {"name": ["STRING", {}]}}, "output": ["MODEL", "CLIP"]}
    with capture_logs() as log:
        for entry in (LOADER, wider):
            house.strange[0].answers("GET /object_info", Answer(body={"Loader": entry}))
            house.connect(house.servers[0])
            house.look(0.0)
            house.wait_looks(1)
    told = [(line["event"], line["changed"], line["signatures"]) for line in log]
    assert told == [
        ("catalogue.learned", 1, []),
        ("catalogue.learned", 1, ["Loader", "Loader.name"]),
    ]


def test_a_choice_is_spelled_as_the_server_has_it_since_the_last_look(
    make: Callable[[int], House],
) -> None:
    house = make(1)
    spelling = Spelling(house.store)
    house.catalogues = Catalogues(
        house.store,
        house.servers,
        spelling,
        Fitting(),
        on_change=house.changes.release,
        clock=lambda: NOW,
    )
    graph = {"1": {"class_type": "Loader", "inputs": {"name": "wan/A.pt"}}}
    assert spelling.spelled("gpu1", graph) is graph
    other = {"input": {"required": {"name": [["Wan\\a.pt"], {}]}}}
    house.strange[0].answers("GET /object_info", Answer(body={"Loader": other}))
    house.connect(house.servers[0])
    house.look(0.0)
    house.wait_looks(1)
    assert wait_for(
        lambda: spelling.spelled("gpu1", graph)["1"]["inputs"]["name"] == "Wan\\a.pt", within_s=60
    )
