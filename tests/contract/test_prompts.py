"""Prompts that are accepted: ids, numbers, order, coercion."""

import hashlib
import io
import json
import uuid
from typing import Any

import pytest
from PIL import Image

from tests.contract.conversation import Server, pixels, png
from tests.contract.graphs import empty, node, saving, tiny_graph


def test_an_accepted_prompt_is_told_its_id_its_number_and_no_errors(server: Server) -> None:
    prompt_id = str(uuid.uuid4())
    answer = server.post("/prompt", {"prompt": tiny_graph(), "prompt_id": prompt_id})
    told = answer.json()
    assert answer.status_code == 200
    assert told == {"prompt_id": prompt_id, "number": told["number"], "node_errors": {}}
    assert isinstance(told["number"], int)
    assert server.finished(prompt_id)["prompt"][:2] == [told["number"], prompt_id]


def test_a_prompt_without_an_id_gets_a_uuid(server: Server) -> None:
    prompt_id = server.post("/prompt", {"prompt": tiny_graph()}).json()["prompt_id"]
    assert str(uuid.UUID(prompt_id)) == prompt_id
    server.finished(prompt_id)


def test_numbers_count_up(server: Server) -> None:
    first, second = (
        server.post("/prompt", {"prompt": tiny_graph()}).json()["number"] for _ in range(2)
    )
    assert second == first + 1


def test_the_history_entry_has_comfyuis_shape(server: Server) -> None:
    graph = tiny_graph()
    prompt_id = server.submit(graph, client_id="somebody", extra_data={"extra_pnginfo": {"w": {}}})
    entry = server.finished(prompt_id)
    assert entry.keys() == {"prompt", "outputs", "status", "meta"}
    number, told_id, told_graph, extra_data, outputs = entry["prompt"]
    assert (told_id, told_graph, outputs) == (prompt_id, graph, ["out"])
    assert isinstance(number, int)
    assert extra_data["client_id"] == "somebody"
    assert entry["status"]["status_str"] == "success"
    assert entry["status"]["completed"] is True
    kinds = [kind for kind, _ in entry["status"]["messages"]]
    assert kinds == ["execution_start", "execution_cached", "execution_success"]
    for _, told in entry["status"]["messages"]:
        assert told["prompt_id"] == prompt_id
        assert told["timestamp"] > 1_600_000_000_000
    assert entry["meta"]["out"] == {
        "node_id": "out",
        "display_node": "out",
        "parent_node": None,
        "real_node_id": "out",
    }
    (file,) = entry["outputs"]["out"]["images"]
    assert file.keys() == {"filename", "subfolder", "type"}
    assert file["type"] == "output"


def test_waiting_prompts_run_by_number_and_equal_numbers_by_id(server: Server) -> None:
    with server.busy():
        first = server.submit(tiny_graph())
        second = server.submit(tiny_graph())
        front = server.submit(tiny_graph(), front=True)
        later_front = server.submit(tiny_graph(), front=True)
        negative = server.submit(tiny_graph(), number=-1_000_000)
        text = server.submit(tiny_graph(), number="-2000000")
        ties = sorted(server.submit(tiny_graph(), number=-500_000.5) for _ in range(3))
        waiting = server.get("/queue").json()["queue_pending"]
        told = [item[1] for item in sorted(waiting, key=lambda item: (item[0], item[1]))]
    assert told == [text, negative, *ties, later_front, front, first, second]


def test_prompts_run_in_the_order_that_the_queue_tells(server: Server) -> None:
    with server.busy() as slow:
        normal = server.submit(tiny_graph())
        early = server.submit(tiny_graph(), number=-1_000_000)
        front = server.submit(tiny_graph(), front=True)
        server.post("/interrupt", {"prompt_id": slow})
        for prompt_id in (normal, early, front):
            server.finished(prompt_id)
        assert [*server.get("/history", max_items=3).json()] == [early, front, normal]


def test_the_same_id_twice_runs_twice_and_has_one_history_entry(server: Server) -> None:
    prompt_id = str(uuid.uuid4())
    with server.busy():
        for color in (1, 2):
            server.submit(tiny_graph(color=color), prompt_id=prompt_id)
        assert server.pending() == [prompt_id] * 2
        server.post("/queue", {"delete": [prompt_id]})
        assert server.pending() == [prompt_id]


@pytest.mark.parametrize(
    "given",
    [
        {"width": "64"},
        {"width": 64.9},
        {"width": True, "height": "8"},
        {"width": {"__value__": 64}},
    ],
)
def test_numbers_are_coerced(server: Server, given: dict[str, Any]) -> None:
    made = empty(size=(64, 8))
    made["inputs"].update(given)
    (shape,) = {picture.shape for picture in server.pictures(saving({"made": made}))}
    assert shape == (8, 1 if given["width"] is True else 64, 3)


def test_what_nobody_knows_is_ignored(server: Server) -> None:
    graph = tiny_graph()
    graph["made"]["_meta"] = {"title": "seen by people alone"}
    graph["made"]["inputs"]["no_such_input"] = [1, 2, 3]
    graph["out"]["inputs"]["another"] = []
    entry = server.carry_out(graph, no_such_key=1)
    assert entry["status"]["status_str"] == "success"


def test_targets_choose_among_the_outputs(server: Server) -> None:
    graph = tiny_graph()
    graph["other"] = node("PreviewImage", images=["made", 0])
    entry = server.carry_out(graph, partial_execution_targets=["other"])
    assert entry["prompt"][4] == ["other"]
    assert "out" not in entry["outputs"]


def test_graph_and_extra_information_are_written_into_the_picture(server: Server) -> None:
    graph = tiny_graph()
    prompt_id = server.submit(graph, extra_data={"extra_pnginfo": {"workflow": {"é": [1]}}})
    (file,) = server.finished(prompt_id)["outputs"]["out"]["images"]
    with Image.open(io.BytesIO(server.content(file))) as image:
        assert json.loads(image.info["prompt"]) == graph
        assert json.loads(image.info["workflow"]) == {"é": [1]}
    assert pixels(server.content(file)).shape == (8, 16, 3)


def test_a_pictures_graph_names_the_content_that_was_loaded(server: Server) -> None:
    graph = saving({"made": node("LoadImage", image=server.put(content := png([[[1, 2, 3]]])))})
    prompt_id = server.submit(graph)
    entry = server.finished(prompt_id)
    assert entry["prompt"][2] == graph
    with Image.open(io.BytesIO(server.content(entry["outputs"]["out"]["images"][0]))) as image:
        told = json.loads(image.info["prompt"])
    assert told["made"].pop("is_changed") == [hashlib.sha256(content).hexdigest()]
    assert told == graph


def test_a_posted_prompt_is_counted_until_it_is_over(server: Server) -> None:
    with server.busy():
        server.submit(tiny_graph())
        assert server.get("/prompt").json() == {"exec_info": {"queue_remaining": 2}}
    assert server.get("/prompt").json() == {"exec_info": {"queue_remaining": 0}}


def test_keys_of_the_makers_services_stay_out_of_the_history(server: Server) -> None:
    secret = {"auth_token_comfy_org": "s3cret", "api_key_comfy_org": "s3cret"}
    entry = server.carry_out(tiny_graph(), extra_data=secret)
    assert "s3cret" not in json.dumps(entry)
