"""What a websocket hears, and in which order."""

import json
import random
from collections.abc import Sequence
from typing import Any

from tests.contract.conversation import Server
from tests.contract.graphs import Graph, empty, fresh, node, saving, slow_graph, tiny_graph
from vqd.comfy.events import Remaining, event_in
from vqd.comfy.messages import finished_entry
from vqd.comfy.watch import Watch

NOTES = {
    "execution_start",
    "execution_cached",
    "execution_success",
    "execution_error",
    "execution_interrupted",
}


def kinds(events: Sequence[dict[str, Any]]) -> list[str]:
    """The order of events, without the node states."""
    told = []
    for event in events:
        kind, data = event["type"], event["data"]
        if kind == "status":
            told.append(f"status {data['status']['exec_info']['queue_remaining']}")
        elif kind in ("executing", "executed"):
            told.append(f"{kind} {data['node']}")
        elif kind in NOTES:
            told.append(kind)
    return told


def states(events: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """The states of nodes, one mapping for each event that tells them."""
    return [
        {node: told["state"] for node, told in event["data"]["nodes"].items()}
        for event in events
        if event["type"] == "progress_state"
    ]


def test_the_first_event_is_the_status_with_the_clients_id(server: Server) -> None:
    with server.listening("contract-first") as listener:
        assert listener.first == {
            "type": "status",
            "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": "contract-first"},
        }


def test_a_client_without_an_id_is_given_one(server: Server) -> None:
    with server.listening("&") as listener:
        assert len(listener.first["data"]["sid"]) >= 32


def test_the_events_of_a_prompt_come_in_comfyuis_order(server: Server) -> None:
    with server.listening() as listener:
        prompt_id = server.submit(tiny_graph(), client_id=listener.client_id)
        events = listener.until_end(prompt_id)
    assert kinds(events) == [
        "status 1",
        "status 1",
        "execution_start",
        "execution_cached",
        "executing made",
        "executing out",
        "executed out",
        "execution_success",
        "status 0",
        "executing None",
    ]
    told = states(events)
    assert told[0] == {"made": "running"}
    assert told[-1] == {"made": "finished", "out": "finished"}


def ran(server: Server, graph: Graph) -> list[str]:
    """The nodes of a graph in the order in which they ran."""
    with server.listening() as listener:
        events = listener.until_end(server.submit(graph, client_id=listener.client_id))
    return [event["data"]["node"] for event in events if event["type"] == "executing"][:-1]


def test_an_output_runs_as_soon_as_it_can(server: Server) -> None:
    graph = saving({"first": empty(), "made": node("ImageInvert", image=["first", 0])})
    graph["early"] = node("PreviewImage", images=["first", 0])
    graph["first"]["inputs"]["color"] = random.randrange(1 << 24)
    assert ran(server, graph) == ["first", "early", "made", "out"]


def test_a_node_nearer_to_an_output_runs_before_one_that_is_further(server: Server) -> None:
    graph = saving({"made": empty()})
    graph |= {
        "width": node("PrimitiveInt", value=random.randrange(1, 1 << 10)),
        "far": node("PrimitiveString", value=fresh()),
        "joined": node("StringConcatenate", string_a=["far", 0], string_b="", delimiter=""),
        "prefix": node("StringConcatenate", string_a=["joined", 0], string_b="", delimiter=""),
    }
    graph["made"]["inputs"]["width"] = ["width", 0]
    graph["out"]["inputs"]["filename_prefix"] = ["prefix", 0]
    assert ran(server, graph) == ["width", "made", "far", "joined", "prefix", "out"]


def test_node_states_have_comfyuis_keys(server: Server) -> None:
    with server.listening() as listener:
        prompt_id = server.submit(tiny_graph(), client_id=listener.client_id)
        events = listener.until_end(prompt_id)
    first = next(event for event in events if event["type"] == "progress_state")
    assert first["data"] == {
        "prompt_id": prompt_id,
        "nodes": {
            "made": {
                "value": 0.0,
                "max": 1.0,
                "state": "running",
                "node_id": "made",
                "prompt_id": prompt_id,
                "display_node_id": "made",
                "parent_node_id": None,
                "real_node_id": "made",
            }
        },
    }


def test_executed_tells_the_files(server: Server) -> None:
    with server.listening() as listener:
        prompt_id = server.submit(tiny_graph(), client_id=listener.client_id)
        events = listener.until_end(prompt_id)
    (executed,) = [event["data"] for event in events if event["type"] == "executed"]
    entry = server.finished(prompt_id)
    assert executed == {
        "node": "out",
        "display_node": "out",
        "output": entry["outputs"]["out"],
        "prompt_id": prompt_id,
    }


def test_the_history_is_written_before_the_end_is_told(server: Server) -> None:
    with server.listening() as listener:
        for _ in range(30):
            prompt_id = server.submit(tiny_graph(), client_id=listener.client_id)
            listener.until_end(prompt_id)
            assert prompt_id in server.get(f"/history/{prompt_id}").json()


