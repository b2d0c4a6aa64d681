"""Progress and previews, which a real server shows only where a sampler runs."""

import io
import json
import random
import struct
from typing import Any

from PIL import Image

from tests.contract.conversation import Listener, Server
from tests.contract.graphs import Graph, empty, node

FLAGS = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}


def animated(count: int = 12) -> Graph:
    """A graph whose output node has many steps, and which no server knows yet."""
    return {
        "made": empty(size=(1024, 512), count=count, color=random.randrange(1 << 24)),
        "out": node("PreviewImage", images=["made", 0]),
    }


def test_a_node_of_many_steps_tells_its_progress(engine: Server) -> None:
    with engine.listening() as listener:
        prompt_id = engine.submit(animated(), client_id=listener.client_id)
        events = listener.until_end(prompt_id)
    told = [event["data"] for event in events if event["type"] == "progress"]
    assert [one["value"] for one in told] == [*range(1, 13)]
    assert told[0] == {"value": 1, "max": 12, "prompt_id": prompt_id, "node": "out"}
    for number, event in enumerate(events):
        if event["type"] == "progress":
            state = events[number - 1]["data"]["nodes"]["out"]
            assert (state["value"], state["max"]) == (event["data"]["value"], 12)


def test_a_node_of_one_step_tells_no_progress(engine: Server) -> None:
    with engine.listening() as listener:
        events = listener.until_end(engine.submit(animated(1), client_id=listener.client_id))
    assert "progress" not in {event["type"] for event in events}


def test_a_preview_is_a_small_jpeg(engine: Server) -> None:
    with engine.listening() as listener:
        prompt_id = engine.submit(animated(), client_id=listener.client_id)
        message = listener.binary()
        listener.until_end(prompt_id)
    assert struct.unpack(">II", message[:8]) == (1, 1)
    assert_is_small_jpeg(message[8:])


def test_a_client_that_asks_for_it_gets_previews_with_their_node(engine: Server) -> None:
    with engine.listening() as listener:
        listener.socket.send(json.dumps(FLAGS))
        prompt_id, about, picture = with_metadata(engine, listener)
    assert about == {
        "node_id": "out",
        "prompt_id": prompt_id,
        "display_node_id": "out",
        "parent_node_id": None,
        "real_node_id": "out",
        "image_type": "image/jpeg",
    }
    assert_is_small_jpeg(picture)


def test_feature_flags_that_do_not_come_first_are_ignored(engine: Server) -> None:
    with engine.listening() as listener:
        listener.socket.send("hello")
        listener.socket.send(json.dumps(FLAGS))
        prompt_id = engine.submit(animated(), client_id=listener.client_id)
        assert listener.binary()[:4] == b"\x00\x00\x00\x01"
        heard = listener.until_end(prompt_id)
    assert "feature_flags" not in {event["type"] for event in heard}


def assert_is_small_jpeg(content: bytes) -> None:
    """Check a preview's form and size."""
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == ("JPEG", (512, 256))


def with_metadata(engine: Server, listener: Listener) -> tuple[str, dict[str, Any], bytes]:
    """Give a prompt's id and its first preview: what it is told to be, and the picture."""
    prompt_id = engine.submit(animated(), client_id=listener.client_id)
    message = listener.binary()
    listener.until_end(prompt_id)
    kind, length = struct.unpack(">II", message[:8])
    assert kind == 4
    return prompt_id, json.loads(message[8 : 8 + length]), message[8 + length :]
