"""What is told to those who look on, and what becomes of those who do not listen."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.builders import NOW, accept_a_job
from tests.listening import Listener
from tests.waiting import wait_for
from tests.webhouse import WebHouse, web_house
from vqd.domain.errors import STORE_UNREACHABLE, VqdError
from vqd.domain.live import Live, LivePrompt
from vqd.domain.outcome import Progress
from vqd.domain.queue import PromptKey
from vqd.domain.server import ServerRecord
from vqd.service.changes import MOST_EVENTS, Changes
from vqd.store.store import Session
from vqd.web.events import MOST_CLIENTS

RUNNING: dict[PromptKey, LivePrompt] = {}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """An API in which what is in RUNNING runs."""
    live = Live(prompts=lambda: dict(RUNNING), preview={"gpu0": b"\xff\xd8jpeg"}.get)
    with web_house(tmp_path_factory.mktemp("house"), live=live) as made:
        yield made


def test_a_job_is_told_of_as_it_comes_and_changes(house: WebHouse) -> None:
    job = "20260101-000000-changes"
    with Listener(house.url) as listener:
        job_key = accept_a_job(house.store, job)
        assert listener.wait("job")["job"] == job
        house.store.write(lambda session: session.prompts.claim("gpu0", "p", now=NOW))
        told = listener.wait("prompts")
        assert (told["job"], told["whole"]) == (job, True)
        assert [(one["prompt"], one["state"]) for one in told["prompts"]] == [(1, "running")]
        house.store.write(lambda session: session.cancel(job_key, now=NOW, why="a test"))
        wait_for(
            lambda: listener.wait("job")["counts"]["cancelled"] == 1, within_s=30, what="the cancel"
        )


def test_what_runs_is_told_as_it_gets_on_and_when_it_ends(house: WebHouse) -> None:
    job = "20260101-000001-runs"
    key = PromptKey(accept_a_job(house.store, job), 1)
    with Listener(house.url) as listener:
        RUNNING[key] = LivePrompt("gpu0", Progress("7", 0.25, step="5/20"))
        told = wait_for(lambda: listener.wait("running")["running"], within_s=30)
        assert told == [
            {
                "job": job,
                "prompt": 1,
                "server": "gpu0",
                "node": "7",
                "step": "5/20",
                "percent": 25,
                "preview": True,
            }
        ]
        RUNNING.clear()
        wait_for(lambda: listener.wait("running")["running"] == [], within_s=30)
    assert house.get("/api/system/servers/gpu0/preview").content == b"\xff\xd8jpeg"
    assert house.get("/api/system/servers/gpu1/preview").status_code == 404


def test_servers_and_a_pause_are_told(house: WebHouse) -> None:
    with Listener(house.url) as listener:
        assert listener.wait("system") == {"paused": False, "away": None, "settings_said": None}
        gone = ServerRecord("gpu0", "http://gpu0:8188", "down", "refused", None, NOW)
        house.store.write(lambda session: session.servers.note([gone]))
        wait_for(lambda: listener.wait("servers")["servers"], within_s=30)
        (server,) = listener.wait("servers")["servers"]
        assert (server["name"], server["state"], server["said"]) == ("gpu0", "down", "refused")
        house.post("/api/system/pause")
        wait_for(lambda: listener.wait("system")["paused"], within_s=30, what="the pause")


def test_who_comes_back_is_told_what_was_missed(house: WebHouse) -> None:
    with Listener(house.url) as listener:
        last_id = listener.last_id
    accept_a_job(house.store, "20260101-000002-missed")
    with Listener(house.url, **{"Last-Event-ID": str(last_id)}) as back:
        assert [job["job"] for job in back.of("job")] == ["20260101-000002-missed"]
        assert back.of("reload") == []
        assert back.last_id != last_id


@pytest.mark.parametrize("last_id", ["999999", "-1", "x", "9" * 30, "\u00b2".encode("latin-1")])
def test_who_was_never_here_is_told_to_ask_for_everything(
    house: WebHouse, last_id: str | bytes
) -> None:
    with Listener(house.url, **{"Last-Event-ID": last_id}) as back:  # type: ignore[arg-type]
        assert back.of("reload") == [{}]


def test_who_missed_too_much_is_told_to_ask_for_everything(house: WebHouse) -> None:
    job_key = accept_a_job(house.store, "20260101-000003-much")

    def much(session: Session) -> None:
        for _ in range(MOST_EVENTS + 1):
            session.events.add("job.noted", at=NOW, job_key=job_key)

    with Listener(house.url) as listener:
        house.store.write(much)
        listener.wait("reload")
        accept_a_job(house.store, "20260101-000004-next")
        wait_for(lambda: listener.of("job"), within_s=30, what="the next job")


def test_only_so_many_may_look_on_and_who_leaves_makes_room(house: WebHouse) -> None:
    sockets = [asked(house.url) for _ in range(MOST_CLIENTS)]
    try:
        for one in sockets:
            assert b"200 OK" in one.recv(4096)
        with requests.get(f"{house.url}/api/events", stream=True, timeout=60) as refused:
            assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        sockets.pop().close()
        wait_for(lambda: is_let_in(house.url), within_s=60, what="a place")
    finally:
        for one in sockets:
            one.close()


def test_who_asks_for_the_head_alone_looks_not_on(tmp_path: Path) -> None:
    with web_house(tmp_path) as house:
        for _ in range(MOST_CLIENTS):
            assert house.session.head(f"{house.url}/api/events", timeout=60).status_code == 200
        assert is_let_in(house.url)


def test_who_comes_while_the_queue_cannot_be_read_is_told_so_and_let_in_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Changes) -> int:
        raise VqdError(STORE_UNREACHABLE, "The queue cannot be reached.")

    with web_house(tmp_path) as house:
        with monkeypatch.context() as patch:
            patch.setattr(Changes, "newest_key", away)
            refused = house.get("/api/events")
            assert (refused.status_code, refused.json()["code"]) == (503, STORE_UNREACHABLE)
        with Listener(house.url) as listener:
            assert listener.of("ready") == [{}]


def asked(url: str) -> socket.socket:
    """A client that asks for the events, and reads only as it is told to."""
    host, port = url.removeprefix("http://").split(":")
    one = socket.create_connection((host, int(port)), timeout=60)
    one.sendall(f"GET /api/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return one


def is_let_in(url: str) -> bool:
    with requests.get(f"{url}/api/events", stream=True, timeout=60) as answer:
        return answer.status_code == 200
