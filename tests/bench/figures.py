"""What is measured, and how. Times are compared within one run; none is asserted in a test."""

import json
import os
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from tests.bench.board import board
from tests.bench.claiming import claiming
from tests.bench.farm import farm
from tests.bench.figure import Figure
from tests.bench.floor import Floor
from tests.bench.intake import acceptance, bursts, watching
from tests.bench.leasing import leasing
from tests.bench.planning import planning
from tests.bench.process import cpu_s, pause, rss_mb, switches
from tests.bench.report import report
from tests.bench.scale import scale
from tests.bench.starting import starting
from tests.daemons import Daemon, manifest_of
from tests.samples import picture, picture_job
from tests.waiting import wait_for
from vqd.runner.headline import GATHERED_S

TINY = 200
BLOCKS = 5
DROPS = 60


def drop_to_start(folder: Path) -> list[Figure]:
    """Rename a job into the inbox of an idle daemon; the engine stamps when its prompt begins."""
    daemon = Daemon(folder).start()
    try:
        delays_ms = []
        for turn in range(DROPS + 5):
            job = picture_job(folder / f"drop{turn}", pictures=1)
            dropped_at = time.time()
            job.rename(daemon.spool.inbox / job.name)
            done = daemon.wait_closed(job.name)
            entry = [*history(daemon).values()][-1]
            started_at = dict(entry["status"]["messages"])["execution_start"]["timestamp"] / 1000
            assert (done / "outputs").is_dir()
            if turn >= 5:
                delays_ms.append((started_at - dropped_at) * 1000)
    finally:
        daemon.close()
    return [
        Figure("drop by rename -> prompt begins, median", statistics.median(delays_ms), "ms", 20),
        Figure("the same, 9 of 10", statistics.quantiles(delays_ms, n=10)[-1], "ms"),
    ]


def idle(folder: Path) -> list[Figure]:
    """Leave a daemon alone for ten seconds, once it has told of its start: memory, wake-ups,
    processor time."""
    daemon = Daemon(folder, rescan_s=60).start()
    try:
        assert daemon.process is not None
        pid = daemon.process.pid
        pause(2 * GATHERED_S)
        before, pause_s = (switches(pid), cpu_s(pid)), 10
        pause(pause_s)
        after = (switches(pid), cpu_s(pid))
        fresh_mb = rss_mb(pid)
        job = picture_job(folder / "one", pictures=1)
        job.rename(daemon.spool.inbox / job.name)
        daemon.wait_closed("one")
        pause(1)
        used_mb = rss_mb(pid)
    finally:
        daemon.close()
    return [
        Figure("idle memory (RSS)", fresh_mb, "MB", 70),
        Figure("memory after a first job", used_mb, "MB"),
        Figure("idle wake-ups", (after[0] - before[0]) / pause_s, "/s", 1),
        Figure("idle processor time", 100 * (after[1] - before[1]) / pause_s, "%", 0.1),
    ]


def tiny_prompts(folder: Path) -> list[Figure]:
    """200 prompts through vqd, and the same graphs straight into the server's own queue.

    Of 32 pixels, and of 320, which take the built-in engine half as long as ComfyUI takes for 32;
    and of 32 on the real ComfyUI at VQD_COMFY_URL if it is set. With the built-in engine the least
    that a client can do takes its turn, too: see `floor`.
    """
    figures = ratios_of("built-in, 32 px", Daemon(folder / "tiny"), side=32)
    figures += ratios_of("built-in, 320 px", Daemon(folder / "small"), side=320)
    if url := os.environ.get("VQD_COMFY_URL"):
        figures += ratios_of("ComfyUI, 32 px", Daemon(folder / "real", servers=[url]), side=32)
    return figures


def ratios_of(named: str, daemon: Daemon, *, side: int) -> list[Figure]:
    """Let vqd and the server's own queue take turns at the same prompts."""
    daemon.start()
    folder = daemon.folder
    assert daemon.process is not None
    ratios, to_last_ratios, direct_ms, cpu_ms = [], [], [], []
    least_ratios: list[float] = []
    try:
        for turn in range(BLOCKS + 1):
            before_s = cpu_s(daemon.process.pid)
            through_s, rendered_s, graphs = through_vqd(daemon, folder, turn, side)
            took_s = cpu_s(daemon.process.pid) - before_s
            direct_s = direct(daemon, graphs)
            if turn:
                ratios.append(through_s / direct_s)
                to_last_ratios.append(rendered_s / direct_s)
                direct_ms.append(1000 * direct_s / TINY)
                cpu_ms.append(1000 * took_s / TINY)
                least_ratios.extend(s / direct_s for s in least(daemon, graphs, turn))
    finally:
        daemon.close()
    head = f"{named}: 200 by the least client / direct"
    by_least = [Figure(head, median(least_ratios), "x")] if least_ratios else []
    return [
        Figure(f"{named}: 200 to the last rendered / direct", median(to_last_ratios), "x", 1.25),
        *by_least,
        Figure(f"{named}: 200, drop to done/ / direct", median(ratios), "x"),
        Figure(f"{named}: one, direct", median(direct_ms), "ms"),
        Figure(f"{named}: processor time for a prompt", median(cpu_ms), "ms"),
    ]


