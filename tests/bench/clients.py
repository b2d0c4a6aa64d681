"""Other ways to have ComfyUI carry prompts out, on the same prompts and the same engine."""

import json
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.figure import Figure
from tests.bench.meanwhile import DEFINITION, GRAPH, HEAD
from tests.bench.peers import PEERS
from tests.bench.script import carry_out
from tests.builders import write
from tests.daemons import Daemon, manifest_of

PROMPTS, CLI_PROMPTS = 40, 4
BLOCKS = 5

Graph = Mapping[str, Any]


def clients(folder: Path) -> list[Figure]:
    """Have empty pictures made by vqd, by a plain script, and by comfy-cli if it is installed, in
    turns."""
    write(folder / "workflows" / "timed.json", json.dumps(GRAPH))
    write(folder / "workflows" / "timed.yaml", DEFINITION)
    daemon = Daemon(folder, workflows=[str(folder / "workflows")]).start()
    comfy = PEERS / "comfy"
    vqd_s, script_s, cli_s = [], [], []
    try:
        url = json.loads(daemon.vqd("status", "--json").stdout)["servers"][0]["url"]
        for turn in range(BLOCKS + 1):
            vqd_s.append(_through_vqd(daemon, turn))
            graphs = [_graph(f"script{turn}", number) for number in range(PROMPTS)]
            script_s.append(carry_out(url, graphs, folder / f"script{turn}") / PROMPTS)
            if comfy.exists():
                graphs = [_graph(f"cli{turn}", number) for number in range(CLI_PROMPTS)]
                cli_s.append(_by_comfy_cli(comfy, url, graphs, folder) / CLI_PROMPTS)
    finally:
        daemon.close()
    each_s = statistics.median(vqd_s[1:])
    figures = [Figure("a prompt through vqd, drop to done/", 1000 * each_s, "ms")]
    for name, others in (("a plain websocket script", script_s), ("comfy run --wait", cli_s)):
        if others:
            ratio = statistics.median(others[1:]) / each_s
            figures.append(Figure(f"{name}: a prompt / vqd", ratio, "x", is_gain=True))
    return figures


def _through_vqd(daemon: Daemon, turn: int) -> float:
    """Give what a prompt of a job takes, from the drop until all is in done/."""
    first = 1 + turn * PROMPTS
    job = daemon.folder / "made" / f"job{turn}"
    write(
        job / "job.yaml",
        f"{HEAD}fan_out: {{matrix: {{color: {first}-{first + PROMPTS - 1}}}}}\n",
    )
    began = time.perf_counter()
    job.rename(daemon.spool.inbox / job.name)
    done = daemon.wait_closed(job.name, within_s=120)
    assert len(manifest_of(done)) == PROMPTS
    return (time.perf_counter() - began) / PROMPTS


def _by_comfy_cli(comfy: Path, url: str, graphs: Sequence[Graph], folder: Path) -> float:
    """Give what it takes comfy-cli, which is started anew for each."""
    port = urlsplit(url).port
    began = time.perf_counter()
    for graph in graphs:
        file = write(folder / "cli.json", json.dumps(graph))
        subprocess.run(
            [
                *(str(comfy), "--skip-prompt", "--no-enable-telemetry", "run", "--wait"),
                *("--workflow", str(file), "--host", "127.0.0.1", "--port", str(port)),
            ],
            capture_output=True,
            check=True,
            timeout=120,
            env={"HOME": str(folder), "PATH": str(comfy.parent)},
        )
    return time.perf_counter() - began


def _graph(way: str, number: int) -> Graph:
    """Give a graph that the engine has not carried out yet."""
    moved: dict[str, Any] = json.loads(json.dumps(GRAPH))
    moved["1"]["inputs"]["color"] = 1_000_000 + abs(hash((way, number))) % 10_000_000
    moved["2"]["inputs"]["filename_prefix"] = f"{way}/{number}"
    return moved
