import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.strange_server import Answer, StrangeServer
from vqd.comfy.client import Client
from vqd.comfy.faults import NotComfy, Oversized, Refused, Truncated, Unreachable
from vqd.comfy.messages import Running, Waiting
from vqd.comfy.multipart import FormData
from vqd.comfy.wire import Body
from vqd.domain.errors import VqdError
from vqd.domain.graph import Graph

RECORDED = Path(__file__).parent.parent / "recorded" / "comfy"
PROMPT_ID = "0b5f9d3e-5d0c-4f57-9a58-1f9c36c1a6de"
GRAPH: Graph = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64}},
    "2": {"class_type": "X"},
}
TAKEN = Answer(body={"prompt_id": PROMPT_ID, "number": 0, "node_errors": {}})
PAGE = Answer(body="<!DOCTYPE html><title>Sign in</title>", content_type="text/html")
EMPTY_QUEUE = Answer(body={"queue_running": [], "queue_pending": []})
OUR_RUN = Answer(body={"queue_running": [[0, PROMPT_ID, {}, {}, []]], "queue_pending": []})


def recorded(name: str) -> Answer:
    return Answer(body=(RECORDED / name).read_bytes())


def chunks(body: Body) -> list[bytes]:
    assert not isinstance(body.chunks, bytes)
    return list(body.chunks)


def submit(client: Client) -> None:
    client.submit(PROMPT_ID, GRAPH, client_id="c")


def test_a_prompt_is_sent_with_what_keeps_the_server_alive(
    server: StrangeServer, client: Client
) -> None:
    server.answers("POST /prompt", TAKEN)
    submit(client)
    (asked,) = server.requests("POST /prompt")
    assert asked.json == {
        "prompt_id": PROMPT_ID,
        "client_id": "c",
        "extra_data": {},
        "prompt": {"1": GRAPH["1"], "2": {"class_type": "X", "inputs": {}}},
    }
    assert "Origin" not in asked.headers


def test_numbers_and_texts_that_are_beyond_orjson_are_sent(
    server: StrangeServer, client: Client
) -> None:
    server.answers("POST /prompt", TAKEN)
    graph = {"1": {"class_type": "X", "inputs": {"seed": 1 << 70, "text": "\ud800"}}}
    client.submit(PROMPT_ID, graph, client_id="c")
    assert server.requests("POST /prompt")[0].json["prompt"] == graph


@pytest.mark.parametrize("status", [400, 413, 500])
def test_a_prompt_that_is_not_taken_is_refused(
    server: StrangeServer, client: Client, status: int
) -> None:
    body = (RECORDED / "refused_node.json").read_bytes() if status == 400 else b"500: trouble"
    server.answers("POST /prompt", Answer(status, body))
    server.answers("POST /queue", Answer())
    server.answers("GET /queue", EMPTY_QUEUE)
    with pytest.raises(Refused) as caught:
        submit(client)
    assert caught.value.status == status


def test_a_413_page_of_a_gateway_is_a_refusal(server: StrangeServer, client: Client) -> None:
    server.answers("POST /prompt", Answer(413, PAGE.body, PAGE.content_type))
    with pytest.raises(Refused, match="larger than the server or its gateway takes"):
        submit(client)


def test_a_prompt_that_is_taken_in_part_is_withdrawn_and_stopped(
    server: StrangeServer, client: Client
) -> None:
    server.answers("POST /prompt", recorded("partly_refused.json"))
    server.answers("POST /queue", Answer())
    server.answers("GET /queue", OUR_RUN)
    server.answers("POST /interrupt", Answer())
    with pytest.raises(Refused, match=r"SaveImage\.images: Return type mismatch") as caught:
        submit(client)
    assert caught.value.node == "4"
    assert server.requests("POST /queue")[0].json == {"delete": [PROMPT_ID]}
    assert server.requests("POST /interrupt")[0].json == {"prompt_id": PROMPT_ID}


