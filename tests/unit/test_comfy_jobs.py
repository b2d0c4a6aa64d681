"""What newer servers can do, tried by asking, and what is done where they cannot."""

from collections.abc import Iterator

import pytest

from tests.strange_server import Answer, StrangeServer
from vqd.comfy.client import Client
from vqd.comfy.messages import Running, Waiting

UNKNOWN_JOB = Answer(404, {"error": "Job not found"})
NO_ROUTE = Answer(404, b"404: Not Found", "text/plain; charset=utf-8")
WAITING = Answer(body={"queue_running": [[0, "q"]], "queue_pending": [[1, "p"]]})
RUNNING = Answer(body={"queue_running": [[0, "p"]], "queue_pending": []})
IDLE = Answer(body={"queue_running": [], "queue_pending": []})


@pytest.fixture
def server() -> Iterator[StrangeServer]:
    with StrangeServer() as strange:
        strange.answers("GET /history/p", Answer(body={}))
        strange.answers("POST /queue", Answer())
        strange.answers("POST /interrupt", Answer())
        yield strange


@pytest.mark.parametrize(
    ("status", "found"), [("pending", Waiting(None)), ("in_progress", Running())]
)
def test_one_prompt_is_asked_after_without_the_whole_queue(
    server: StrangeServer, client: Client, status: str, found: Waiting | Running
) -> None:
    server.answers("GET /api/jobs/p", Answer(body={"id": "p", "status": status}))
    assert client.find("p") == found
    assert not server.requests("GET /queue")


@pytest.mark.parametrize("answer", [UNKNOWN_JOB, Answer(body={"id": "q", "status": "pending"})])
def test_a_prompt_is_not_lost_before_the_queue_says_so_too(
    server: StrangeServer, client: Client, answer: Answer
) -> None:
    server.answers("GET /api/jobs/p", answer)
    server.answers("GET /queue", WAITING, IDLE)
    assert client.find("p") == Waiting(1)
    assert client.find("p") is None
    assert len(server.requests("GET /api/jobs/p")) == 2


def test_an_older_server_is_asked_for_jobs_once_until_it_may_be_another(
    server: StrangeServer, client: Client
) -> None:
    server.answers("GET /api/jobs/p", NO_ROUTE)
    server.answers("GET /queue", WAITING)
    assert [client.find("p"), client.find("p")] == [Waiting(1), Waiting(1)]
    assert len(server.requests("GET /api/jobs/p")) == 1
    client.forget()
    client.find("p")
    assert len(server.requests("GET /api/jobs/p")) == 2


def test_a_newer_server_cancels_in_one_step(server: StrangeServer, client: Client) -> None:
    server.answers("POST /api/jobs/p/cancel", Answer(body={"cancelled": True}))
    client.cancel("p")
    assert [asked.method for asked in server.asked] == ["POST"]


@pytest.mark.parametrize("status", [404, 405])
def test_on_an_older_server_a_prompt_is_withdrawn_and_then_stopped_if_it_runs(
    server: StrangeServer, client: Client, status: int
) -> None:
    server.answers("POST /api/jobs/p/cancel", Answer(status, b"no", "text/plain"))
    server.answers("GET /queue", RUNNING)
    client.cancel("p")
    assert server.requests("POST /queue")[0].json == {"delete": ["p"]}
    assert server.requests("POST /interrupt")[0].json == {"prompt_id": "p"}


def test_in_a_queue_too_large_to_be_read_a_prompt_is_taken_to_wait(
    server: StrangeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.comfy.client._MOST_QUEUE_BYTES", 1 << 20)
    server.answers("GET /queue", Answer(body=b" " * (2 << 20)))
    assert client.find("p") == Waiting(None)
