"""Which jobs may start, judged with the servers there are."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.builders import NOW, accept_a_job, job_of
from tests.strange_server import Answer, StrangeServer
from vqd.domain.lifecycle import JobState
from vqd.domain.needs import Capability, Needs
from vqd.domain.outcome import Succeeded
from vqd.domain.queue import PromptKey
from vqd.domain.schedule import Schedule
from vqd.domain.window import Window
from vqd.runner.choosing import Choosing
from vqd.runner.fitting import Fitting
from vqd.runner.inputs import InputChecks
from vqd.runner.judging import JUDGED_AT_A_TIME, Judged, Judging
from vqd.runner.server import Server, ServerAddress
from vqd.store.store import Store

HOUR = 3600.0
MADE = Succeeded((), 1.0)


@pytest.fixture
def strange() -> Iterator[StrangeServer]:
    """A server that tells of one card of 24 GB, a little less as such cards do."""
    card = {"name": "RTX", "type": "cuda", "vram_total": 25_393_692_672, "vram_free": 1}
    facts = {"system": {"comfyui_version": "0.3.64"}, "devices": [card]}
    with StrangeServer() as server:
        server.answers("GET /system_stats", Answer(body=facts))
        yield server


def a_server(name: str, url: str = "http://127.0.0.1:1", **has: Any) -> Server:
    """A server that is up, and not spoken to."""
    capability = Capability(frozenset(has.get("tags", ())), has.get("vram_gb"))
    address = ServerAddress(name, url, capability=capability)
    server = Server(address, InputChecks(), on_change=lambda: None)
    server.is_up = True
    return server


def scheduled(
    store: Store, name: str = "a", *, deadline_s: float | None = None, **when: Any
) -> int:
    schedule = Schedule(**when)
    return accept_a_job(store, f"J-{name}", total=2, schedule=schedule, deadline_s=deadline_s)


def is_stale(store: Store, judging: Judging) -> bool:
    with store.reading() as session:
        return judging.is_stale(session, NOW)


def judge(store: Store, judging: Judging, now: float = NOW) -> list[Judged]:
    return store.write(lambda session: judging.judge(session, now))


def claimed(
    store: Store, *free: Server, everyone: Sequence[Server] | None = None
) -> list[tuple[int, str]]:
    """Claim for these servers, which are all there are; gives the jobs and their servers."""
    choosing = Choosing(everyone or free, Fitting())
    pairs = store.write(lambda session: list(choosing.claims(session, free, NOW)))
    return [(prompt.key.job_key, server.name) for prompt, server in pairs]


def test_a_window_holds_a_job_and_lets_it_go_again(store: Store) -> None:
    always, never = Window(0, 1440), Window(0, 1, frozenset({6}))
    job_key = scheduled(store, window="w")
    server = a_server("gpu1")
    (held,) = judge(store, Judging({"w": never}, [server], Fitting()))
    assert held.hold is not None
    assert held.hold.startswith("outside its window w")
    assert claimed(store, server) == []
    (freed,) = judge(store, Judging({"w": always}, [server], Fitting()))
    assert (freed.hold, freed.is_news) == (None, True)
    assert claimed(store, server) == [(job_key, "gpu1")]


def test_servers_are_given_what_they_can_serve_and_are_not_held_up_by_the_rest(
    store: Store,
) -> None:
    wan = scheduled(store, "wan", needs=Needs.of(["wan"], None))
    plain = scheduled(store, "plain")
    fast, slow = a_server("fast", tags=["wan"]), a_server("slow")
    judge(store, Judging({}, [fast, slow], Fitting()))
    assert claimed(store, slow, fast, slow, slow, fast) == [
        (plain, "slow"),
        (wan, "fast"),
        (plain, "slow"),
        (wan, "fast"),
    ]


def test_a_server_that_tells_of_its_card_frees_the_jobs_that_need_it(
    store: Store, strange: StrangeServer
) -> None:
    scheduled(store, needs=Needs.of([], 24))
    server = a_server("gpu1", strange.url)
    judging = Judging({}, [server], Fitting())
    (held,) = judge(store, judging)
    assert held.hold == "no server is known to have 24 GB of VRAM"
    stale = [is_stale(store, judging)]
    server.learn()
    server.client.close()
    stale.append(is_stale(store, judging))
    (freed,) = judge(store, judging)
    assert freed.hold is None
    assert [*stale, is_stale(store, judging)] == [False, True, False]


def test_the_settings_know_better_than_the_card(store: Store, strange: StrangeServer) -> None:
    server = a_server("gpu1", strange.url, vram_gb=16)
    server.learn()
    server.client.close()
    assert server.capability.vram_gb == 16


def test_a_job_past_its_deadline_is_cancelled_whatever_holds_it(store: Store) -> None:
    job_key = scheduled(store, suspended=True, deadline_s=HOUR)
    judging = Judging({}, [a_server("gpu1")], Fitting())
    judge(store, judging)
    assert judge(store, judging, NOW + HOUR - 1) == []
    (judged,) = judge(store, judging, NOW + HOUR)
    assert judged.is_news
    job = job_of(store, job_key)
    assert job.counts.cancelled == 2
    assert job.why == "cancelled: it was not done by its deadline (retry.deadline)"
    assert judge(store, judging, NOW + 2 * HOUR) == []


def test_a_job_that_is_only_to_be_laid_out_is_done_whatever_its_deadline(store: Store) -> None:
    job_key = scheduled(store, deadline_s=HOUR)
    judging = Judging({}, [a_server("gpu1")], Fitting())
    judge(store, judging)
    for _ in range(2):
        prompt = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
        assert prompt is not None
        store.write(lambda session, p=prompt: session.prompts.succeed(p.key, MADE, now=NOW))  # type: ignore[misc]
    assert [one.is_news for one in judge(store, judging, NOW + HOUR)] == [False]
    assert judge(store, judging, NOW + 2 * HOUR) == []
    job = job_of(store, job_key)
    assert (job.ends_as, job.why) == (JobState.DONE, None)


def test_many_jobs_are_judged_in_turns_and_none_starts_before_its_own(store: Store) -> None:
    total = JUDGED_AT_A_TIME + 10
    for number in range(total):
        scheduled(store, str(number), needs=Needs.of(["wan"], None), suspended=number < total - 1)
    last = total
    server = a_server("gpu1", tags=["wan"])
    judging = Judging({}, [server], Fitting())
    assert len(judge(store, judging)) == JUDGED_AT_A_TIME
    assert claimed(store, server) == []
    with store.reading() as session:
        assert session.schedules.next_at() == 0.0
    assert len(judge(store, judging)) == 10
    assert claimed(store, server) == [(last, "gpu1")]


def routed(store: Store, needs: Needs, number: int = 1) -> None:
    """Let a prompt of the first job wait for servers that have so much."""
    store.write(lambda session: session.prompts.climb(PromptKey(1, number), 1, needs))


def test_a_routed_prompt_goes_only_to_a_server_that_fits_its_route(store: Store) -> None:
    small, big = a_server("small", vram_gb=24), a_server("big", vram_gb=48)
    job_key = scheduled(store)
    routed(store, Needs.of([], 40))
    assert claimed(store, small, small, everyone=[small, big]) == [(job_key, "small")]
    with store.reading() as session:
        (first,) = session.prompts.running(job_key)
    assert first.key.number == 2
    assert claimed(store, small, everyone=[small, big]) == []
    assert claimed(store, small, big) == [(job_key, "big")]


def test_a_routed_prompt_does_not_wait_for_a_server_that_is_not_there_any_more(
    store: Store,
) -> None:
    small = a_server("small", vram_gb=24)
    job_key = scheduled(store)
    for number in (1, 2):
        routed(store, Needs.of([], 40), number)
    assert claimed(store, small, small) == [(job_key, "small")] * 2


def test_a_routed_prompt_overtakes_no_job_of_higher_priority(store: Store) -> None:
    big = a_server("big", vram_gb=48)
    scheduled(store, "low")
    routed(store, Needs.of([], 40))
    high = scheduled(store, "high")
    store.write(lambda session: session.schedules.prioritise(high, 80, now=NOW))
    assert claimed(store, big, big, big) == [(high, "big"), (high, "big"), (1, "big")]