def test_a_refusal_is_said_even_if_the_prompt_cannot_be_withdrawn(
    server: StrangeServer, client: Client
) -> None:
    server.answers("POST /prompt", recorded("partly_refused.json"))
    server.answers("POST /queue", Answer(reset=True))
    with pytest.raises(Refused):
        submit(client)


def test_a_connection_that_is_reset_in_mid_post_is_unreachable(
    server: StrangeServer, client: Client
) -> None:
    server.answers("POST /prompt", Answer(reset=True), TAKEN)
    with pytest.raises(Unreachable):
        submit(client)
    submit(client)


def test_a_refused_connection_is_unreachable_and_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = Client(f"http://127.0.0.1:{port}")
    with pytest.raises(Unreachable, match=rf"127\.0\.0\.1:{port}/prompt got no answer: Connection"):
        submit(client)
    client.close()


def test_an_answer_that_comes_too_late_is_unreachable(server: StrangeServer) -> None:
    server.answers("POST /prompt", Answer(after=Event()))
    client = Client(server.url, timeout_s=0.1)
    with pytest.raises(Unreachable, match="timed out"):
        submit(client)
    client.close()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_gateway_without_its_server_is_unreachable(
    server: StrangeServer, client: Client, status: int
) -> None:
    server.answers("POST /prompt", Answer(status, PAGE.body, PAGE.content_type))
    with pytest.raises(Unreachable):
        submit(client)


@pytest.mark.parametrize(
    "answer",
    [
        PAGE,
        Answer(302, headers={"Location": "/login"}),
        Answer(401),
        Answer(403),
        Answer(404, b"404: Not Found"),
        Answer(body={"jsonrpc": "2.0"}),
        Answer(body=b"[" * 100_000),
    ],
)
def test_what_is_not_comfyui_is_told_from_a_refusal(
    server: StrangeServer, client: Client, answer: Answer
) -> None:
    server.answers("POST /prompt", answer)
    with pytest.raises(NotComfy):
        submit(client)
    assert len(server.asked) == 1


def test_a_finished_prompt_is_found_by_one_question(server: StrangeServer, client: Client) -> None:
    server.answers(f"GET /history/{PROMPT_ID}", recorded("history_success.json"))
    assert client.find(PROMPT_ID) == client.history(PROMPT_ID)
    assert len(server.asked) == 2


def test_a_prompt_that_ends_between_the_questions_is_found(
    server: StrangeServer, client: Client
) -> None:
    finished = recorded("history_success.json")
    server.answers(f"GET /history/{PROMPT_ID}", Answer(body={}), finished)
    server.answers("GET /queue", EMPTY_QUEUE)
    assert client.find(PROMPT_ID) == client.history(PROMPT_ID) is not None


def test_waiting_running_and_unknown_prompts_are_told_apart(
    server: StrangeServer, client: Client
) -> None:
    for prompt_id in ("next", "runs", "absent"):
        server.answers(f"GET /history/{prompt_id}", Answer(body={}))
    server.answers("GET /queue", recorded("queue.json"))
    assert client.find("next") == Waiting(2)
    assert client.find("runs") == Running()
    assert client.find("absent") is None


def test_a_history_with_bytes_that_are_no_text_is_read(
    server: StrangeServer, client: Client
) -> None:
    said = '"execution_error", {"node_id": "2", "exception_message": "no a\\udcff.png"}'
    body = f'{{"p": {{"status": {{"messages": [[{said}]]}}}}}}'
    server.answers("GET /history/p", Answer(200, body))
    found = client.history("p")
    assert found is not None
    assert found.error is not None
    assert found.error.message == "no a?.png"


def test_times_that_no_clock_shows_count_as_none(server: StrangeServer, client: Client) -> None:
    times = ", ".join(
        f'["e{turn}", {{"timestamp": {time}}}]'
        for turn, time in enumerate(["NaN", "Infinity", "1" + 400 * "0", "null", "5000"])
    )
    body = f'{{"p": {{"status": {{"completed": true, "messages": [{times}]}}}}}}'
    server.answers("GET /history/p", Answer(200, body))
    found = client.history("p")
    assert found is not None
    assert (found.started_at, found.ended_at) == (5.0, 5.0)


