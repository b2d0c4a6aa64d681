"""One ComfyUI server over HTTP: what vqd asks of it, and nothing that touches others' prompts."""

import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from threading import Event
from urllib.parse import quote

from vqd.comfy.address import Address
from vqd.comfy.download import download, view_query
from vqd.comfy.faults import ComfyError, NotComfy, Oversized, Refused, Unreachable
from vqd.comfy.messages import (
    Finished,
    Running,
    ServerFacts,
    Waiting,
    finished_entry,
    object_in,
    place_in_job,
    place_in_queue,
    server_facts,
    text_in,
)
from vqd.comfy.multipart import FormData
from vqd.comfy.object_info import ObjectInfo, fetched
from vqd.comfy.offer import NOTHING_QUEUED, offer_of, refusal_in
from vqd.comfy.outputs import RemoteFile
from vqd.comfy.wire import MIB, Answer, Body, Wire
from vqd.documents.opening import opened
from vqd.domain.graph import Graph

_MOST_HISTORY_BYTES = 32 * MIB
_MOST_QUEUE_BYTES = 128 * MIB


class Client:
    """A ComfyUI server. Any number of threads may use one client; connections are kept.

    Every method may raise `Unreachable` and `NotComfy`, unless it says otherwise; `timeout_s` is
    the longest silence.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 30.0,
        headers: Mapping[str, str] | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._wire = Wire(Address.of(url, headers, ca_file), timeout_s)
        self._closing = Event()
        self._may_know_jobs = True

    def submit(self, prompt_id: str, graph: Graph, *, client_id: str) -> None:
        """Put a graph into the server's queue, to be carried out once, under our id.

        `prompt_id` is a fresh UUID: the server does not notice an id it already has.

        Raises:
            Refused: the graph is not taken, whole or in part; nothing of it stays queued.
            Unreachable: no answer came, but the graph MAY have been taken: look before sending it
                again, and then under a new id.
        """
        body = offer_of(prompt_id, graph, client_id=client_id)
        answer = self._wire.ask("POST", "/prompt", body)
        refused = refusal_in(answer)
        if refused is None:
            return
        if answer.status not in NOTHING_QUEUED:
            # What is left of the graph must not run; if this fails too, the refusal is still true.
            with suppress(ComfyError):
                self.withdraw(prompt_id)
                self.interrupt(prompt_id)
        raise Refused(
            f"{self._wire.address} refused it: {refused.said}.",
            answer.status,
            refused.node,
            refused.lacking,
            is_unavailable=refused.is_unavailable,
        )

    def find(self, prompt_id: str) -> Waiting | Running | Finished | None:
        """Tell where a prompt is; None if the server knows nothing of it.

        History, queue, history: a prompt goes from queue to history in one step, so it cannot
        slip through, and most often the first and cheapest look is enough.
        """
        return self.history(prompt_id) or self._whereabouts(prompt_id) or self.history(prompt_id)

    def place(self, prompt_id: str) -> Waiting | Running | None:
        """Tell where in the queue a prompt is, counted; None if it is not there.

        `/queue` is slow and large, for it gives every graph: a queue too large to be read has ours
        in it, as far as anybody can tell.
        """
        try:
            answer = self._get("/queue", most_bytes=_MOST_QUEUE_BYTES)
        except Oversized:
            return Waiting()
        return place_in_queue(prompt_id, answer.json())

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
            Refused: too large, or a name that the server will not have.
            Unreachable: also where it cannot store it, as on a full disk.
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

        What breaks off is taken up again where it ended, for a quarter of a minute. Nothing is
        left at `target` when this raises.

        Raises:
            Missing: the server has it no longer, or its name is one that /view cannot serve.
            Truncated: it ended early. Changed: it became another meanwhile.
            OSError: `target` cannot be written.
        """
        return download(self._wire, file, target, self._closing.wait)

    def cancel(self, prompt_id: str) -> None:
        """Take our prompt out of the queue, or stop it if it runs; no other is ever stopped.

        Servers from July 2026 on do that in one step (server.py, /api/jobs/ID/cancel).
        """
        try:
            self._post(f"/api/jobs/{quote(prompt_id, safe='')}/cancel", {})
        except NotComfy:  # it is an older one, or a gateway lets only old routes through
            self.withdraw(prompt_id)
            self.interrupt(prompt_id)

    def interrupt(self, prompt_id: str) -> None:
        """Stop our prompt if it runs; it ends in history as interrupted.

        Servers older than September 2025 stop whatever runs, so ours is looked for first.
        """
        if isinstance(self.place(prompt_id), Running):
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
        query = view_query(RemoteFile(name, type="temp"))
        answer = self._wire.ask("HEAD", "/view", query=query)
        if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            raise NotComfy(f"{answer.said} answered {answer.status}.")
        return answer.status == HTTPStatus.OK

    def has_died_inside(self) -> bool:
        """Tell whether the thread that runs prompts died, while HTTP goes on answering.

        Only a restart of the server cures that; its log is the only place that tells
        (ComfyUI 0.3.64, main.py). False where the server shows no log, or not now.
        """
        try:
            answer = self._wire.ask("GET", "/internal/logs/raw", most_bytes=32 * MIB)
        except ComfyError:
            return False
        return b"(prompt_worker)" in answer.content and b"Exception in thread" in answer.content

    def greet(self) -> None:
        """Ask the least that only ComfyUI answers.

        Raises:
            Unreachable, NotComfy: it is not there, or something else is.
        """
        answer = self._get("/prompt")
        if not object_in(answer.json(), "exec_info"):
            raise NotComfy(f"{answer.said} answered {answer.excerpt}.", "Is it ComfyUI's URL?")

    def facts(self) -> ServerFacts:
        """Give what the server says of itself, its devices and their memory."""
        answer = self._get("/system_stats")
        facts = server_facts(answer.json())
        if facts is None:
            raise NotComfy(f"{answer.said} answered {answer.excerpt}.", "Is it ComfyUI's URL?")
        return facts

    def time_there(self) -> float | None:
        """Give what time it is on the server, in UTC seconds, or on a gateway that answers for it;
        None if neither tells (RFC 9110, 6.6.1)."""
        told = self._get("/prompt").headers.get("Date")
        try:
            return parsedate_to_datetime(told).timestamp() if told else None
        except ValueError:
            return None

    def object_info(self) -> AbstractContextManager[ObjectInfo]:
        """Give the server's description of every node class it has.

        Raises (when entered):
            Truncated, Oversized; OSError: there is no room for it here.
        """
        return fetched(self._wire)

    def forget(self) -> None:
        """Find out anew what the server can do: it may be another version now."""
        self._may_know_jobs = True

    def close(self) -> None:
        """Close the kept connections; what waits to try again gives up."""
        self._closing.set()
        self._wire.close()

    def _whereabouts(self, prompt_id: str) -> Waiting | Running | None:
        """Tell where in the queue a prompt is, by /api/jobs where the server has that (since
        December 2025): it answers for one prompt, without any graph."""
        job = self._job(prompt_id) if self._may_know_jobs else None
        return place_in_job(prompt_id, job) or self.place(prompt_id)

    def _job(self, prompt_id: str) -> object:
        try:
            answer = self._wire.ask("GET", f"/api/jobs/{quote(prompt_id, safe='')}")
            self._may_know_jobs = answer.is_json
            return answer.json() if answer.status == HTTPStatus.OK else None
        except NotComfy:  # a gateway lets only older routes through
            self._may_know_jobs = False
            return None

    def _get(self, path: str, *, most_bytes: int = 4 * MIB) -> Answer:
        return _ok(self._wire.ask("GET", path, most_bytes=most_bytes))

    def _post(self, path: str, document: Mapping[str, object]) -> None:
        _ok(self._wire.ask("POST", path, Body.of_json(document)))

    def _uploaded(self, form: FormData) -> str:
        answer = self._wire.ask("POST", "/upload/image", form.body())
        if answer.status in _NOT_STORED:
            raise Refused(
                f"{self._wire.address} did not take {form.name!r} ({form.length_bytes} bytes): "
                f"{_NOT_STORED[answer.status]} ({answer.status}: {answer.excerpt}).",
                answer.status,
            )
        if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:  # its name is ours, so it is right
            raise Unreachable(
                f"{self._wire.address} could not store {form.name!r} ({form.length_bytes} bytes): "
                f"it answered 500 with {answer.excerpt}.",
                "Is its disk full, or its input folder read-only?",
            )
        stored = _ok(answer).json()
        name, subfolder = text_in(stored, "name"), text_in(stored, "subfolder")
        if not name:
            raise NotComfy(f"{answer.said} answered {answer.excerpt}.", "Is it ComfyUI's URL?")
        return f"{subfolder}/{name}" if subfolder else name


_NOT_STORED: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "it will not have a file of this name",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "it is larger than the server or its gateway allows",
}


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
