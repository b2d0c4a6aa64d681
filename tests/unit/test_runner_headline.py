"""One line tells how the queue is, and is told when it changes."""

import pytest

from tests.builders import NOW, accept_a_job
from vqd.domain.server import ServerRecord
from vqd.runner.headline import LOOK_EVERY_S, Headline
from vqd.store.store import Store


@pytest.fixture
def told() -> list[str]:
    return []


def _headline(store: Store, told: list[str], *, held: str | None = None) -> Headline:
    return Headline(store, held_by=lambda: held, tell=told.append)


def _server(name: str, state: str) -> ServerRecord:
    return ServerRecord(name, f"http://{name}", state, None, None, NOW)


def test_an_empty_queue_without_servers_is_told(store: Store, told: list[str]) -> None:
    assert _headline(store, told).look() == LOOK_EVERY_S

    assert told == ["no open jobs, 0 prompts run, 0 wait; 0 of 0 servers up"]


def test_open_jobs_their_prompts_and_the_servers_that_take_some_are_counted(
    store: Store, told: list[str]
) -> None:
    accept_a_job(store, "20260101-000000-a")
    accept_a_job(store, "20260101-000000-b")
    servers = [_server("a", "up"), _server("b", "avoided"), _server("c", "down")]
    store.write(lambda session: session.servers.note(servers))

    _headline(store, told).look()

    assert told == ["2 open jobs, 0 prompts run, 4 wait; 2 of 3 servers up"]


def test_why_nothing_is_sent_comes_first_and_stays_one_line(store: Store, told: list[str]) -> None:
    _headline(store, told, held="share away: /srv/a\nb").look()

    assert told == [
        "share away: /srv/a\\nb; no open jobs, 0 prompts run, 0 wait; 0 of 0 servers up"
    ]


def test_what_stays_as_it_was_is_told_once(store: Store, told: list[str]) -> None:
    headline = _headline(store, told)
    headline.look()
    headline.look()
    accept_a_job(store)
    headline.look()

    assert len(told) == 2
    assert told[1].startswith("1 open job, 0 prompts run, 2 wait")