def test_a_history_with_literal_nan_is_read(server: StrangeServer, client: Client) -> None:
    body = '{"p": {"outputs": {"2": {"score": [NaN]}}, "status": {"completed": true}}}'
    server.answers("GET /history/p", Answer(body=body))
    finished = client.history("p")
    assert finished is not None
    assert finished.completed


def test_a_history_larger_than_memory_should_hold_is_refused(
    server: StrangeServer, client: Client
) -> None:
    server.answers("GET /history/p", Answer(body=b" " * (33 << 20)))
    with pytest.raises(Oversized, match="more than 32 MiB"):
        client.history("p")


def test_a_prompt_id_cannot_change_the_route(server: StrangeServer, client: Client) -> None:
    server.answers("GET /history/a%2F..%2Fqueue%3F", Answer(body={}))
    assert client.history("a/../queue?") is None


def test_an_error_of_the_server_is_unreachable_when_a_question_was_right(
    server: StrangeServer, client: Client
) -> None:
    server.answers("GET /history/p", Answer(500, b"500: trouble", "text/plain"))
    with pytest.raises(Unreachable, match="500"):
        client.history("p")


def test_only_a_running_prompt_of_ours_is_interrupted(
    server: StrangeServer, client: Client
) -> None:
    server.answers("GET /queue", recorded("queue.json"))
    server.answers("POST /interrupt", Answer())
    client.interrupt("next")
    client.interrupt("absent")
    assert not server.requests("POST /interrupt")
    client.interrupt("runs")
    assert server.requests("POST /interrupt")[0].json == {"prompt_id": "runs"}


