"""A conversation with a server that speaks ComfyUI's protocol, as a client has it."""

import io
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import requests
import websocket
from numpy.typing import NDArray
from PIL import Image

from tests.contract.graphs import Graph, slow_graph
from tests.waiting import wait_for

WITHIN_S = 60.0


@dataclass(frozen=True)
class Server:
    """One server."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **query: Any) -> requests.Response:
        """Send a GET."""
        return self.session.get(self.url + path, params=query, timeout=WITHIN_S)

    def post(self, path: str, body: Any) -> requests.Response:
        """Send a POST with a body: bytes as they are, the rest as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.session.post(self.url + path, data=data, timeout=WITHIN_S)

    @property
    def is_newer(self) -> bool:
        """Tell whether it is a ComfyUI after 0.3.64, which differs where a test says so."""
        version = self.get("/system_stats").json()["system"]["comfyui_version"]
        return tuple(map(int, version.partition("+")[0].split("."))) > (0, 3, 64)

    def submit(self, graph: Graph, **body: Any) -> str:
        """Queue a prompt; give its id."""
        prompt_id = str(uuid.uuid4())
        answer = self.post("/prompt", {"prompt": graph, "prompt_id": prompt_id, **body})
        assert answer.status_code == 200, answer.text
        assert answer.json()["node_errors"] == {}
        return prompt_id

    def finished(self, prompt_id: str) -> dict[str, Any]:
        """Wait for a prompt's end; give its history entry."""
        return wait_for(
            lambda: self.get(f"/history/{prompt_id}").json().get(prompt_id),
            within_s=WITHIN_S,
            what=f"the end of {prompt_id}",
        )

    def carry_out(self, graph: Graph, **body: Any) -> dict[str, Any]:
        """Queue a prompt and wait for its end; give its history entry."""
        return self.finished(self.submit(graph, **body))

    def files(self, graph: Graph, node: str = "out") -> list[dict[str, str]]:
        """Carry a graph out that must succeed; give the files that its output node made."""
        # With a client_id: 0.24.0 names no files of a prompt that is cached and has none.
        entry = self.carry_out(graph, client_id="contract")
        assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
        found: list[dict[str, str]] = entry["outputs"][node]["images"]
        return found

    def content(self, file: Mapping[str, str]) -> bytes:
        """Fetch a file."""
        answer = self.get("/view", **file)
        assert answer.status_code == 200, (file, answer.text)
        return answer.content

    def pictures(self, graph: Graph, node: str = "out") -> list[NDArray[np.int16]]:
        """Carry a graph out; give the pixels [H, W, C] of every picture that it made."""
        return [pixels(self.content(file)) for file in self.files(graph, node)]

    def upload(self, name: str, content: bytes, **fields: str) -> requests.Response:
        """Send a file to the server's input folder, or where the fields say."""
        return self.session.post(
            f"{self.url}/upload/image", files={"image": (name, content)}, data=fields, timeout=30
        )

    def put(self, content: bytes, ending: str = "png") -> str:
        """Send a file under a name of its own; give that name."""
        answer = self.upload(f"{uuid.uuid4().hex}.{ending}", content)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["name"])

    @contextmanager
    def busy(self, **body: Any) -> Iterator[str]:
        """Keep the server busy with a prompt that takes long; give its id."""
        self.post("/queue", {"clear": True})
        prompt_id = self.submit(slow_graph(), **body)
        wait_for(lambda: self.running() == [prompt_id], within_s=WITHIN_S, what="its beginning")
        yield prompt_id
        self.post("/queue", {"clear": True})
        self.post("/interrupt", {"prompt_id": prompt_id})
        self.finished(prompt_id)

    def running(self) -> list[str]:
        """Give the ids of running prompts."""
        return [item[1] for item in self.get("/queue").json()["queue_running"]]

    def pending(self) -> list[str]:
        """Give the ids of waiting prompts."""
        return [item[1] for item in self.get("/queue").json()["queue_pending"]]

    @contextmanager
    def listening(self, client_id: str | None = None) -> Iterator["Listener"]:
        """Connect a websocket; its first event was heard."""
        listener = Listener(self.url, client_id or uuid.uuid4().hex)
        try:
            yield listener
        finally:
            listener.socket.close()


class Listener:
    """A websocket, read one event after the other."""

    def __init__(self, url: str, client_id: str) -> None:
        self.client_id = client_id
        self.socket = websocket.create_connection(
            f"{url.replace('http', 'ws', 1)}/ws?clientId={client_id}", timeout=WITHIN_S
        )
        self.first = self.event()

    def event(self) -> dict[str, Any]:
        """Give the next event that is no preview."""
        while not isinstance(message := self.socket.recv(), str):
            continue
        event: dict[str, Any] = json.loads(message)
        return event

    def binary(self) -> bytes:
        """Give the next preview."""
        while not isinstance(message := self.socket.recv(), bytes):
            continue
        return message

    def until_end(self, prompt_id: str) -> list[dict[str, Any]]:
        """Give the events up to the end marker of a prompt."""
        events = []
        while True:
            events.append(self.event())
            if events[-1] == {"type": "executing", "data": {"node": None, "prompt_id": prompt_id}}:
                return events


def pixels(content: bytes) -> NDArray[np.int16]:
    """Read a picture's pixels [H, W, C], 0 to 255."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image, np.int16)


def png(array: Any, mode: str | None = None) -> bytes:
    """Write pixels [H, W, C] as a PNG."""
    written = io.BytesIO()
    image = Image.fromarray(np.asarray(array, np.uint8))
    (image.convert(mode) if mode else image).save(written, "PNG")
    return written.getvalue()


def real_url() -> str:
    """Give where a real ComfyUI listens, if there is one to be tested."""
    return os.environ.get("VQD_COMFY_URL", "").rstrip("/")
