"""Prompts go to servers that have what they require, and stay where their models are."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.builders import A_JOB_FILE, NOW, a_plan
from vqd.domain.graph import NamedGraph, Target
from vqd.domain.job import PlannedJob, PlannedPrompt
from vqd.domain.lifecycle import Move
from vqd.domain.needs import Capability, Needs
from vqd.domain.queue import PromptKey
from vqd.domain.schedule import Schedule
from vqd.runner.affinity import STAY_S
from vqd.runner.choosing import Choosing
from vqd.runner.fitting import Fitting
from vqd.runner.inputs import InputChecks
from vqd.runner.judging import DOWN_SAID_S, Judged, Judging
from vqd.runner.server import Server, ServerAddress
from vqd.store.learning import learn
from vqd.store.requirements import MOST_OF_A_JOB
from vqd.store.store import Session, Store

MODEL = Target("1", "name")
GRAPH = NamedGraph.of(
    {
        "1": {"class_type": "Loader", "inputs": {"name": "a.pt"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
)


class Farm:
    """Servers that are not spoken to, and what the loop does with them."""

    def __init__(self, store: Store, *names: str, tags: Mapping[str, str] | None = None) -> None:
        self.store = store
        self.servers = {name: _server(name, (tags or {}).get(name)) for name in names}
        self.fitting = Fitting()
        self.choosing = Choosing([*self.servers.values()], self.fitting)
        self.judging = Judging({}, [*self.servers.values()], self.fitting)

    def tells(self, server: str, *models: str, **more: Any) -> None:
        """Let a server have these models."""
        classes = {"Loader": {"input": {"required": {"name": [[*models], {}]}}}, "SaveImage": {}}
        told = {**classes, **more}
        sha256 = f"{abs(hash((server, models, *more))):064x}"[-64:]
        learn(self.store, server, sha256, told.items, now=NOW)
        self.fitting.forget(server)

    def gives(self, *free: str, now: float = NOW) -> list[tuple[int, str | None]]:
        """Claim for these servers in turn; gives the jobs and their servers."""
        slots = [self.servers[name] for name in free]
        pairs = self.store.write(lambda session: list(self.choosing.claims(session, slots, now)))
        return [(prompt.key.job_key, server.name) for prompt, server in pairs]

    def judge(self, now: float = NOW) -> list[Judged]:
        return self.store.write(lambda session: self.judging.judge(session, now))

    def holds(self, now: float = NOW) -> list[str | None]:
        return [one.hold for one in self.judge(now)]

    def is_lacking(self) -> bool:
        with self.store.reading() as session:
            return session.schedules.is_lacking()


def _server(name: str, tag: str | None) -> Server:
    capability = Capability(frozenset({tag} if tag else ()))
    address = ServerAddress(name, "http://127.0.0.1:1", capability=capability)
    server = Server(address, InputChecks(), on_change=lambda: None)
    server.is_up = True
    return server


@pytest.fixture
def make(store: Store) -> Callable[..., Farm]:
    return lambda *names, **more: Farm(store, *names, **more)


def add(store: Store, *models: str, **plan: Any) -> int:
    """Bring in a job of a prompt for each model; gives its key."""

    def prompts() -> Iterator[PlannedPrompt]:
        for number, model in enumerate(models, 1):
            yield PlannedPrompt(
                number, GRAPH, {MODEL: model}, {}, {}, 1, f"o{number}", is_proof=number == 1
            )

    with store.reading() as session:
        job = f"J-{len(session.joblist.newest(1000)) + 1}"
    planned = PlannedJob(a_plan(len(models), name=job, **plan), prompts)
    store.accept(job, planned, A_JOB_FILE, input_folder="", now=NOW)
    with store.reading() as session:
        found = session.jobs.find(job)
    assert found is not None
    return found.job_key


def running(store: Store, job_key: int) -> list[tuple[int, str | None]]:
    """The numbers of a job's running prompts, and their servers."""
    with store.reading() as session:
        return [(one.key.number, one.server) for one in session.prompts.running(job_key)]


def requeue(store: Store, job_key: int, number: int) -> None:
    def move(session: Session) -> None:
        key = PromptKey(job_key, number)
        session.prompts.move(key, Move.REQUEUE, now=NOW, strike=0, not_before_at=0.0)

    store.write(move)


