"""One who looks on: the events of the API as they come."""

import json
import os
import socket
import threading
from typing import Any

import requests

from tests.waiting import wait_for


class Listener:
    """Hears /api/events in a thread until it is closed."""

    def __init__(self, url: str, **headers: str) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.last_id: str | None = None
        self.has_ended = False
        self._answer = requests.get(f"{url}/api/events", headers=headers, stream=True, timeout=60)
        assert self._answer.status_code == 200, self._answer.text
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Listener":
        """Give itself once it is told of everything."""
        self.wait("ready")
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        if not self.has_ended:
            with socket.socket(fileno=os.dup(self._answer.raw.fileno())) as connection:
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(60)
        self._answer.close()

    def of(self, kind: str) -> list[Any]:
        """Everything heard of one kind."""
        return [data for heard, data in list(self.heard) if heard == kind]

    def wait(self, kind: str, *, within_s: float = 60) -> Any:
        """Give the latest of a kind, once there is one."""
        wait_for(lambda: self.of(kind), within_s=within_s, what=f"the event {kind}")
        return self.of(kind)[-1]

    def _listen(self) -> None:
        kind = ""
        try:
            for line in self._answer.iter_lines(chunk_size=1, decode_unicode=True):
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last_id = value
                elif name == "event":
                    kind = value
                elif name == "data":
                    self.heard.append((kind, json.loads(value)))
        except (requests.RequestException, AttributeError):
            pass  # it was closed
        self.has_ended = True
