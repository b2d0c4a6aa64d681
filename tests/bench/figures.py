"""What is measured, and how. Times are compared within one run; none is asserted in a test."""

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from tests.bench.board import board
from tests.bench.claiming import claiming
from tests.bench.clients import clients
from tests.bench.farm import farm
from tests.bench.figure import Figure
from tests.bench.hosts import hosts
from tests.bench.intake import acceptance, bursts, watching
from tests.bench.leasing import leasing
from tests.bench.meanwhile import meanwhile
from tests.bench.peers import queues
from tests.bench.planning import planning
from tests.bench.process import cpu_s, pause, rss_mb, switches
from tests.bench.rates import rates
from tests.bench.report import report
from tests.bench.restarting import restarting
from tests.bench.scale import scale
from tests.bench.starting import starting
from tests.bench.status import status
from tests.bench.steering import steering
from tests.bench.syncs import syncs
from tests.bench.tiny import tiny_prompts
from tests.daemons import Daemon
from tests.samples import picture_job
from vqd.runner.headline import GATHERED_S

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
    "hosts": hosts,
    "scale": scale,
    "rates": rates,
    "meanwhile": meanwhile,
    "restart": restarting,
    "syncs": syncs,
    "status": status,
    "steer": steering,
    "peers": queues,
    "clients": clients,
    "farm": farm,
    "report": report,
    "board": board,
    "start": starting,
}
