"""Clients of one server that do next to nothing: what a prompt costs whatever is done with it.

Nothing is planned, checked, judged, told or logged; they are written for one job on one server of
this machine. One prompt runs and one waits, and its end and its files are heard on the websocket.

- `Bare` only fetches what was made, into memory: nobody has less to ask of a server.
- `Floor` keeps what vqd promises, too: the prompt's id is committed before it is sent, the output
  is on disk before its name is, the manifest tells of it, and then its success is committed.
"""

import http.client
import os
import queue
import sqlite3
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from websocket import create_connection

ON_SERVER, AT_ONCE = 2, 6
"""Prompts on the server, and with those whose outputs are on their way: as many as vqd has."""

Graphs = Sequence[Mapping[str, Any]]
File = Mapping[str, str]


@dataclass
class _Heard:
    """What was heard of a prompt so far."""

    ended: threading.Event = field(default_factory=threading.Event)
    files: list[File] = field(default_factory=list)
    success_at: float = 0.0


class Bare:
    """A client that fetches what was made and keeps nothing of it.

    `outputs` is the server's output folder where it can be seen: nothing is fetched then.
    """

    def __init__(self, url: str, outputs: Path | None) -> None:
        self._netloc = urlsplit(url).netloc
        self._outputs = outputs
        self._places = threading.Semaphore(ON_SERVER)
        self._heard: dict[str, _Heard] = {}
        self._mine = threading.local()

    def run(self, graphs: Graphs) -> float:
        """Have the graphs carried out; give when the last of them ended, by the server's clock."""
        client_id = str(uuid.uuid4())
        socket = create_connection(f"ws://{self._netloc}/ws?clientId={client_id}", timeout=30)
        listening = threading.Thread(target=self._listen, args=(socket.recv, len(graphs)))
        listening.start()
        with ThreadPoolExecutor(AT_ONCE) as threads:
            last_at = max(threads.map(lambda graph: self._carry_out(graph, client_id), graphs))
        listening.join()
        socket.close()
        return last_at

    def _carry_out(self, graph: Mapping[str, Any], client_id: str) -> float:
        prompt_id = str(uuid.uuid4())
        heard = self._heard[prompt_id] = _Heard()
        with self._places:
            self._commit(prompt_id, "running")
            body = {"prompt": graph, "prompt_id": prompt_id, "client_id": client_id}
            self._ask("POST", "/prompt", orjson.dumps(body))
            assert heard.ended.wait(30)
        for made in heard.files:
            self._bring(prompt_id, made)
        self._commit(prompt_id, "succeeded")
        return heard.success_at

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        if not hasattr(self._mine, "http"):
            self._mine.http = http.client.HTTPConnection(self._netloc)
        self._mine.http.request(method, path, body, {"Content-Type": "application/json"})
        answer: bytes = self._mine.http.getresponse().read()
        return answer

    def _bring(self, _: str, made: File) -> None:
        if self._outputs is None:
            self._ask("GET", f"/view?{urlencode(made)}")

    def _commit(self, prompt_id: str, state: str) -> None:
        """Promise nothing."""

    def _listen(self, hear: Callable[[], Any], prompts: int) -> None:
        while prompts:
            said = orjson.loads(hear())
            heard = self._heard.get(said["data"].get("prompt_id", ""))
            if heard is None:
                continue
            match said["type"], said["data"]:
                case "executed", told:
                    heard.files.extend(told["output"]["images"])
                case "execution_success", told:
                    heard.success_at = told["timestamp"] / 1000
                case "executing", {"node": None}:
                    heard.ended.set()
                    prompts -= 1


class Floor(Bare):
    """A client that puts what is made into `folder`, and keeps what vqd promises."""

    def __init__(self, url: str, outputs: Path | None, folder: Path) -> None:
        super().__init__(url, outputs)
        self._folder = folder
        self._manifest = os.open(folder / "manifest.jsonl", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._folder_handle = os.open(folder, os.O_RDONLY)
        self._syncing = threading.Lock()
        self._writes: queue.SimpleQueue[tuple[str, str, threading.Event] | None]
        self._writes = queue.SimpleQueue()

    def run(self, graphs: Graphs) -> float:
        """Have the graphs carried out; give when the last of them ended, by the server's clock."""
        writing = threading.Thread(target=self._write)
        writing.start()
        last_at = super().run(graphs)
        self._writes.put(None)
        writing.join()
        os.close(self._manifest)
        os.close(self._folder_handle)
        return last_at

    def _bring(self, prompt_id: str, made: File) -> None:
        part = self._folder / f".{prompt_id}"
        there = self._outputs and self._outputs / made["subfolder"] / made["filename"]
        if there is None:
            part.write_bytes(self._ask("GET", f"/view?{urlencode(made)}"))
        else:
            os.link(there, part)
        handle = os.open(part, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
        part.rename(self._folder / f"{prompt_id}{Path(made['filename']).suffix}")
        with self._syncing:
            os.fsync(self._folder_handle)
            os.write(self._manifest, f'{{"output": "{prompt_id}"}}\n'.encode())
            os.fsync(self._manifest)
        if there is not None:
            there.unlink()

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
