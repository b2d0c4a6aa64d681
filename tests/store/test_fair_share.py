"""Jobs of one priority share the servers, where the rules say so."""

import random
from collections import deque
from collections.abc import Callable, Iterator

import pytest

from tests.builders import NOW, accept_a_job, job_of
from vqd.domain.lifecycle import Move
from vqd.domain.needs import Needs
from vqd.domain.outcome import Succeeded
from vqd.domain.pending import Ahead
from vqd.domain.queue import Prompt, PromptKey
from vqd.domain.schedule import Judgement, Schedule
from vqd.domain.server import ServerRecord
from vqd.service.control import Control, Spot
from vqd.store.foresight import Foresight
from vqd.store.store import Session, Store


@pytest.fixture(autouse=True)
def fair(store: Store) -> None:
    store.write(lambda session: session.rules.keep(is_fair=True))


class Servers:
    """Servers with two places each, on which the prompt that was given first ends first."""

    def __init__(self, store: Store, *names: str, places: int = 2) -> None:
        self._store = store
        self._on: dict[str, deque[PromptKey]] = {name: deque() for name in names}
        self._places = places
        self.tags: dict[str, tuple[str, ...]] = {}
        self.ended: list[str] = []

    def fill(self) -> str:
        """Give every free place a prompt, a place of each server in turn; gives their jobs."""
        given = ""
        for _ in range(self._places):
            for name, on in self._on.items():
                if len(on) < self._places:
                    given += self.give(name)
        return given

    def give(self, name: str) -> str:
        """Claim for a server; gives the name of the job, '' if there is nothing for it."""
        prompt = self._store.write(lambda session: self._claimed(session, name))
        if prompt is None:
            return ""
        self._on[name].append(prompt.key)
        return job_of(self._store, prompt.key.job_key).job

    def _claimed(self, session: Session, name: str) -> Prompt | None:
        tags = self.tags.get(name, ())
        ready = [one for one in session.classes.ready() if one.needs.tags == tags]
        chosen = session.prompts.next(name, now=NOW, classes=ready)
        return session.prompts.claim(name, "p", now=NOW, chosen=chosen) if chosen else None

    def end(self, name: str) -> str:
        """End the first prompt on a server and fill its place; gives the job that got it."""
        key = self._on[name].popleft()
        done = Succeeded((), 1.0)
        self._store.write(lambda session: session.prompts.succeed(key, done, now=NOW))
        self.ended.append(job_of(self._store, key.job_key).job)
        return self.give(name)


@pytest.fixture
def make(store: Store) -> Callable[..., Servers]:
    return lambda *names, **more: Servers(store, *names, **more)


def add(store: Store, *names: str, total: int = 100, **changes: object) -> list[int]:
    return [accept_a_job(store, name, name=name, total=total, **changes) for name in names]


def rounds(servers: Servers, times: int, name: str = "gpu0") -> Iterator[str]:
    for _ in range(times):
        yield servers.end(name)


def test_a_small_job_goes_beside_a_large_one_that_came_before(
    store: Store, make: Callable[..., Servers]
) -> None:
    add(store, "a")
    servers = make("gpu0")
    assert servers.fill() == "aa"
    add(store, "b", total=3)
    assert "".join(rounds(servers, 8)) == "bababaaa"


def test_a_free_place_is_for_the_job_of_which_fewest_run(
    store: Store, make: Callable[..., Servers]
) -> None:
    servers = make("gpu0", "gpu1", "gpu2")
    add(store, "a")
    assert servers.fill() == "aaaaaa"
    add(store, "b")
    assert [servers.end(name) for name in ("gpu0", "gpu1", "gpu2")] == ["b", "b", "b"]
    assert [servers.end(name) for name in ("gpu0", "gpu1", "gpu2")] == ["a", "a", "a"]
    add(store, "c", total=1)
    assert servers.end("gpu0") == "c"


@pytest.mark.parametrize("places", [1, 2])
def test_of_more_jobs_than_places_none_waits_longer_than_a_round(
    store: Store, make: Callable[..., Servers], places: int
) -> None:
    add(store, *"abcde")
    servers = make("gpu0", places=places)
    given = servers.fill() + "".join(rounds(servers, 15 - places))
    assert given == "abcde" * 3


def test_none_waits_longer_where_servers_take_turns_that_can_do_different_things(
    store: Store, make: Callable[..., Servers]
) -> None:
    add(store, "a")
    (big,) = add(store, "c", schedule=Schedule(needs=Needs(("big",))))
    store.write(lambda session: session.schedules.judged(big, Judgement(), now=NOW))
    add(store, "b")
    servers = make("gpu0", "gpu1", places=1)
    servers.tags["gpu1"] = ("big",)
    given = servers.fill() + "".join(servers.end(name) for name in ("gpu0", "gpu1") * 3)
    assert given == "acbcacbc"