def test_a_cached_prompt_runs_no_node_and_tells_its_files_again(server: Server) -> None:
    graph = tiny_graph()
    with server.listening() as listener:
        # Heard to its very end: the history has it before that is told.
        listener.until_end(server.submit(graph, client_id=listener.client_id))
        prompt_id = server.submit(graph, client_id=listener.client_id)
        events = listener.until_end(prompt_id)
    assert kinds(events) == [
        "status 1",
        "status 1",
        "execution_start",
        "execution_cached",
        "executed out",
        "execution_success",
        "status 0",
        "executing None",
    ]
    (cached,) = [event["data"] for event in events if event["type"] == "execution_cached"]
    assert set(cached["nodes"]) == {"made", "out"}
    assert states(events)[-1]["out"] == "finished"


def test_what_is_told_of_a_success_is_what_its_history_has(server: Server) -> None:
    graph = tiny_graph()
    graph["shown"] = node("PreviewImage", images=["made", 0])
    with server.listening() as listener:
        for is_cached in (False, True):
            prompt_id = server.submit(graph, client_id=listener.client_id)
            watch = Watch(prompt_id, lambda _: None)
            for message in listener.until_end(prompt_id):
                event = event_in(json.dumps(message).encode())
                if event is not None and not isinstance(event, Remaining):
                    watch.hear(event)
            entry = server.get(f"/history/{prompt_id}").json()
            assert watch.finished == finished_entry(prompt_id, entry)
            assert watch.finished is not None
            assert watch.finished.outputs.keys() == {"out", "shown"}
            assert bool(watch.finished.cached_nodes) is is_cached


def test_a_failed_prompt_tells_the_error_and_then_its_end(server: Server) -> None:
    with server.listening() as listener:
        graph = saving({"made": empty()}, prefix="/outside/x")
        prompt_id = server.submit(graph, client_id=listener.client_id)
        events = listener.until_end(prompt_id)
    assert kinds(events)[-3:] == ["execution_error", "status 0", "executing None"]
    (error,) = [event["data"] for event in events if event["type"] == "execution_error"]
    assert ["execution_error", error] == server.finished(prompt_id)["status"]["messages"][-1]


def test_an_interrupted_prompt_tells_so_and_then_its_end(server: Server) -> None:
    with server.listening() as listener, server.busy() as first:
        second = server.submit(saving({"made": empty()}), client_id=listener.client_id, front=True)
        server.post("/interrupt", {"prompt_id": first})
        heard = kinds(listener.until_end(second))
    # The first prompt had no client: its interruption is told to all, the rest to nobody.
    assert heard.count("execution_interrupted") == 1
    assert heard.count("execution_start") == 1
    assert heard.index("execution_interrupted") < heard.index("execution_start")


def test_what_a_prompt_without_a_client_does_is_told_in_part_only(server: Server) -> None:
    with server.listening() as listener:
        server.carry_out(tiny_graph())
        prompt_id = server.submit(tiny_graph(), client_id=listener.client_id)
        events = listener.until_end(prompt_id)
    own = [event for event in events if event["data"].get("prompt_id") == prompt_id]
    others = [event for event in events if event not in own]
    assert {event["type"] for event in others} == {"status", "progress_state"}


def test_two_clients_hear_their_own_prompts(server: Server) -> None:
    with server.listening() as one, server.listening() as other:
        first = server.submit(tiny_graph(), client_id=one.client_id)
        second = server.submit(tiny_graph(), client_id=other.client_id)
        heard = one.until_end(first) + other.until_end(second)
    for event in heard[: len(heard) // 2]:
        assert event["data"].get("prompt_id", first) == first
    assert {event["data"].get("prompt_id") for event in heard} == {None, first, second}


def test_who_comes_back_during_its_prompt_is_told_the_node(server: Server) -> None:
    with server.busy() as slow:
        with server.listening("contract-back") as listener:
            prompt_id = server.submit(slow_graph(), client_id=listener.client_id, front=True)
            server.post("/interrupt", {"prompt_id": slow})
            heard = listener.event()["data"]
            while (heard.get("prompt_id"), heard.get("node")) != (prompt_id, "blur1"):
                heard = listener.event()["data"]  # also of how far the slow one is, which all hear
        with server.listening("contract-back") as listener:
            event = listener.event()
            assert event["type"] == "executing"
            assert event["data"]["node"].startswith("blur")
            assert "prompt_id" not in event["data"]
        server.post("/interrupt", {"prompt_id": prompt_id})
        server.finished(prompt_id)


def test_feature_flags_are_answered_when_they_come_first(server: Server) -> None:
    flags = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
    with server.listening() as listener:
        listener.socket.send(json.dumps(flags))
        answer = listener.event()
    assert answer["type"] == "feature_flags"
    assert answer["data"]["supports_preview_metadata"] is True
    assert answer["data"]["max_upload_size"] == 100 * 1024 * 1024


def test_what_a_client_says_otherwise_is_ignored(server: Server) -> None:
    with server.listening() as listener:
        for said in ("", "nonsense", "[]", '{"type": 1}', "\x00"):
            listener.socket.send(said)
        listener.socket.send_binary(b"\x00\xff")
        listener.until_end(server.submit(tiny_graph(), client_id=listener.client_id))


def test_a_ping_is_answered(server: Server) -> None:
    with server.listening() as listener:
        listener.socket.ping("are you there")
        opcode, frame = listener.socket.recv_data_frame(control_frame=True)
    assert (opcode, frame.data) == (0xA, b"are you there")


def test_a_node_that_only_counts_pictures_is_no_output(server: Server) -> None:
    graph = tiny_graph()
    graph["size"] = node("GetImageSize", image=["made", 0])
    assert server.carry_out(graph)["outputs"].keys() == {"out"}
