"""Tiny prompts: 200 through vqd, and the same graphs straight into the server's own queue.

What a prompt takes of the *server's* processor time is measured, too: a server is one interpreter,
which carries prompts out and answers requests, so what a client asks of it comes out of its speed.
"""

import json
import os
import statistics
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.bench.figure import Figure
from tests.bench.floor import Bare, Floor, Graphs
from tests.bench.graph import one_picture
from tests.bench.process import cpu_s, listener_on, pause
from tests.builders import write
from tests.daemons import Daemon, manifest_of
from tests.samples import picture
from tests.waiting import wait_for

TINY = 200
BLOCKS = 5
FORGETS_S = 1.0
"""How long a ComfyUI collects garbage, at most, when it is asked to forget what it has cached."""
AT_MOST, OF_LEAST_AT_MOST = 1.1, 1.25

GRAPH = one_picture(64)
DEFINITION = """\
vqd_workflow: 1
name: tiny
version: 1
graph: tiny.json
params:
  color: {type: int, default: 0, min: 0, max: 16777215, bind: "@Empty Image.color"}
outputs:
  image: {node: "@Save Image", kind: image, prefix: filename_prefix}
"""


def tiny_prompts(folder: Path) -> list[Figure]:
    """Measure with the built-in engine, and with the real ComfyUI at VQD_COMFY_URL if it is set.

    The engine scales a picture to 32 pixels, and to 320, which takes it half as long as ComfyUI
    takes for next to nothing. ComfyUI saves an empty picture of 64 pixels; once more with its
    output folder where this machine sees it, if VQD_COMFY_OUTPUT tells that.
    """
    figures: list[Figure] = []
    for side in (32, 320):
        daemon = Daemon(folder / f"scaled{side}")
        outputs = daemon.folder / "state" / "engine" / "output"
        figures += _Bench(f"built-in, {side} px", daemon, Scaled(side), outputs).figures()
    if url := os.environ.get("VQD_COMFY_URL"):
        for output_folder in (None, *filter(None, [os.environ.get("VQD_COMFY_OUTPUT")])):
            named = "ComfyUI, output folder shared" if output_folder else "ComfyUI"
            house = folder / named.replace(" ", "-")
            write(house / "workflows" / "tiny.json", json.dumps(GRAPH))
            write(house / "workflows" / "tiny.yaml", DEFINITION)
            daemon = Daemon(
                house,
                servers=[{"url": url, "output_folder": output_folder}],
                workflows=[str(house / "workflows")],
            )
            outputs_there = Path(output_folder) if output_folder else None
            figures += _Bench(named, daemon, Empty(), outputs_there).figures()
    return figures


@dataclass(frozen=True)
class Scaled:
    """A picture scaled to so many pixels, and a few more: each prompt to a size of its own."""

    side: int

    def write_job(self, job: Path, turn: int) -> None:
        """Write the folder of a job."""
        sizes = ", ".join(f"{self.side + number}x{self.side + turn}" for number in range(TINY))
        picture(job / "a.png", size=(64, 64), shade=turn)
        (job / "job.yaml").write_text(
            "vqd: 1\nworkflow: image-scale\noutput: {sidecar: none}\n"
            f"fan_out: {{matrix: {{size: [{sizes}]}}}}\n"
        )


@dataclass(frozen=True)
class Empty:
    """An empty picture, each of a colour of its own."""

    def write_job(self, job: Path, turn: int) -> None:
        """Write the folder of a job."""
        first = 1 + turn * TINY
        write(
            job / "job.yaml",
            "vqd: 1\nworkflow: tiny\noutput: {sidecar: none}\n"
            f"fan_out: {{matrix: {{color: {first}-{first + TINY - 1}}}}}\n",
        )


@dataclass(frozen=True)
class _Turn:
    """One way's turn: seconds to the last prompt's end, and processor time of the server's."""

    to_last_s: float
    server_s: float


