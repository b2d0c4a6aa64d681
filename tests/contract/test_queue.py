"""The queue and the history: stop, delete, clear, free."""

from typing import Any

import pytest

from tests.contract.conversation import Server
from tests.contract.graphs import slow_graph, tiny_graph
from tests.waiting import wait_for


def test_the_queue_tells_what_runs_and_what_waits_in_full(server: Server) -> None:
    graph = tiny_graph()
    with server.busy() as slow:
        prompt_id = server.submit(graph, client_id="me")
        told = server.get("/queue").json()
        assert [item[1] for item in told["queue_running"]] == [slow]
        (item,) = told["queue_pending"]
        assert item[1:3] == [prompt_id, graph]
        assert item[3]["client_id"] == "me"
        assert item[4] == ["out"]


def test_a_running_prompt_is_interrupted_by_its_id(server: Server) -> None:
    with server.busy() as slow:
        assert server.post("/interrupt", {"prompt_id": slow}).status_code == 200
        entry = server.finished(slow)
    kind, told = entry["status"]["messages"][-1]
    assert kind == "execution_interrupted"
    assert {"prompt_id", "node_id", "node_type", "executed", "timestamp"} <= told.keys()
    assert entry["status"]["status_str"] == "error"
    assert entry["status"]["completed"] is False


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense"])
def test_an_interrupt_without_an_id_stops_whatever_runs(server: Server, body: bytes) -> None:
    with server.busy() as slow:
        assert server.post("/interrupt", body).status_code == 200
        entry = server.finished(slow)
    assert entry["status"]["messages"][-1][0] == "execution_interrupted"


def test_an_interrupt_of_another_prompt_does_nothing(server: Server) -> None:
    with server.listening() as listener:
        slow = server.submit(slow_graph(blurs=2), client_id=listener.client_id)
        waiting = server.submit(tiny_graph())
        while listener.event()["data"].get("node") != "blur1":
            continue
        for prompt_id in (waiting, "no-such-id"):
            assert server.post("/interrupt", {"prompt_id": prompt_id}).status_code == 200
    ends = [server.finished(prompt_id)["status"]["status_str"] for prompt_id in (slow, waiting)]
    assert ends == ["success", "success"]


def test_an_interrupt_while_nothing_runs_does_not_hurt_the_next_prompt(server: Server) -> None:
    assert server.post("/interrupt", b"").status_code == 200
    assert server.carry_out(tiny_graph())["status"]["status_str"] == "success"


def test_a_deleted_prompt_never_runs_and_leaves_no_trace(server: Server) -> None:
    with server.busy() as slow:
        first, second, third = (server.submit(tiny_graph()) for _ in range(3))
        assert server.post("/queue", {"delete": [second, slow, "none"]}).status_code == 200
        assert server.running() == [slow]
        assert sorted(server.pending()) == sorted([first, third])
        server.post("/interrupt", {"prompt_id": slow})
        server.finished(third)
    assert server.get(f"/history/{second}").json() == {}


def test_clear_forgets_what_waits_and_leaves_what_runs(server: Server) -> None:
    with server.busy() as slow:
        waiting = [server.submit(tiny_graph()) for _ in range(3)]
        answer = server.post("/queue", {"clear": True})
        assert (answer.status_code, answer.content) == (200, b"")
        assert server.pending() == []
        assert server.running() == [slow]
    assert all(server.get(f"/history/{one}").json() == {} for one in waiting)


def test_everybody_is_told_when_a_waiting_prompt_goes(server: Server) -> None:
    with server.busy(), server.listening() as listener:
        prompt_id = server.submit(tiny_graph())
        server.post("/queue", {"delete": [prompt_id]})
        counts: list[int] = []
        while counts[-2:] != [2, 1]:
            event = listener.event()
            if event["type"] == "status":
                counts.append(event["data"]["status"]["exec_info"]["queue_remaining"])


def test_a_prompt_that_is_not_over_has_no_history(server: Server) -> None:
    with server.busy() as slow:
        assert server.get(f"/history/{slow}").json() == {}
        assert server.get("/history/no-such-id").json() == {}


def test_history_gives_the_newest_or_a_page_oldest_first(server: Server) -> None:
    made = [server.submit(tiny_graph()) for _ in range(4)]
    for prompt_id in made:
        server.finished(prompt_id)
    everything = [*server.get("/history").json()]
    assert everything[-4:] == made
    assert [*server.get("/history", max_items=2).json()] == made[-2:]
    start = len(everything) - 4
    assert [*server.get("/history", max_items=2, offset=start).json()] == made[:2]
    assert [*server.get("/history", offset=start).json()] == made
    assert server.get("/history", max_items=0).json() == {}
    assert server.get("/history", max_items="many").status_code == 500


def test_history_entries_are_deleted(server: Server) -> None:
    first, second = server.submit(tiny_graph()), server.submit(tiny_graph())
    server.finished(second)
    assert server.post("/history", {"delete": [first, "none"]}).status_code == 200
    told = server.get("/history").json()
    assert first not in told
    assert second in told


def test_history_is_cleared(engine: Server) -> None:
    engine.carry_out(tiny_graph())
    assert engine.post("/history", {"clear": True}).status_code == 200
    assert engine.get("/history").json() == {}


def test_free_lets_an_identical_prompt_run_again_once(server: Server) -> None:
    graph = tiny_graph()
    first = server.carry_out(graph)
    assert server.post("/free", {"unload_models": True, "free_memory": True}).status_code == 200
    again = wait_for(lambda: _run_anew(server, graph), within_s=60, what="a run that is not cached")
    assert again["outputs"] != first["outputs"]
    assert _run_anew(server, graph) is None


@pytest.mark.parametrize("path", ["/queue", "/history", "/free"])
def test_a_steering_post_without_json_is_500(server: Server, path: str) -> None:
    assert server.post(path, b"").status_code == 500


@pytest.mark.parametrize("body", [[], "text", {"delete": []}, {"clear": False}])
@pytest.mark.parametrize("path", ["/queue", "/history"])
def test_a_steering_post_that_asks_for_nothing_does_nothing(
    server: Server, path: str, body: Any
) -> None:
    prompt_id = server.submit(tiny_graph())
    server.finished(prompt_id)
    assert server.post(path, body).status_code == 200
    assert prompt_id in server.get("/history").json()


def test_to_delete_nothing_that_can_be_listed_is_500_and_keeps_the_history(server: Server) -> None:
    prompt_id = server.submit(tiny_graph())
    server.finished(prompt_id)
    assert server.post("/history", {"delete": None}).status_code == 500
    assert prompt_id in server.get("/history").json()


@pytest.mark.parametrize("body", [[], None, "text", 5])
def test_an_interrupt_with_json_that_is_no_object_is_500(server: Server, body: Any) -> None:
    assert server.post("/interrupt", body).status_code == 500


def _run_anew(server: Server, graph: dict[str, Any]) -> dict[str, Any] | None:
    entry = server.carry_out(graph)
    cached = dict(entry["status"]["messages"])["execution_cached"]["nodes"]
    return None if cached else entry
