"""`/object_info`, as ComfyUI writes it and as nobody should."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.strange_server import Answer, StrangeServer
from vqd.comfy import object_info
from vqd.comfy.client import Client
from vqd.comfy.faults import ComfyError, NotComfy, Oversized, Truncated, Unreachable

SAVE: dict[str, Any] = {
    "input": {"required": {"images": ["IMAGE", {}], "name": ["STRING", {"default": '"}{\\'}]}},
    "output": [],
    "output_node": True,
}


@pytest.fixture
def client(server: StrangeServer) -> Iterator[Client]:
    opened = Client(server.url, timeout_s=30.0)
    yield opened
    opened.close()


def read(client: Client) -> dict[str, Any]:
    with client.object_info() as info:
        return dict(info.entries())


@pytest.mark.parametrize("indent", [None, 2])
def test_every_class_is_read_in_the_servers_order(
    server: StrangeServer, client: Client, indent: int | None
) -> None:
    classes = {"Save Image": SAVE, "Ünï|節点": {"input": {}, "output": [["a", "b"]]}, "A": SAVE}
    server.answers("GET /object_info", Answer(body=json.dumps(classes, indent=indent)))
    assert read(client) == classes
    assert [*read(client)] == [*classes]


def test_the_hash_is_that_of_the_answer(server: StrangeServer, client: Client) -> None:
    text = json.dumps({"SaveImage": SAVE}).encode()
    server.answers("GET /object_info", Answer(body=text, chunked=True))
    with client.object_info() as info:
        assert info.sha256 == hashlib.sha256(text).hexdigest()


def test_what_describes_no_class_is_left_out(server: StrangeServer, client: Client) -> None:
    odd = {"SaveImage": SAVE, "a": None, "b": [1], "c": {}, "d": "x", "e": {"input": 5}}
    server.answers("GET /object_info", Answer(body=odd))
    assert [*read(client)] == ["SaveImage"]


def test_bounds_that_json_has_not_are_read(server: StrangeServer, client: Client) -> None:
    server.answers("GET /object_info", Answer(body='{"A": {"input": {}, "max": Infinity}}'))
    assert read(client)["A"]["max"] == float("inf")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"status": "ok"}',
        "<!DOCTYPE html><title>Sign in</title>",
        '{"A": {"input": {}',
        '{"A": {"input": {}}, "B": {"input": ',
        '{"A": {"input": {}}, "B": {"input": "' + '\\"' * 100_000,
        '{"A": {"input": {} oops}}',
        '{"A": ' + "[" * 100_000,
        '{"A": {"input": ' + '{"x":' * 500 + "1" + "}" * 502,
        "}{",
    ],
    ids=lambda text: text[:36],
)
def test_a_broken_answer_is_not_comfyuis(server: StrangeServer, client: Client, text: str) -> None:
    server.answers("GET /object_info", Answer(body=text))
    with pytest.raises(NotComfy):
        read(client)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(404, "404: Not Found"), NotComfy),
        (Answer(500, "500 Internal Server Error"), Unreachable),
        (Answer(502, "Bad Gateway"), Unreachable),
        (Answer(body=b'{"A": {', promised_bytes=5000), Truncated),
    ],
)
def test_an_answer_that_is_none_is_told_by_its_kind(
    server: StrangeServer, client: Client, answer: Answer, error: type[ComfyError]
) -> None:
    server.answers("GET /object_info", answer)
    with pytest.raises(error) as caught:
        read(client)
    assert "/object_info" in caught.value.message


def test_what_is_too_large_is_not_read_to_its_end(
    server: StrangeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_info, "MOST_BYTES", 1 << 20)
    server.answers("GET /object_info", Answer(body={"A": {"input": {"x": "y" * (1 << 22)}}}))
    with pytest.raises(Oversized):
        read(client)


def test_one_class_that_is_too_large_is_not_parsed(
    server: StrangeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_info, "MOST_ENTRY_BYTES", 1 << 20)
    server.answers("GET /object_info", Answer(body={"Big": {"input": {"x": "y" * (1 << 21)}}}))
    with pytest.raises(Oversized, match="Big"):
        read(client)


def test_an_answer_that_comes_too_slowly_is_given_up(
    server: StrangeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_info, "MOST_S", 0.0)
    server.answers("GET /object_info", Answer(body={"SaveImage": SAVE}))
    with pytest.raises(Unreachable, match="whole"):
        read(client)