class _Bench:
    """One daemon, its one server, and the ways in which both can be given the same prompts.

    `outputs` is the server's output folder, where this machine sees it.
    """

    def __init__(
        self, named: str, daemon: Daemon, prompts: Scaled | Empty, outputs: Path | None
    ) -> None:
        self._named = named
        self._daemon = daemon
        self._prompts = prompts
        self._outputs = outputs
        self._url = ""
        self._server_pid = 0
        self._done_s = 0.0

    def figures(self) -> list[Figure]:
        """Let the ways take turns."""
        self._daemon.start()
        try:
            self._url = wait_for(self._url_if_up, within_s=60, what="the server")
            self._server_pid = listener_on(urlsplit(self._url).port or 80)
            return self._measured()
        finally:
            self._daemon.close()

    def _url_if_up(self) -> str | None:
        told = self._daemon.vqd("status", "--json").stdout
        return next(
            (one["url"] for one in json.loads(told)["servers"] if one["state"] == "up"), None
        )

    def _measured(self) -> list[Figure]:
        assert self._daemon.process is not None
        pid = self._daemon.process.pid
        turns: dict[str, list[_Turn]] = {"vqd": [], "direct": [], "bare": [], "least": []}
        done_ratios, cpu_ms = [], []
        for number in range(BLOCKS + 1):
            graphs: list[Mapping[str, Any]] = []
            before_s = cpu_s(pid)
            turn = {"vqd": self._turn(lambda: self._through_vqd(number, graphs))}  # noqa: B023
            took_s = cpu_s(pid) - before_s
            for way, act in (
                ("direct", self._direct),
                ("bare", lambda graphs: Bare(self._url, self._outputs).run(graphs)),
                ("least", self._least),
            ):
                moved = [_elsewhere(graph, f"{way}{number}") for graph in graphs]
                turn[way] = self._turn(lambda: act(moved))  # noqa: B023
            if number:
                for way, one in turn.items():
                    turns[way].append(one)
                done_ratios.append(self._done_s / turn["direct"].to_last_s)
                cpu_ms.append(1000 * took_s / TINY)
        return self._told(turns, done_ratios, cpu_ms)

    def _told(
        self,
        turns: Mapping[str, Sequence[_Turn]],
        done_ratios: Sequence[float],
        cpu_ms: Sequence[float],
    ) -> list[Figure]:
        def ratio(way: str, other: str) -> float:
            pairs = zip(turns[way], turns[other], strict=True)
            return statistics.median(one.to_last_s / by.to_last_s for one, by in pairs)

        head = f"{self._named}: 200"
        one_ms = statistics.median(1000 * one.to_last_s / TINY for one in turns["direct"])
        by_least = ratio("vqd", "least")
        return [
            Figure(f"{head} to the last rendered / direct", ratio("vqd", "direct"), "x", AT_MOST),
            Figure(f"{head} by a client that keeps nothing / direct", ratio("bare", "direct"), "x"),
            Figure(f"{head} by the least client / direct", ratio("least", "direct"), "x"),
            Figure(f"{head} to the last rendered / least client", by_least, "x", OF_LEAST_AT_MOST),
            Figure(f"{head}, drop to done/ / direct", statistics.median(done_ratios), "x"),
            Figure(f"{self._named}: one, direct", one_ms, "ms"),
            *(
                Figure(f"{self._named}: server's processor time for one, {said}", ms, "ms")
                for way, said in _SAID.items()
                for ms in [statistics.median(1000 * one.server_s / TINY for one in turns[way])]
            ),
            Figure(f"{self._named}: vqd's processor time for one", statistics.median(cpu_ms), "ms"),
        ]

    def _turn(self, act: Callable[[], float]) -> _Turn:
        """Do something that gives when the last prompt ended, on a server that has forgotten."""
        asked = {"free_memory": True}
        requests.post(f"{self._url}/free", json=asked, timeout=30).raise_for_status()
        pause(FORGETS_S)
        began_at, before_s = time.time(), cpu_s(self._server_pid)
        last_at = act()
        return _Turn(last_at - began_at, cpu_s(self._server_pid) - before_s)

    def _through_vqd(self, number: int, graphs: list[Mapping[str, Any]]) -> float:
        """Give when the last prompt ended, and add the graphs as they were sent."""
        job = self._daemon.folder / f"tiny{number}"
        self._prompts.write_job(job, number)
        requests.post(f"{self._url}/history", json={"clear": True}, timeout=30).raise_for_status()
        began_at = time.time()
        job.rename(self._daemon.spool.inbox / job.name)
        done = self._daemon.wait_closed(job.name, within_s=120)
        self._done_s = time.time() - began_at
        assert len(manifest_of(done)) == TINY
        entries = requests.get(f"{self._url}/history", timeout=30).json().values()
        graphs.extend(entry["prompt"][2] for entry in entries)
        return max(_ended_at(entry) for entry in entries)

    def _direct(self, graphs: Graphs) -> float:
        """Post the graphs at once."""
        last = ""
        with requests.Session() as session:
            for graph in graphs:
                last = str(uuid.uuid4())
                body = {"prompt": graph, "prompt_id": last, "client_id": "bench"}
                session.post(f"{self._url}/prompt", json=body, timeout=30).raise_for_status()
            return _ended_at(
                wait_for(
                    lambda: session.get(f"{self._url}/history/{last}", timeout=30).json().get(last),
                    within_s=120,
                )
            )

    def _least(self, graphs: Graphs) -> float:
        folder = self._daemon.folder / f"floor{uuid.uuid4()}"
        folder.mkdir()
        return Floor(self._url, self._outputs, folder).run(graphs)


_SAID = {
    "direct": "direct",
    "bare": "kept nothing of",
    "least": "by the least client",
    "vqd": "vqd",
}
"""How each way is called in figures of the server's processor time."""


def _ended_at(entry: Mapping[str, Any]) -> float:
    return float(entry["status"]["messages"][-1][1]["timestamp"] / 1000)


def _elsewhere(graph: Mapping[str, Any], folder: str) -> Mapping[str, Any]:
    """Give the graph with its files in another folder, as each has one of its own with vqd: it
    leaves nothing cached."""
    return {
        node: {
            **made,
            "inputs": {name: _moved(value, folder) for name, value in made["inputs"].items()},
        }
        for node, made in graph.items()
    }


def _moved(value: Any, folder: str) -> Any:
    is_prefix = isinstance(value, str) and value.startswith("vqd/") and value.count("/") > 1
    return value.replace("vqd/", f"{folder}/", 1) if is_prefix else value
