"""One ComfyUI server over HTTP: what vqd asks of it, and nothing that touches others' prompts."""

import os
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vqd.comfy.address import Address
from vqd.comfy.faults import ComfyError, Missing, NotComfy, Refused, Unreachable
from vqd.comfy.messages import (
    Finished,
    RemoteFile,
    Running,
    ServerFacts,
    Waiting,
    finished_entry,
    place_in_queue,
    server_facts,
    text_in,
)
from vqd.comfy.multipart import FormData
from vqd.comfy.object_info import ObjectInfo, fetched
from vqd.comfy.refusals import Refusal, refusal
from vqd.comfy.wire import MIB, Answer, Body, Wire, pour
from vqd.documents.opening import created, opened
from vqd.domain.graph import Graph

_MOST_HISTORY_BYTES = 32 * MIB
_MOST_QUEUE_BYTES = 128 * MIB


class Client:
    """A ComfyUI server. Any number of threads may use one client; connections are kept.

    Every method may raise `Unreachable` and `NotComfy`; `timeout_s` is the longest silence.
    """

    def __init__(
        self, url: str, *, timeout_s: float = 30.0, headers: Mapping[str, str] | None = None
    ) -> None:
        self._wire = Wire(Address.of(url, headers), timeout_s)

    def submit(
        self,
        prompt_id: str,
        graph: Graph,
        *,
        client_id: str,
        embedded: Mapping[str, object] | None = None,
    ) -> None:
        """Put a graph into the server's queue, to be carried out once, under our id.

        `embedded` goes into the outputs, as JSON under each name, beside the graph itself.

        `prompt_id` is a fresh UUID: the server does not notice an id it already has. No `number`
        is sent: two prompts with equal numbers kill the thread that runs them, as would a node
        without `inputs` or an `extra_data` of null (ComfyUI 0.3.64, execution.py).

        Raises:
            Refused: the graph is not taken, whole or in part; nothing of it stays queued.
            Unreachable: no answer came, but the graph MAY have been taken: look before sending it
                again, and then under a new id.
        """
        body = Body.of_json(
            {
                "prompt": {node: _with_inputs(made) for node, made in graph.items()},
                "prompt_id": prompt_id,
                "client_id": client_id,
                "extra_data": {"extra_pnginfo": embedded} if embedded else {},
            }
        )
        answer = self._wire.ask("POST", "/prompt", body)
        refused = _refusal_in(answer)
        if refused is None:
            return
        if answer.status not in _NOTHING_QUEUED:
            # What is left of the graph must not run; if this fails too, the refusal is still true.
            with suppress(ComfyError):
                self.withdraw(prompt_id)
                self.interrupt(prompt_id)
        raise Refused(
            f"{self._wire.address} refused it: {refused.said}.", answer.status, refused.node
        )

    def find(self, prompt_id: str) -> Waiting | Running | Finished | None:
        """Tell where a prompt is; None if the server knows nothing of it.

        History, queue, history: a prompt goes from queue to history in one step, so it cannot
        slip through, and most often the first and cheapest look is enough.
        """
        return self.history(prompt_id) or self._place(prompt_id) or self.history(prompt_id)

    def history(self, prompt_id: str) -> Finished | None:
        """Give the history entry of a prompt that is over; None if it waits, runs or is unknown.

        Raises:
            Oversized: the entry is larger than 32 MiB.
        """
        path = f"/history/{quote(prompt_id, safe='')}"
        answer = self._get(path, most_bytes=_MOST_HISTORY_BYTES)
        return finished_entry(prompt_id, answer.json())

    def upload(
        self,
        path: Path,
        *,
        name: str,
        subfolder: str,
        sha256: str | None = None,
        below: Path | None = None,
    ) -> str:
        """Send a file into the server's input folder; give the name to put into a graph.

        `sha256` is what its bytes must have. With `below`, a folder on the way to it, no link below
        that is followed.

        The server keeps what it has: under a name that is taken by other content it stores ours
        as `name (1)`, which is then what is returned.

        Raises:
            Refused: too large, or a name that the server cannot keep.
            Truncated: the file became shorter while it was read.
            Changed: it has other bytes; the server has nothing of it.
            OSError: the file cannot be read, or is a link.
        """
        fields = {"type": "input", "subfolder": subfolder}
        with opened(path, below=below) as file:
            form = FormData.of_file(file, field="image", name=name, fields=fields, sha256=sha256)
            return self._uploaded(form)

    def fetch(self, file: RemoteFile, target: Path) -> int:
        """Copy a file of the server to `target`, synced; give its length in bytes.

        Nothing is left at `target` when this raises.

        Raises:
            Missing: the server has it no longer, or its name is one that /view cannot serve.
            Truncated: it ended early.
            OSError: `target` cannot be written.
        """
        said = f"{self._wire.address}: output {file}"
        if ".." in file.filename or "\n" in file.filename:
            raise Missing(f"{said}: ComfyUI serves no file of such a name.")
        with self._wire.answering("GET", "/view", query=_view_query(file)) as response:
            if response.status_code == HTTPStatus.NOT_FOUND:
                raise Missing(f"{said} is not there any more.")
            _require_file(response.status_code, response.headers.get("Content-Type"), file, said)
            try:
                with created(target) as made:
                    length_bytes = pour(response, made.write, said)
                    made.flush()
                    os.fsync(made.fileno())
            except BaseException:
                target.unlink(missing_ok=True)
                raise
            return length_bytes

    def interrupt(self, prompt_id: str) -> None:
        """Stop our prompt if it runs; it ends in history as interrupted.

        Servers older than September 2025 stop whatever runs, so ours is looked for first.
        """
        if isinstance(self._place(prompt_id), Running):
            self._post("/interrupt", {"prompt_id": prompt_id})

    def withdraw(self, prompt_id: str) -> None:
        """Take our prompt out of the queue if it waits there; it leaves no trace."""
        self._post("/queue", {"delete": [prompt_id]})

    def free_memory(self) -> None:
        """Ask the server to unload its models and forget cached results before its next prompt."""
        self._post("/free", {"unload_models": True, "free_memory": True})

    def plant_sentinel(self) -> str:
        """Leave a file that a restart of the server wipes; give its name for `has_sentinel`."""
        name = f"vqd-{uuid.uuid4()}.txt"
        fields = {"type": "temp"}
        return self._uploaded(FormData.of_bytes(b"vqd", field="image", name=name, fields=fields))

    def has_sentinel(self, name: str) -> bool:
        """Tell whether the server has not been restarted since the sentinel was planted."""
        query = _view_query(RemoteFile(name, type="temp"))
        answer = self._wire.ask("HEAD", "/view", query=query)
        if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            raise NotComfy(f"{answer.said} answered {answer.status}.")
        return answer.status == HTTPStatus.OK

    def has_died_inside(self) -> bool:
        """Tell whether the thread that runs prompts died, while HTTP goes on answering.

        Only a restart of the server cures that; its log is the only place that tells
        (ComfyUI 0.3.64, main.py). False where the server shows no log.
        """
        answer = self._wire.ask("GET", "/internal/logs/raw", most_bytes=32 * MIB)
        return b"(prompt_worker)" in answer.content and b"Exception in thread" in answer.content

    def facts(self) -> ServerFacts:
        """Give what the server says of itself, its devices and their memory."""
        answer = self._get("/system_stats")
        facts = server_facts(answer.json())
        if facts is None:
            raise NotComfy(f"{answer.said} answered {answer.excerpt}.", "Is it ComfyUI's URL?")
        return facts

    def object_info(self) -> AbstractContextManager[ObjectInfo]:
        """Give the server's description of every node class it has.

        Raises (when entered):
            Truncated, Oversized; OSError: there is no room for it here.
        """
        return fetched(self._wire)

    def close(self) -> None:
        """Close the kept connections."""
        self._wire.close()

    def _place(self, prompt_id: str) -> Waiting | Running | None:
        return place_in_queue(prompt_id, self._get("/queue", most_bytes=_MOST_QUEUE_BYTES).json())

    def _get(self, path: str, *, most_bytes: int = 4 * MIB) -> Answer:
        return _ok(self._wire.ask("GET", path, most_bytes=most_bytes))

    def _post(self, path: str, document: Mapping[str, object]) -> None:
        _ok(self._wire.ask("POST", path, Body.of_json(document)))

    def _uploaded(self, form: FormData) -> str:
        answer = self._wire.ask("POST", "/upload/image", form.body())
        if answer.status != HTTPStatus.OK:
            raise Refused(
                f"{self._wire.address} did not take {form.name!r} ({form.length_bytes} bytes): "
                f"it answered {answer.status} with {answer.excerpt}.",
                answer.status,
            )
        stored = answer.json()
        name, subfolder = text_in(stored, "name"), text_in(stored, "subfolder")
        if not name:
            raise NotComfy(f"{answer.said} answered {answer.excerpt}.", "Is it ComfyUI's URL?")
        return f"{subfolder}/{name}" if subfolder else name


