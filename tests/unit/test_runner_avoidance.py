"""A server that fails job after job gets none while another is there, and is tried again."""

from collections.abc import Iterator

import pytest

from tests.builders import NOW, accept_a_job
from vqd.runner.avoidance import FAILED_JOBS, FIRST_PROBE_S, LONGEST_PROBE_S, Avoidance
from vqd.runner.choosing import Choosing
from vqd.runner.fitting import Fitting
from vqd.runner.inputs import InputChecks
from vqd.runner.rest import LONGEST_REST_S, Rest
from vqd.runner.server import Server, ServerAddress
from vqd.store.store import Store

T = 1000.0


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    """Two servers that are said to be up."""
    made = [
        Server(
            ServerAddress(name, "http://127.0.0.1:9"),
            InputChecks(),
            on_change=lambda: None,
            chance=lambda: 1.0,
        )
        for name in ("bad", "good")
    ]
    for server in made:
        server.is_up = True
    yield made
    for server in made:
        server.stop()


def fail_jobs(server: Server, now: float = T) -> None:
    for job_key in range(FAILED_JOBS):
        server.standing.blame(job_key, now)


def test_prompts_of_one_job_that_fail_say_nothing_of_the_server() -> None:
    avoidance = Avoidance()
    for _ in range(20):
        avoidance.note_failure(1, T)
    assert not avoidance.yields


def test_several_different_jobs_in_a_row_do() -> None:
    avoidance = Avoidance()
    for job_key in (1, 2, 1, 3):
        assert not avoidance.yields
        avoidance.note_failure(job_key, T)
    assert avoidance.said == "it failed 3 different jobs in a row"


def test_a_job_that_succeeds_in_between_starts_the_row_anew() -> None:
    avoidance = Avoidance()
    for job_key in range(20):
        avoidance.note_failure(job_key, T)
        avoidance.forgive()
    assert not avoidance.yields


def test_probes_come_after_twice_as_long_each_time_until_one_succeeds() -> None:
    avoidance, waits, now = Avoidance(), [], T
    avoidance.begin("it is of no use", now)
    for _ in range(7):
        assert not avoidance.may_probe(avoidance.probe_at - 0.1)
        waits.append(avoidance.wait_s)
        now = avoidance.probe_at
        assert avoidance.may_probe(now)
        avoidance.is_probing = True
        avoidance.note_failure(1, now)
        avoidance.note_failure(1, now)  # of the same trouble
    assert waits == [FIRST_PROBE_S * 2**turn for turn in range(5)] + [LONGEST_PROBE_S] * 2
    avoidance.forgive()
    assert not avoidance.yields


def test_an_avoided_server_is_given_nothing_that_another_can_serve(
    store: Store, servers: list[Server]
) -> None:
    accept_a_job(store, total=9)
    bad, good = servers
    fail_jobs(bad)
    free = [server for server in servers for _ in server.free_places(T)]
    claimed = store.write(
        lambda session: list(Choosing(servers, Fitting()).claims(session, free, NOW))
    )
    assert {server.name for _, server in claimed} == {"good"}
    good.is_up = False
    claimed = store.write(
        lambda session: list(Choosing(servers, Fitting()).claims(session, [bad], NOW))
    )
    assert [server.name for _, server in claimed] == ["bad"]


def test_its_probe_is_one_prompt(store: Store, servers: list[Server]) -> None:
    accept_a_job(store, total=9)
    bad, _ = servers
    fail_jobs(bad)
    at = bad.standing.wakes_at(T)
    assert at is not None
    places = bad.free_places(at)
    assert list(places) == [0]
    (claimed,) = store.write(
        lambda session: list(Choosing(servers, Fitting()).claims(session, [bad], NOW))
    )
    bad.places.enter("p")
    assert not bad.free_places(at)
    bad.leave("p")
    bad.places.part()
    fail_jobs(bad, at)
    assert bad.standing.yields
    bad.standing.refresh()
    assert len(bad.free_places(at)) == 2
    assert claimed[1] is bad


def test_what_is_said_of_it_is_why_and_when_it_is_tried(servers: list[Server]) -> None:
    bad, _ = servers
    fail_jobs(bad)
    record = bad.record(NOW)
    assert record.state == "avoided"
    assert record.said == (
        "it failed 3 different jobs in a row: others are asked first, and it is tried every 60 s"
    )


def test_a_rest_grows_and_no_two_servers_end_theirs_at_once() -> None:
    chances = [turn / 64 for turn in range(64)]
    rests = [Rest(lambda chance=chance: chance) for chance in chances]  # type: ignore[misc]
    longest = []
    for _ in range(8):
        for rest in rests:
            rest.begin(T)
        assert len({round(rest.until, 4) for rest in rests}) == 64
        longest.append(max(rest.length_s for rest in rests))
    assert longest == sorted(longest)
    assert LONGEST_REST_S * 0.9 < longest[-1] <= LONGEST_REST_S


def test_after_a_rest_a_server_gets_one_prompt_until_it_has_made_something(
    servers: list[Server],
) -> None:
    server, _ = servers
    server.rest(T)
    assert not server.free_places(T)
    at = server.standing.wakes_at(T)
    assert at is not None
    assert list(server.free_places(at)) == [0]
    server.standing.refresh()
    assert list(server.free_places(at)) == [0, 1]
