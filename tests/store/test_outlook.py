"""What decides when jobs will be done, as the store knows it."""

from statistics import fmean, pvariance

import pytest

from tests.builders import NOW, accept_a_job
from vqd.domain.schedule import Judgement
from vqd.domain.server import ServerRecord
from vqd.store.foresight import Foresight
from vqd.store.learning import learn
from vqd.store.store import Store

TIMES = [4.0, 9.0, 2.5, 7.0, 30.0]


def measure(store: Store, job_key: int, *times: float) -> None:
    for seconds in times:
        store.write(lambda session, s=seconds: session.schedules.measure(job_key, s))  # type: ignore[misc]


def left_s(store: Store, job_key: int, now: float = NOW) -> float | None:
    with store.reading() as session:
        told = Foresight().finish(session, session.jobs.get(job_key), now)
    return None if told is None else told.expected_at - now


def sees(store: Store, *names: str) -> None:
    seen = [ServerRecord(name, f"http://{name}", "up", None, "0.4", NOW) for name in names]
    store.write(lambda session: session.servers.note(seen))


def test_mean_and_variance_are_those_of_what_was_measured(store: Store) -> None:
    measure(store, accept_a_job(store), *TIMES)
    with store.reading() as session:
        pace = session.estimates.pace("image-scale")
        assert session.estimates.pace("never-measured") is None
    assert pace is not None
    assert pace.measured == 5
    assert pace.mean_s == pytest.approx(fmean(TIMES))
    assert pace.variance == pytest.approx(pvariance(TIMES))


def test_mean_and_variance_follow_the_newest_prompts(store: Store) -> None:
    measure(store, accept_a_job(store), *[10.0, 90.0] * 20, *[100.0] * 100)
    with store.reading() as session:
        pace = session.estimates.pace("image-scale")
    assert pace is not None
    assert pace.mean_s == pytest.approx(100, abs=1)
    assert pace.variance < 50


def test_the_finish_counts_what_is_on_the_servers_and_what_comes_before(store: Store) -> None:
    first = accept_a_job(store, "first", total=3)
    held = accept_a_job(store, "held", total=50)
    store.write(lambda session: session.schedules.judged(held, Judgement("x"), now=NOW))
    own = accept_a_job(store, "own", total=2)
    measure(store, own, 10.0)
    assert left_s(store, own) is None
    sees(store, "gpu0")
    store.write(lambda session: session.prompts.claim("gpu0", "p", now=NOW))
    assert left_s(store, first, NOW + 4) == 26
    assert left_s(store, own, NOW + 4) == 46
    sees(store, "gpu1")
    assert left_s(store, own, NOW + 4) == 26


def test_a_server_that_has_not_the_nodes_of_a_job_does_not_count_until_it_has(
    store: Store,
) -> None:
    own = accept_a_job(store, "own", total=4)
    measure(store, own, 10.0)
    sees(store, "gpu0", "gpu1")
    assert left_s(store, own) == 20
    learn(store, "gpu1", "1" * 64, {"Other": {}}.items, now=NOW)
    foresight = Foresight()

    def told_s(now: float) -> float:
        with store.reading() as session:
            told = foresight.finish(session, session.jobs.get(own), now)
        assert told is not None
        return told.expected_at - now

    assert told_s(NOW) == 40
    learn(store, "gpu1", "2" * 64, {"EmptyImage": {}, "SaveImage": {}}.items, now=NOW)
    assert told_s(NOW) == 20


def test_the_queue_is_looked_at_again_after_a_while_and_when_the_clock_was_set_back(
    store: Store,
) -> None:
    own = accept_a_job(store, "own", total=4)
    measure(store, own, 10.0)
    foresight = Foresight()
    for now, is_told in ((NOW, False), (NOW + 1, False), (NOW + 2, True), (NOW - 99, True)):
        with store.reading() as session:
            told = foresight.finish(session, session.jobs.get(own), now)
        assert (told is not None) is is_told
        sees(store, "gpu0")
    assert told is not None
    assert told.expected_at == NOW - 99 + 40