_NOTHING_QUEUED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})


def _refusal_in(answer: Answer) -> Refusal | None:
    """Read the answer to POST /prompt; None if the graph was taken whole."""
    if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Refusal("the graph is larger than the server or its gateway takes (413)", None)
    if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refusal(f"it got itself in trouble (500) and said {answer.excerpt}", None)
    document = answer.json()
    refused = refusal(document)
    if refused is None and not (answer.status == HTTPStatus.OK and text_in(document, "prompt_id")):
        raise NotComfy(
            f"{answer.said} answered {answer.status} with {answer.excerpt}.",
            "Is it ComfyUI's URL?",
        )
    return refused


def _with_inputs(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return node if "inputs" in node else {**node, "inputs": {}}


def _ok(answer: Answer) -> Answer:
    """Let 200 through.

    Raises:
        Unreachable: 500, the server is in trouble; what was asked is known to be right.
        NotComfy: any other status: it does not know the route.
    """
    if answer.status == HTTPStatus.OK:
        return answer
    said = f"{answer.said} answered {answer.status} with {answer.excerpt}."
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unreachable(said, "Its log says why.")
    raise NotComfy(said, "Is it ComfyUI's URL?")


def _view_query(file: RemoteFile) -> dict[str, str]:
    return {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}


def _require_file(status: int, content_type: str | None, file: RemoteFile, said: str) -> None:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unreachable(f"{said} could not be read: the server answered {status}.")
    if status != HTTPStatus.OK:
        raise Missing(f"{said} cannot be fetched: the server answered {status}.")
    is_page = (content_type or "").startswith("text/html")
    if is_page and not file.filename.lower().endswith((".html", ".htm")):
        raise NotComfy(f"{said}: a page came instead.", "Does a gateway want a login?")