def test_a_higher_priority_comes_first_and_the_round_goes_on_after_it(
    store: Store, make: Callable[..., Servers]
) -> None:
    add(store, *"abc")
    servers = make("gpu0", places=1)
    assert servers.fill() + "".join(rounds(servers, 1)) == "ab"
    add(store, *"xy", total=2, priority=60)
    assert "".join(rounds(servers, 7)) == "xyxycab"
    add(store, "z", priority=10)
    assert "".join(rounds(servers, 4)) == "cabc"


def test_a_job_that_was_put_elsewhere_has_that_place_in_the_round(
    store: Store, make: Callable[..., Servers]
) -> None:
    add(store, *"abcd")
    control = Control(store, on_change=lambda: None)
    assert control.place("d", Spot("b"), now=NOW).said == "takes its turn before b"
    assert control.place("c", Spot(), now=NOW).said == "takes its turn first"
    servers = make("gpu0")
    assert servers.fill() + "".join(rounds(servers, 6)) == "cadbcadb"


def test_what_may_not_run_is_passed_over(store: Store, make: Callable[..., Servers]) -> None:
    (shunning,) = add(store, "a", total=1)
    (later,) = add(store, "b", total=1)
    add(store, "c", schedule=Schedule(max_parallel=1))
    (held,) = add(store, "d")
    add(store, "e")
    servers = make("gpu0", "gpu1")
    store.write(lambda session: session.schedules.judged(held, Judgement("x"), now=NOW))
    put_back(store, "gpu0", shunning, not_before_at=NOW, shuns="gpu0")
    put_back(store, "gpu0", later, not_before_at=NOW + 60)
    assert servers.fill() == "caee"
    assert [servers.end("gpu0"), servers.end("gpu0"), servers.end("gpu1")] == ["c", "e", "e"]


def put_back(store: Store, server: str, job_key: int, **values: object) -> None:
    prompt = store.write(lambda session: session.prompts.claim(server, "p", now=NOW))
    assert prompt is not None
    assert prompt.key.job_key == job_key
    told = {"strike": 1, "code": "node_error", "message": "it raised", **values}
    store.write(lambda session: session.prompts.move(prompt.key, Move.REQUEUE, now=NOW, **told))


def test_any_course_leaves_nobody_behind(store: Store, make: Callable[..., Servers]) -> None:
    """However unevenly servers end, no job has got more than one prompt a place more than any
    other."""
    chance = random.Random(11)
    names = "abcdefghijk"
    servers = make("gpu0", "gpu1", "gpu2")
    add(store, *names)
    given = servers.fill()
    given += "".join(servers.end(f"gpu{chance.randrange(3)}") for _ in range(11 * 20))
    counts = [given.count(name) for name in names]
    assert max(counts) - min(counts) <= 6


@pytest.mark.parametrize("is_fair", [True, False])
def test_when_jobs_are_done_is_told_as_it_turns_out(
    store: Store, make: Callable[..., Servers], *, is_fair: bool
) -> None:
    store.write(lambda session: session.rules.keep(is_fair=is_fair))
    seen = [ServerRecord("gpu0", "http://gpu0", "up", None, "0.4", NOW)]
    store.write(lambda session: session.servers.note(seen))
    for name, total, priority in (("a", 30, 50), ("b", 3, 50), ("x", 5, 60), ("c", 12, 50)):
        (job_key,) = add(store, name, total=total, priority=priority)
    store.write(lambda session: session.schedules.measure(job_key, 1.0))
    told: dict[str, float] = {}
    with store.reading() as session:
        for job in session.joblist.open():
            finish = Foresight().finish(session, job, NOW)
            assert finish is not None
            told[job.job] = finish.expected_at - NOW
    servers = make("gpu0")
    servers.fill()
    while len(servers.ended) < 50:
        servers.end("gpu0")  # each takes a second
    ended = {name: len(servers.ended) - servers.ended[::-1].index(name) for name in told}
    assert told == pytest.approx(ended, abs=2)


def test_one_comes_after_the_other_unless_the_rules_say_otherwise(
    store: Store, make: Callable[..., Servers]
) -> None:
    keys = add(store, *"abc", total=3)
    with store.reading() as session:
        assert session.pending.ahead_of(keys[1]) == Ahead(0, 0, 2)
    store.write(lambda session: session.rules.keep(is_fair=False))
    with store.reading() as session:
        assert session.pending.ahead_of(keys[1]) == Ahead(1, 3)
    servers = make("gpu0")
    assert servers.fill() + "".join(rounds(servers, 5)) == "aaabbbc"


def test_what_comes_first_is_of_a_higher_priority_and_the_others_are_beside(store: Store) -> None:
    add(store, "a", total=3)
    own, _ = add(store, "b", "c", total=2)
    add(store, "x", total=7, priority=60)
    add(store, "y", total=9, priority=40)
    with store.reading() as session:
        assert session.pending.ahead_of(own) == Ahead(1, 7, 2)
