"""One daemon and many servers: how busy it keeps them, and what a server costs it.

The servers' prompts only take time, and all of them run in one process, on a core of their own:
the daemon has the other. Whether a server is busy is told by the server.
"""

import json
import os
import statistics
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import requests

from tests.bench.figure import Figure
from tests.bench.graph import one_picture
from tests.bench.process import cpu_s, pause, rss_mb
from tests.builders import write
from tests.daemons import Daemon, manifest_of
from tests.waiting import wait_for

FEW, MANY = 8, 64
BLOCKS = 2
STORM_EACH = 8
STORM_AFTER_S = 2.0

GRAPH = one_picture(32)
DEFINITION = """\
vqd_workflow: 1
name: timed
version: 1
graph: timed.json
params:
  color: {type: int, default: 0, min: 0, max: 16777215, bind: "@Empty Image.color"}
outputs:
  image: {node: "@Save Image", kind: image, prefix: filename_prefix}
"""


@dataclass(frozen=True)
class Runs:
    """What the servers tell of the prompts that they ran, each server's in order."""

    by_server: Sequence[Sequence[tuple[str, float, float]]]

    @property
    def prompt_ids(self) -> list[str]:
        """Every prompt that ran, as often as it did."""
        return [prompt_id for runs in self.by_server for prompt_id, _, _ in runs]

    @property
    def gaps_ms(self) -> list[float]:
        """How long each server stood still between two prompts."""
        return [
            1000 * (began - ended)
            for runs in self.by_server
            for (_, _, ended), (_, began, _) in pairwise(runs)
        ]

    @property
    def lasted_ms(self) -> list[float]:
        """How long each prompt ran: as long as it was to, if the servers had the time."""
        return [1000 * (ended - began) for runs in self.by_server for _, began, ended in runs]

    @property
    def lasted_s(self) -> float:
        """The time from when the first began until the last ended."""
        began = min(began for one in self.by_server for _, began, _ in one)
        return max(ended for one in self.by_server for _, _, ended in one) - began

    def share_percent(self, seconds: float) -> float:
        """What all of them could have taken, had each server begun at once and had no gap, of what
        they took; each prompt takes `seconds`."""
        ideal_s = seconds * len(self.prompt_ids) / len(self.by_server)
        return 100 * ideal_s / self.lasted_s

    @property
    def busy_percent(self) -> float:
        """Executing / (executing + gaps), between each server's first prompt and its last."""
        executing_ms = sum(self.lasted_ms)
        return 100 * executing_ms / (executing_ms + sum(self.gaps_ms))


class Farm:
    """So many servers whose prompts take so long, and the daemon that has them."""

    def __init__(self, folder: Path, told: dict[str, Any]) -> None:
        self._control = told["control"]
        self.urls: list[str] = told["servers"]
        write(folder / "workflows" / "timed.json", json.dumps(GRAPH))
        write(folder / "workflows" / "timed.yaml", DEFINITION)
        self.daemon = Daemon(
            folder, servers=self.urls, workflows=[str(folder / "workflows")], rescan_s=60
        )

    @property
    def pid(self) -> int:
        """The daemon's."""
        assert self.daemon.process is not None
        return self.daemon.process.pid

    def drop(self, name: str, *, each: int) -> str:
        """Drop a job of so many prompts for each server."""
        total = each * len(self.urls)
        made = self.daemon.folder / name
        write(
            made / "job.yaml",
            f"vqd: 1\nworkflow: timed\nfan_out: {{matrix: {{color: 1-{total}}}}}\n",
        )
        made.rename(self.daemon.spool.inbox / name)
        return name

    def through_vqd(self, name: str, *, each: int) -> Runs:
        """Drop a job, and give what ran when all is done."""
        done = self.daemon.wait_closed(self.drop(name, each=each), within_s=300)
        assert len(manifest_of(done)) == each * len(self.urls)
        return self.runs()

    def direct(self, *, each: int) -> Runs:
        """Put as many prompts straight into each server's queue, and give what ran."""
        runs: list[Any] = [[] for _ in self.urls]
        with requests.Session() as session:
            for _ in range(each):
                for url in self.urls:
                    body = {"prompt": GRAPH, "prompt_id": str(uuid.uuid4()), "client_id": "bench"}
                    session.post(f"{url}/prompt", json=body, timeout=30).raise_for_status()
        while sum(map(len, runs)) < each * len(self.urls):
            pause(0.5)
            for one, more in zip(runs, self.runs().by_server, strict=True):
                one.extend(more)
        return Runs(runs)

    def runs(self) -> Runs:
        """Give what ran since it was last asked."""
        answer = requests.get(f"{self._control}/runs", timeout=30)
        return Runs([[tuple(run) for run in runs] for runs in answer.json()])

    def hang_up(self) -> None:
        """Break off every websocket at once."""
        requests.post(f"{self._control}/hang-up", timeout=30).raise_for_status()

    def wait_up(self) -> None:
        """Wait until the daemon has every server."""
        wait_for(self._is_up, within_s=60, what="that every server is up")

    def _is_up(self) -> bool:
        told = json.loads(self.daemon.vqd("status", "--json").stdout)
        return [server["state"] for server in told["servers"]] == ["up"] * len(self.urls)


