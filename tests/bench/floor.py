"""The least that a prompt can cost with what vqd promises of it, and nothing else.

Nothing is planned, checked, judged, told or logged; it is written for one job on one server of
this machine. What is left: the prompt's id is committed before it is sent, one prompt runs and one
waits, the end is heard on the websocket and looked up in the history, the output is on disk before
its name is, the manifest tells of it, and then its success is committed.
"""

import http.client
import os
import queue
import sqlite3
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from websocket import create_connection

ON_SERVER, AT_ONCE = 2, 6
"""Prompts on the server, and with those whose outputs are on their way: as many as vqd has."""

Graphs = Sequence[Mapping[str, Any]]


class Floor:
    """A client of one server, which puts what it makes into `folder`."""

    def __init__(self, url: str, outputs: Path, folder: Path) -> None:
        self._netloc = urlsplit(url).netloc
        self._outputs = outputs
        self._folder = folder
        self._places = threading.Semaphore(ON_SERVER)
        self._ended: dict[str, threading.Event] = {}
        self._mine = threading.local()
        self._manifest = os.open(folder / "manifest.jsonl", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._folder_handle = os.open(folder, os.O_RDONLY)
        self._syncing = threading.Lock()
        self._writes: queue.SimpleQueue[tuple[str, str, threading.Event] | None]
        self._writes = queue.SimpleQueue()

    def run(self, graphs: Graphs) -> float:
        """Have the graphs carried out; give when the last of them ended, by the server's clock."""
        socket = create_connection(f"ws://{self._netloc}/ws?clientId=floor", timeout=30)
        listening = threading.Thread(target=self._listen, args=(socket.recv, len(graphs)))
        writing = threading.Thread(target=self._write)
        listening.start()
        writing.start()
        with ThreadPoolExecutor(AT_ONCE) as threads:
            last_at = max(threads.map(self._carry_out, graphs))
        self._writes.put(None)
        writing.join()
        listening.join()
        socket.close()
        os.close(self._manifest)
        os.close(self._folder_handle)
        return last_at

    def _carry_out(self, graph: Mapping[str, Any]) -> float:
        prompt_id = str(uuid.uuid4())
        ended = self._ended[prompt_id] = threading.Event()
        with self._places:
            self._commit(prompt_id, "running")
            body = {"prompt": graph, "prompt_id": prompt_id, "client_id": "floor"}
            self._ask("POST", "/prompt", orjson.dumps(body))
            assert ended.wait(30)
        entry = self._ask("GET", f"/history/{prompt_id}")[prompt_id]
        for output in entry["outputs"].values():
            for image in output["images"]:
                self._bring(prompt_id, image)
        self._commit(prompt_id, "succeeded")
        return float(entry["status"]["messages"][-1][1]["timestamp"] / 1000)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        if not hasattr(self._mine, "http"):
            self._mine.http = http.client.HTTPConnection(self._netloc)
        self._mine.http.request(method, path, body, {"Content-Type": "application/json"})
        return orjson.loads(self._mine.http.getresponse().read())

    def _bring(self, prompt_id: str, image: Mapping[str, str]) -> None:
        made = self._outputs / image["subfolder"] / image["filename"]
        part = self._folder / f".{prompt_id}"
        os.link(made, part)
        handle = os.open(part, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
        part.rename(self._folder / f"{prompt_id}{made.suffix}")
        with self._syncing:
            os.fsync(self._folder_handle)
            os.write(self._manifest, f'{{"output": "{prompt_id}"}}\n'.encode())
            os.fsync(self._manifest)
        made.unlink()

    def _commit(self, prompt_id: str, state: str) -> None:
        done = threading.Event()
        self._writes.put((prompt_id, state, done))
        assert done.wait(30)

    def _write(self) -> None:
        """Commit what waits together, as the store does."""
        database = sqlite3.connect(self._folder / "queue.db", isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE prompts (prompt_id PRIMARY KEY, state)")
        while (asked := self._writes.get()) is not None:
            group = [asked]
            while not self._writes.empty() and (more := self._writes.get()) is not None:
                group.append(more)
            database.execute("BEGIN IMMEDIATE")
            rows = [(prompt_id, state) for prompt_id, state, _ in group]
            database.executemany("INSERT OR REPLACE INTO prompts VALUES (?, ?)", rows)
            database.execute("COMMIT")
            for _, _, done in group:
                done.set()
        database.close()

    def _listen(self, hear: Callable[[], Any], prompts: int) -> None:
        while prompts:
            said = orjson.loads(hear())
            if said["type"] == "executing" and said["data"].get("node") is None:
                self._ended[said["data"]["prompt_id"]].set()
                prompts -= 1
