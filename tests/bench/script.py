"""What people write for themselves: a script that posts prompts to ComfyUI and waits for each.

It listens on the websocket, posts a graph, waits until nothing of it is executing, looks its
outputs up in the history, and writes them where it is told; what is lost with it is lost.
"""

import json
import time
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from websocket import create_connection


def carry_out(url: str, graphs: Sequence[Mapping[str, Any]], folder: Path) -> float:
    """Have graphs carried out one after the other; give the seconds until the last is on disk."""
    folder.mkdir()
    client_id = uuid.uuid4().hex
    began = time.perf_counter()
    socket = create_connection(f"ws://{urlsplit(url).netloc}/ws?clientId={client_id}", timeout=60)
    for graph in graphs:
        posted = _told(f"{url}/prompt", {"prompt": graph, "client_id": client_id})
        prompt_id = posted["prompt_id"]
        while not _is_end(socket.recv(), prompt_id):
            pass
        for output in _told(f"{url}/history/{prompt_id}")[prompt_id]["outputs"].values():
            for image in output.get("images", []):
                content = urllib.request.urlopen(
                    f"{url}/view?{urlencode(image)}", timeout=60
                ).read()
                (folder / f"{prompt_id}-{image['filename']}").write_bytes(content)
    socket.close()
    return time.perf_counter() - began


def _is_end(said: str | bytes, prompt_id: str) -> bool:
    if isinstance(said, bytes):
        return False
    message = json.loads(said)
    data = message["data"]
    return message["type"] == "executing" and (data["node"], data["prompt_id"]) == (None, prompt_id)


def _told(url: str, document: object = None) -> Any:
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