def farm(folder: Path) -> list[Figure]:
    """Keep eight servers busy, and sixty-four, and hang up on all of them at once."""
    few, few_mb = _few(folder / "few")
    many, many_mb = _many(folder / "many")
    per_server_mb = (many_mb - few_mb) / (MANY - FEW)
    memory = Figure(f"memory for a server, of {MANY}", per_server_mb, "MB", 2)
    return [*few, *many, *_hurried(folder / "hurried"), memory]


def _few(folder: Path) -> tuple[list[Figure], float]:
    with _farm(folder, FEW, seconds=0.2) as few:
        few.through_vqd("first", each=5)
        through, direct = [], []
        for turn in range(BLOCKS):
            through.append(few.through_vqd(f"job{turn}", each=50))
            direct.append(few.direct(each=50))
        memory_mb = rss_mb(few.pid)
    busy = statistics.mean(runs.busy_percent for runs in through)
    gap_ms, full_ms = (
        statistics.median(gap for one in runs for gap in one.gaps_ms) for runs in (through, direct)
    )
    head = f"{FEW} servers, prompts of 200 ms"
    figures = [
        Figure(f"{head}: busy", busy, "%", at_least=95),
        Figure(f"{head}: gap between two prompts, median", gap_ms, "ms"),
        Figure(f"{head}: the same / with a full queue", gap_ms / full_ms, "x", 2),
    ]
    return figures, memory_mb


def _many(folder: Path) -> tuple[list[Figure], float]:
    with _farm(folder, MANY, seconds=1.0) as many:
        many.through_vqd("first", each=1)
        before_s = cpu_s(many.pid)
        runs = many.through_vqd("job", each=20)
        took_s = cpu_s(many.pid) - before_s
        memory_mb = rss_mb(many.pid)
        storm = _storm(many)
    head = f"{MANY} servers, prompts of 1 s"
    per_prompt_ms = 1000 * took_s / len(runs.prompt_ids)
    figures = [
        Figure(f"{head}: busy", runs.busy_percent, "%", at_least=90),
        Figure(f"{head}: processor time for a prompt", per_prompt_ms, "ms"),
        *storm,
    ]
    return figures, memory_mb


def _storm(many: Farm) -> list[Figure]:
    """Hang up on every websocket twice while a job runs."""
    name = many.drop("storm", each=STORM_EACH)
    for _ in range(2):
        pause(STORM_AFTER_S)
        many.hang_up()
    made = manifest_of(many.daemon.wait_closed(name, within_s=300))
    runs = many.runs()
    head = f"{MANY} websockets hung up at once, twice"
    total = STORM_EACH * MANY
    return [
        Figure(f"{head}: busy", runs.busy_percent, "%"),
        Figure(f"{head}: prompts missed", total - len(made), "prompts", 0),
        Figure(f"{head}: prompts doubled", len(runs.prompt_ids) - total, "prompts", 0),
    ]


def _hurried(folder: Path) -> list[Figure]:
    """More than is asked of it: what one core can do."""
    with _farm(folder, MANY, seconds=0.2) as hurried:
        hurried.through_vqd("first", each=1)
        before_s = cpu_s(hurried.pid)
        runs = hurried.through_vqd("job", each=50)
        took_s = cpu_s(hurried.pid) - before_s
    head = f"{MANY} servers, prompts of 200 ms"
    total = len(runs.prompt_ids)
    return [
        Figure(f"{head}: busy", runs.busy_percent, "%"),
        Figure(f"{head}: one lasted, mean", statistics.mean(runs.lasted_ms), "ms"),
        Figure(f"{head}: carried out", total / runs.lasted_s, "/s"),
        Figure(f"{head}: processor time for a prompt", 1000 * took_s / total, "ms"),
    ]


@contextmanager
def _farm(folder: Path, count: int, *, seconds: float) -> Iterator[Farm]:
    cores = sorted(os.sched_getaffinity(0))
    asked = [sys.executable, "-m", "tests.bench.timed_servers", str(count), str(seconds)]
    with _on_core(cores[-1]):
        # In a session of its own: the scheduler shares a core out by sessions (sched(7), autogroup)
        # and in the daemon's it would get next to nothing of a core that has other work to do.
        servers = subprocess.Popen(
            asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
    with servers:
        assert servers.stdout is not None
        farm = Farm(folder, json.loads(servers.stdout.readline()))
        try:
            with _on_core(cores[0]):
                farm.daemon.start()
            farm.wait_up()
            yield farm
        finally:
            farm.daemon.close()


@contextmanager
def _on_core(core: int) -> Iterator[None]:
    """Have on one core what is started meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
