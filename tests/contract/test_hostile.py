"""Requests that mean harm, and clients that behave badly: the server goes on for all the others.

Several of these end ComfyUI's worker thread or its process, so a real server is not tried.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.conversation import Server, png
from tests.contract.graphs import Graph, empty, fresh, node, saving, tiny_graph


@pytest.fixture(autouse=True)
def _it_goes_on(engine: Server) -> Iterator[None]:
    yield
    entry = engine.carry_out(tiny_graph())
    assert entry["status"]["status_str"] == "success"


@pytest.mark.parametrize(
    "body",
    [
        {"extra_data": None},
        {"extra_data": []},
        {"extra_data": "text"},
        {"client_id": ["x"]},
        {"client_id": {"x": 1}},
        {"client_id": 5},
        {"partial_execution_targets": 5},
    ],
)
def test_what_would_end_comfyui_is_500(engine: Server, body: dict[str, Any]) -> None:
    assert engine.post("/prompt", {"prompt": tiny_graph(), **body}).status_code == 500
    assert engine.get("/prompt").json() == {"exec_info": {"queue_remaining": 0}}


def test_a_node_without_inputs_that_nobody_needs_is_ignored(engine: Server) -> None:
    graph: Graph = {**tiny_graph(), "aside": {"class_type": "ImageInvert"}}
    assert engine.carry_out(graph)["status"]["status_str"] == "success"


def test_the_same_number_and_id_twice_is_queued_twice(engine: Server) -> None:
    with engine.busy():
        for _ in range(3):
            engine.submit(tiny_graph(), number=7, prompt_id="the same")
        assert engine.pending() == ["the same"] * 3
    assert engine.carry_out(tiny_graph(), number=7)["status"]["status_str"] == "success"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 1e308, 10**400])
def test_strange_numbers_do_not_stop_the_queue(engine: Server, number: float) -> None:
    status = engine.post("/prompt", {"prompt": tiny_graph(), "number": number}).status_code
    assert status in (200, 500)


@pytest.mark.parametrize(
    "value",
    [10**30, "\ud800", float("nan"), [[]], [{}, 0], [["made"], 0], ["nowhere", 0], {"a": [1]}],
    ids=repr,
)
def test_strange_values_of_unknown_inputs_are_kept_and_told(engine: Server, value: Any) -> None:
    graph = tiny_graph()
    graph["made"]["inputs"]["strange"] = value
    prompt_id = engine.submit(graph)
    assert engine.finished(prompt_id)["status"]["status_str"] == "success"
    assert engine.get(f"/history/{prompt_id}").json()[prompt_id]["prompt"][1] == prompt_id


@pytest.mark.parametrize("link", [[["made"], 0], [{}, 0], [None, 0], ["made", "0"], ["made", None]])
def test_a_link_that_is_none_is_refused(engine: Server, link: list[Any]) -> None:
    graph = tiny_graph()
    graph["out"]["inputs"]["images"] = link
    answer = engine.post("/prompt", {"prompt": graph})
    assert answer.status_code == 400
    assert answer.json()["node_errors"]["out"]["errors"][0]["type"] == "exception_during_validation"


def test_strange_ids_of_prompts_are_kept_as_text(engine: Server) -> None:
    for given, kept in ((5, "5"), (None, "None"), ("", ""), ("x" * 3000, "x" * 3000)):
        answer = engine.post("/prompt", {"prompt": tiny_graph(), "prompt_id": given})
        assert answer.json()["prompt_id"] == kept


def test_a_lone_surrogate_in_an_id_is_told_as_it_came(engine: Server) -> None:
    body = b'{"prompt": {"1": {"class_type": "NoSuch\\ud800"}}, "prompt_id": "\\ud800"}'
    answer = engine.post("/prompt", body)
    assert answer.status_code == 400
    assert "NoSuch\ud800" in answer.json()["error"]["message"]


def test_a_very_deep_graph_is_checked_and_carried_out(engine: Server) -> None:
    chain = {
        f"n{number}": node("ImageInvert", image=[f"n{number - 1}", 0]) for number in range(1, 3000)
    }
    graph = saving({"n0": empty(size=(1, 1)), **chain})
    graph["out"]["inputs"]["images"] = ["n2999", 0]
    assert engine.carry_out(graph)["status"]["status_str"] == "success"


def test_a_graph_whose_branches_double_is_checked_and_carried_out_once(engine: Server) -> None:
    doubled = {f"n{number}": node("ImageStitch", **_both(number - 1)) for number in range(1, 40)}
    for number in range(1, 40):
        doubled[f"c{number}"] = node(
            "ImageCrop", image=[f"n{number}", 0], width=1, height=1, x=0, y=0
        )
    graph = saving({"c0": empty(size=(1, 1)), **doubled})
    graph["out"]["inputs"]["images"] = ["c39", 0]
    assert engine.carry_out(graph)["status"]["status_str"] == "success"


def test_deeply_nested_json_is_refused(engine: Server) -> None:
    assert engine.post("/prompt", b"[" * 200_000).status_code == 500


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../output/x.png", "a/../../x.png", "x" * 5000, "nul\x00.png", "../../.."],
)
def test_load_image_reads_nothing_outside_the_servers_folders(engine: Server, name: str) -> None:
    graph = saving({"made": node("LoadImage", image=name)})
    answer = engine.post("/prompt", {"prompt": graph})
    assert answer.status_code == 400
    (fault,) = answer.json()["node_errors"]["made"]["errors"]
    assert fault["type"] == "custom_validation_failed"


@pytest.mark.parametrize("name", ["", "vqd-contract"])
def test_a_folder_instead_of_a_picture_fails_the_node(engine: Server, name: str) -> None:
    engine.upload("x.png", png([[[1, 2, 3]]]), subfolder="vqd-contract")
    entry = engine.carry_out(saving({"made": node("LoadImage", image=name)}))
    kind, told = entry["status"]["messages"][-1]
    assert (kind, told["exception_type"]) == ("execution_error", "IsADirectoryError")


def test_extra_information_that_is_no_object_fails_the_saver(engine: Server) -> None:
    entry = engine.carry_out(tiny_graph(), extra_data={"extra_pnginfo": ["no object"]})
    kind, told = entry["status"]["messages"][-1]
    assert (kind, told["node_id"]) == ("execution_error", "out")


def test_more_memory_than_there_is_fails_the_node(engine: Server) -> None:
    graph = saving({"made": empty(size=(16384, 16384), count=4096)})
    kind, told = engine.carry_out(graph)["status"]["messages"][-1]
    assert kind == "execution_error"
    assert "Memory" in told["exception_type"]


def test_a_dot_as_a_name_writes_nothing(engine: Server) -> None:
    assert engine.upload(".", b"1").status_code == 500


def test_a_name_with_a_newline_is_served(engine: Server) -> None:
    (file,) = engine.files(tiny_graph(prefix=f"{fresh()}\nX-Evil: 1"))
    answer = engine.get("/view", **file)
    assert answer.status_code == 200
    assert "X-Evil" not in answer.headers


def test_a_request_that_is_no_http_ends_only_its_connection(engine: Server) -> None:
    with _connected(engine) as line:
        line.sendall(b"\x00\xff garbage\r\n\r\n")
        assert line.recv(4096).startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))


def test_an_upload_cut_off_leaves_no_file(engine: Server) -> None:
    name = f"{fresh().rpartition('/')[2]}.png"
    head = (
        f'--b\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
    ).encode()
    with _connected(engine) as line:
        line.sendall(
            b"POST /upload/image HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + head + b"x" * 1000
        )
    assert engine.get("/view", filename=name, type="input").status_code == 404


def test_a_client_that_never_reads_does_not_hold_up_another(engine: Server) -> None:
    with _deaf(engine, "deaf") as deaf, engine.listening() as listener:
        long = [f"{number}" + "y" * 60_000 for number in range(4)]
        for number in range(160):
            graph = saving({name: empty(size=(1, 1), color=number) for name in ("made", *long)})
            for name in long:
                graph[f"{name}-out"] = node("PreviewImage", images=[name, 0])
            engine.submit(graph, client_id="deaf")
        prompt_id = engine.submit(tiny_graph(), client_id=listener.client_id)
        heard = listener.until_end(prompt_id)
        assert heard[-1]["data"]["node"] is None
        # The one that does not read is hung up on in the end, not waited for.
        _read_to_its_end(deaf)
    engine.post("/history", {"clear": True})


def test_a_newer_connection_of_the_same_client_goes_on_hearing(engine: Server) -> None:
    with engine.listening("twice") as old, engine.listening("twice") as new:
        old.socket.close()
        prompt_id = engine.submit(tiny_graph(), client_id="twice")
        assert new.until_end(prompt_id)[-1]["type"] == "executing"


def test_many_threads_posting_at_once_lose_nothing(engine: Server) -> None:
    made: list[str] = []

    def post() -> None:
        own = Server(engine.url)
        made.extend(own.submit(tiny_graph()) for _ in range(25))
        own.session.close()

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({*made}) == 200
    for prompt_id in made:
        assert engine.finished(prompt_id)["status"]["status_str"] == "success"


def test_nothing_was_written_beside_the_servers_folders(engine_folder: Path) -> None:
    assert {path.name for path in engine_folder.iterdir()} == {
        "input",
        "output",
        "temp",
        "engine.log",
    }


def _read_to_its_end(line: socket.socket) -> None:
    with contextlib.suppress(ConnectionResetError):
        while line.recv(1 << 20):
            continue


def _both(number: int) -> dict[str, Any]:
    return {
        "image1": [f"c{number}", 0],
        "image2": [f"c{number}", 0],
        "direction": "right",
        "match_image_size": True,
        "spacing_width": 0,
        "spacing_color": "white",
    }


@contextmanager
def _connected(engine: Server) -> Iterator[socket.socket]:
    address = urlsplit(engine.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as line:
        yield line


@contextmanager
def _deaf(engine: Server, client_id: str) -> Iterator[socket.socket]:
    with _connected(engine) as line:
        line.sendall(
            f"GET /ws?clientId={client_id} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        assert b"101" in line.recv(256)
        yield line