def test_a_job_goes_to_the_servers_alone_that_have_its_model(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1", "gpu2")
    farm.tells("gpu1", "a.pt")
    farm.tells("gpu2", "dir\\B.PT")
    only_two = add(store, "dir/b.pt", "dir/b.pt")
    assert farm.gives("gpu1") == []
    any_one = add(store, "a.pt")
    assert farm.gives("gpu1", "gpu2") == [(any_one, "gpu1"), (only_two, "gpu2")]
    assert farm.judge() == []


def test_prompts_of_one_job_go_each_to_a_server_that_has_their_model(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1", "gpu2")
    farm.tells("gpu1", "a.pt")
    farm.tells("gpu2", "b.pt")
    job_key = add(store, "a.pt", "b.pt", "a.pt", "b.pt")
    farm.gives("gpu2", "gpu1", "gpu2", "gpu1", "gpu1", "gpu2")
    assert running(store, job_key) == [(1, "gpu1"), (2, "gpu2"), (3, "gpu1"), (4, "gpu2")]


def test_a_model_that_no_server_has_is_waited_for_until_one_gains_it(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1", "gpu2")
    farm.tells("gpu1", "wan/high.pt")
    farm.tells("gpu2")
    job_key = add(store, "wan/hihg.pt")
    assert farm.gives("gpu1", "gpu2") == []
    assert farm.holds() == [
        "waiting: model wan/hihg.pt on no server"
        " (looked for in Loader.name; did you mean wan/high.pt?)"
    ]
    assert farm.is_lacking()
    assert farm.judge() == []
    farm.tells("gpu2", "WAN\\hihg.pt")
    assert farm.holds() == [None]
    assert not farm.is_lacking()
    assert farm.gives("gpu1", "gpu2") == [(job_key, "gpu2")]


def test_a_node_class_that_no_server_has_is_waited_for(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1")
    learn(store, "gpu1", "a" * 64, {"Loaders": {}, "SaveImage": {}}.items, now=NOW)
    add(store, "a.pt")
    assert farm.holds() == ["waiting: node class Loader on no server (did you mean Loaders?)"]


def test_servers_that_lack_different_things_are_told_apart(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1", "gpu2")
    farm.tells("gpu1", "b.pt")
    learn(
        store,
        "gpu2",
        "a" * 64,
        {"Loader": {"input": {"required": {"name": [["a.pt"]]}}}}.items,
        now=NOW,
    )
    add(store, "a.pt")
    assert farm.holds() == [
        "waiting: no server has all that it takes: gpu1 no model a.pt, gpu2 no node class SaveImage"
    ]


def test_a_model_is_looked_for_where_the_needs_are_met(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1", "gpu2", tags={"gpu1": "wan"})
    farm.tells("gpu1", "b.pt")
    farm.tells("gpu2", "a.pt")
    add(store, "a.pt", schedule=Schedule(needs=Needs.of(["wan"], None)))
    (said,) = farm.holds()
    assert said is not None
    assert said.startswith("waiting: model a.pt on no server that has what it needs (")


def test_a_server_whose_catalogue_is_not_known_is_sent_everything(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1", "gpu2")
    farm.tells("gpu1", "b.pt")
    job_key = add(store, "a.pt", "a.pt")
    assert farm.gives("gpu1", "gpu2") == [(job_key, "gpu2")]
    assert farm.judge() == []


def test_what_of_a_job_can_run_does_and_then_the_rest_is_waited_for(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1")
    farm.tells("gpu1", "a.pt")
    job_key = add(store, "b.pt", "a.pt", "a.pt")
    assert farm.judge() == []
    farm.gives("gpu1")
    assert farm.judge() == []
    farm.gives("gpu1")
    (judged,) = farm.judge()
    assert judged.hold is not None
    assert judged.hold.startswith("waiting: model b.pt on no server")
    assert not judged.stops
    assert running(store, job_key) == [(2, "gpu1"), (3, "gpu1")]
    requeue(store, job_key, 3)
    assert farm.holds() == [None]
    assert farm.gives("gpu1", "gpu1") == [(job_key, "gpu1")]
    assert running(store, job_key) == [(2, "gpu1"), (3, "gpu1")]


def test_a_proof_waits_for_its_own_models_and_the_rest_for_theirs_once_it_is_approved_of(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1")
    farm.tells("gpu1", "a.pt")
    job_key = add(store, "b.pt", "a.pt", has_proof=True)
    (said,) = farm.holds()
    assert said is not None
    assert said.startswith("waiting: model b.pt on no server")
    farm.tells("gpu1", "b.pt")
    assert farm.holds() == [None]
    assert farm.gives("gpu1") == [(job_key, "gpu1")]
    store.write(lambda session: session.schedules.approve(job_key, now=NOW))
    (said,) = farm.holds()
    assert said is not None
    assert said.startswith("waiting: model a.pt on no server")


def test_a_job_with_more_models_than_are_told_apart_is_sent_and_not_looked_at(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1")
    farm.tells("gpu1", "none.pt")
    job_key = add(store, *(f"{number}.pt" for number in range(MOST_OF_A_JOB + 3)))
    assert farm.gives(*["gpu1"] * 9) == [(job_key, "gpu1")] * 3


def test_the_only_server_that_fits_is_named_when_it_is_down(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1", "gpu2")
    farm.tells("gpu1", "a.pt")
    farm.tells("gpu2", "b.pt")
    job_key = add(store, "a.pt")
    gpu1 = farm.servers["gpu1"]
    gpu1.is_up = False
    store.write(lambda session: session.servers.note([gpu1.record(NOW)]))
    assert farm.judge() == []
    assert farm.judging.next_at(NOW) == NOW + DOWN_SAID_S
    (said,) = farm.holds(NOW + DOWN_SAID_S)
    assert said is not None
    assert said.startswith("waits for server gpu1, which is down since ")
    assert not farm.is_lacking()
    gpu1.is_up = True
    assert farm.holds(NOW + 20) == [None]
    assert farm.gives("gpu1") == [(job_key, "gpu1")]


def test_several_servers_that_are_down_are_all_named(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1", "gpu2")
    add(store, "a.pt")
    for server in farm.servers.values():
        server.is_up = False
    farm.judge()
    (said,) = farm.holds(NOW + DOWN_SAID_S)
    assert said is not None
    assert said.startswith("waits for servers that are down: gpu1 (since ")
    assert ", gpu2 (since " in said


def test_two_jobs_part_by_model_and_each_stays_with_its_own(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1", "gpu2")
    one, two = add(store, *["a.pt"] * 3), add(store, *["b.pt"] * 3)
    given = farm.gives("gpu1", "gpu2", "gpu1", "gpu2", "gpu2", "gpu1")
    assert given == [(one, "gpu1"), (two, "gpu2")] * 2 + [(two, "gpu2"), (one, "gpu1")]


def test_a_server_helps_with_another_model_when_its_own_is_wanted_no_more(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1", "gpu2")
    one, two = add(store, *["a.pt"] * 3), add(store, "b.pt")
    assert farm.gives("gpu1", "gpu2", "gpu2") == [(one, "gpu1"), (two, "gpu2"), (one, "gpu2")]


def test_an_older_job_is_passed_over_for_a_bounded_time(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1")
    first = add(store, "b.pt")
    assert farm.gives("gpu1") == [(first, "gpu1")]
    older, newer = add(store, *["a.pt"] * 9), add(store, *["b.pt"] * 9)
    times = [0.0, STAY_S - 1, STAY_S, STAY_S + 1, 2 * STAY_S]
    given = [farm.gives("gpu1", now=NOW + at)[0][0] for at in times]
    assert given == [newer, newer, older, older, older]


def test_models_stay_where_they_are_for_a_bounded_time_where_jobs_share_the_servers(
    store: Store, make: Callable[..., Farm]
) -> None:
    store.write(lambda session: session.rules.keep(is_fair=True))
    farm = make("gpu1")
    one, two = add(store, *["a.pt"] * 9), add(store, *["a.pt"] * 9)
    other = add(store, *["b.pt"] * 9)
    times = [0.0, 1.0, 2.0, STAY_S, STAY_S + 2, STAY_S + 3]
    given = [farm.gives("gpu1", now=NOW + at)[0][0] for at in times]
    assert given == [one, two, one, two, other, other]


def test_a_clock_that_is_set_back_makes_nobody_wait_longer(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1")
    add(store, "b.pt")
    farm.gives("gpu1")
    older, newer = add(store, *["a.pt"] * 9), add(store, *["b.pt"] * 9)
    given = [farm.gives("gpu1", now=at)[0][0] for at in (NOW, NOW - 9)]
    assert given == [newer, older]


def test_models_are_no_reason_to_pass_a_higher_priority_over(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1")
    low = add(store, *["b.pt"] * 3)
    assert farm.gives("gpu1") == [(low, "gpu1")]
    high = add(store, "a.pt", priority=60)
    assert farm.gives("gpu1", "gpu1") == [(high, "gpu1"), (low, "gpu1")]


def test_a_server_that_was_restarted_has_nothing_loaded(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1")
    add(store, "b.pt")
    farm.gives("gpu1")
    older, _ = add(store, "a.pt"), add(store, "b.pt")
    farm.servers["gpu1"].connection += 1
    assert farm.gives("gpu1") == [(older, "gpu1")]


def test_within_a_job_prompts_of_one_model_come_together(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1")
    job_key = add(store, "a.pt", "b.pt", "a.pt", "b.pt")
    numbers: list[int] = []
    for _ in range(4):
        farm.gives("gpu1")
        known = {number for number, _ in running(store, job_key)}
        numbers += known.difference(numbers)
    assert numbers == [1, 3, 2, 4]


def test_a_ladder_leads_to_a_server_that_has_the_model(
    store: Store, make: Callable[..., Farm]
) -> None:
    farm = make("gpu1", "gpu2", tags={"gpu1": "big", "gpu2": "big"})
    farm.tells("gpu1", "b.pt")
    farm.tells("gpu2", "a.pt")
    job_key = add(store, "a.pt")
    needs = Needs.of(["big"], None)
    store.write(lambda session: session.prompts.climb(PromptKey(job_key, 1), 1, needs))
    assert farm.gives("gpu1", "gpu2") == [(job_key, "gpu2")]