def through_vqd(
    daemon: Daemon, folder: Path, turn: int, side: int
) -> tuple[float, float, Sequence[Mapping[str, Any]]]:
    """Give the seconds until done/ and until the last prompt was rendered, and the graphs."""
    sizes = ", ".join(f"{side + number}x{side + turn}" for number in range(TINY))
    job = folder / f"tiny{turn}"
    picture(job / "a.png", size=(64, 64), shade=turn)
    (job / "job.yaml").write_text(
        "vqd: 1\nworkflow: image-scale\noutput: {sidecar: none}\n"
        f"fan_out: {{matrix: {{size: [{sizes}]}}}}\n"
    )
    seen = set(history(daemon))
    began_at = time.time()
    job.rename(daemon.spool.inbox / job.name)
    done = daemon.wait_closed(job.name, within_s=120)
    through_s = time.time() - began_at
    assert len(manifest_of(done)) == TINY
    entries = {key: entry for key, entry in history(daemon).items() if key not in seen}
    last_at = max(entry["status"]["messages"][-1][1]["timestamp"] for entry in entries.values())
    return through_s, last_at / 1000 - began_at, [entry["prompt"][2] for entry in entries.values()]


def direct(daemon: Daemon, graphs: Sequence[Mapping[str, Any]]) -> float:
    """Post the graphs at once; give the seconds from the first post to the last one's end.

    Each has a folder of its own on the server, as it has with vqd, which leaves it nothing cached.
    """
    url = engine_url(daemon)
    last = ""
    with requests.Session() as session:
        session.post(f"{url}/free", json={"free_memory": True}, timeout=30).raise_for_status()
        began_at = time.time()
        for graph in graphs:
            last = str(uuid.uuid4())
            moved = _elsewhere(graph, "direct")
            body = {"prompt": moved, "prompt_id": last, "client_id": "bench"}
            session.post(f"{url}/prompt", json=body, timeout=30).raise_for_status()
        entry = wait_for(
            lambda: session.get(f"{url}/history/{last}", timeout=30).json().get(last), within_s=120
        )
    return float(entry["status"]["messages"][-1][1]["timestamp"] / 1000 - began_at)


def least(daemon: Daemon, graphs: Sequence[Mapping[str, Any]], turn: int) -> Iterator[float]:
    """Give the seconds to the last one's end by the least client; none on a server elsewhere."""
    outputs = daemon.folder / "state" / "engine" / "output"
    if not outputs.is_dir():
        return
    url = engine_url(daemon)
    requests.post(f"{url}/free", json={"free_memory": True}, timeout=30).raise_for_status()
    folder = daemon.folder / f"floor{turn}"
    folder.mkdir()
    moved = [_elsewhere(graph, "floor") for graph in graphs]
    began_at = time.time()
    yield Floor(url, outputs, folder).run(moved) - began_at


def _elsewhere(graph: Mapping[str, Any], folder: str) -> Mapping[str, Any]:
    """Give the graph with its files in another folder."""
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


def engine_url(daemon: Daemon) -> str:
    """Where the daemon's built-in engine listens."""
    told = daemon.vqd("status", "--json").stdout
    return str(json.loads(told)["servers"][0]["url"])


def history(daemon: Daemon) -> dict[str, Any]:
    """The engine's history, whole."""
    answer = requests.get(f"{engine_url(daemon)}/history", timeout=30)
    found: dict[str, Any] = answer.json()
    return found


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


FIGURES: Mapping[str, Callable[[Path], list[Figure]]] = {
    "drop": drop_to_start,
    "take": acceptance,
    "burst": bursts,
    "idle": idle,
    "watch": watching,
    "tiny": tiny_prompts,
    "plan": planning,
    "claim": claiming,
    "lease": leasing,
    "scale": scale,
    "farm": farm,
    "report": report,
    "board": board,
    "start": starting,
}