def test_an_upload_is_stored_under_the_name_that_the_server_chose(
    server: StrangeServer, client: Client, tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(bytes(range(256)) * 4096)
    stored = {"name": "u (1).png", "subfolder": "vqd", "type": "input"}
    server.answers("POST /upload/image", Answer(body=stored))
    assert client.upload(picture, name='ü".png', subfolder="vqd") == "vqd/u (1).png"
    (asked,) = server.requests("POST /upload/image")
    assert asked.body.count(bytes(range(256)) * 4096) == 1
    assert 'name="image"; filename="ü%22.png"'.encode() in asked.body
    assert b'name="subfolder"\r\n\r\nvqd\r\n' in asked.body
    assert b'name="type"\r\n\r\ninput\r\n' in asked.body


def test_an_empty_file_is_uploaded(server: StrangeServer, client: Client, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    server.answers("POST /upload/image", Answer(body={"name": "a", "subfolder": ""}))
    assert client.upload(tmp_path / "a", name="a", subfolder="") == "a"


def test_a_file_that_shrinks_while_it_is_sent_is_truncated(tmp_path: Path) -> None:
    growing, shrinking = tmp_path / "growing", tmp_path / "shrinking"
    growing.write_bytes(b"x" * 9)
    shrinking.write_bytes(b"x" * 9)
    with growing.open("rb") as file:
        form = FormData.of_file(file, field="image", name="a", fields={})
        growing.write_bytes(b"x" * 99)
        body = form.body()
        assert len(b"".join(chunks(body))) == body.length_bytes
    with shrinking.open("rb") as file:
        form = FormData.of_file(file, field="image", name="a", fields={})
        shrinking.write_bytes(b"x")
        with pytest.raises(Truncated, match="became shorter"):
            chunks(form.body())


def test_an_upload_that_is_not_taken_is_refused(
    server: StrangeServer, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"x")
    server.answers("POST /upload/image", Answer(413, b"too large"))
    with pytest.raises(Refused, match="too large") as caught:
        client.upload(tmp_path / "a", name="a", subfolder="s")
    assert caught.value.status == 413


def test_an_upload_that_a_server_cannot_store_is_its_trouble_and_not_the_prompts(
    server: StrangeServer, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"x")
    trouble = b"500 Internal Server Error\n\nServer got itself in trouble"
    server.answers("POST /upload/image", Answer(500, trouble, "text/plain; charset=utf-8"))
    with pytest.raises(Unreachable, match=r"could not store 'a' \(\d+ bytes\): it answered 500"):
        client.upload(tmp_path / "a", name="a", subfolder="s")


def test_a_link_is_not_uploaded(client: Client, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "link").symlink_to("secret")
    with pytest.raises(OSError, match="link"):
        client.upload(tmp_path / "link", name="a", subfolder="s")


def test_a_pipe_is_not_uploaded(client: Client, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is a fifo, not a file"):
        client.upload(tmp_path / "pipe", name="a", subfolder="s")


def test_a_sentinel_tells_a_restart(server: StrangeServer, client: Client) -> None:
    server.answers("POST /upload/image", Answer(body={"name": "s.txt", "type": "temp"}))
    server.answers("HEAD /view", Answer(200), Answer(404))
    name = client.plant_sentinel()
    assert name == "s.txt"
    assert client.has_sentinel(name)
    assert not client.has_sentinel(name)
    assert b'name="type"\r\n\r\ntemp\r\n' in server.asked[0].body
    assert server.asked[1].target == "/view?filename=s.txt&subfolder=&type=temp"


def test_a_server_whose_inner_thread_died_is_known_by_its_log(
    server: StrangeServer, client: Client
) -> None:
    log = {"entries": [{"m": "Exception in thread Thread-2 (prompt_worker):"}]}
    server.answers("GET /internal/logs/raw", Answer(body={"entries": []}), Answer(body=log))
    assert not client.has_died_inside()
    assert client.has_died_inside()


def test_a_server_tells_what_it_is(server: StrangeServer, client: Client) -> None:
    server.answers("GET /system_stats", recorded("system_stats.json"))
    assert client.facts().version == "0.3.64"


def test_another_programs_json_is_not_comfyui(server: StrangeServer, client: Client) -> None:
    server.answers("GET /system_stats", Answer(body={"status": "ok"}))
    with pytest.raises(NotComfy):
        client.facts()


def test_a_base_path_and_headers_go_with_every_request(server: StrangeServer) -> None:
    server.answers("GET /gpu%201/system_stats", recorded("system_stats.json"))
    client = Client(f"{server.url}/gpu 1/", headers={"Authorization": "Bearer t"})
    client.facts()
    client.close()
    assert server.asked[0].headers["Authorization"] == "Bearer t"


def test_proxies_of_the_environment_are_not_used(
    server: StrangeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    server.answers("GET /system_stats", recorded("system_stats.json"))
    assert client.facts().version == "0.3.64"


@pytest.mark.parametrize(
    "url",
    [
        "gpu1:8188",
        "ftp://gpu1",
        "http://",
        "http://g:http",
        "http://[::1",
        "http://me:pw@gpu1:1",
        "http://gpu1/comfy?token=pw",
        "http://gpu1/#/pw",
    ],
)
def test_an_url_that_is_no_servers_is_refused(url: str) -> None:
    with pytest.raises(VqdError) as caught:
        Client(url)
    assert caught.value.code == "bad_server_url"
    assert "pw" not in str(caught.value)


def test_a_server_whose_certificate_nobody_trusts_is_unreachable() -> None:
    with StrangeServer(RECORDED / "self-signed.pem") as server:
        server.answers("GET /system_stats", recorded("system_stats.json"))
        client = Client(server.url)
        with pytest.raises(Unreachable, match="self-signed certificate"):
            client.facts()
        client.close()
        assert not server.asked


def test_a_certificate_that_the_system_trusts_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(RECORDED / "self-signed.pem"))
    with StrangeServer(RECORDED / "self-signed.pem") as server:
        server.answers("GET /system_stats", recorded("system_stats.json"))
        client = Client(server.url)
        assert client.facts().version == "0.3.64"
        client.close()


def test_threads_share_a_client_and_keep_their_connections(
    server: StrangeServer, client: Client
) -> None:
    server.answers("GET /history/p", recorded("history_success.json"))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(client.history, ["p"] * 100))
    assert found == [None] * 100
    assert len(server.asked) == 100
    assert server.connections <= 4
