"""How soon a killed daemon sends again with a million prompts waiting, and the memory it needs."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.bench.figure import Figure
from tests.bench.meanwhile import GRAPH
from tests.bench.process import pause, rss_mb
from tests.builders import A_JOB_FILE, NOW, a_plan, write
from tests.daemons import Daemon
from tests.waiting import wait_for
from vqd.domain.closed import ClosedJob
from vqd.domain.graph import NamedGraph, Target, Value
from vqd.domain.job import PlannedJob, PlannedPrompt
from vqd.domain.lifecycle import JobState
from vqd.domain.listing import Counts
from vqd.store.store import Store

JOBS = 10
FEW, MANY = 1_000, 1_000_000
CLOSED = 10_000
TURNS = 7
SERVERS, SECONDS = 8, 0.2
FARM = 64
FARM_S = 30.0
_GRAPH = NamedGraph.of(GRAPH)


class Queue:
    """A daemon on a queue of so many prompts that wait, in ten jobs, and its servers."""

    def __init__(self, folder: Path, total: int, told: dict[str, Any]) -> None:
        self.control = told["control"]
        self.daemon = Daemon(folder, servers=told["servers"], rescan_s=60)
        (folder / "state").mkdir()
        self.path = folder / "state" / "queue.db"
        with closing(Store(self.path)) as store:
            for number in range(JOBS):
                job = f"20260101-00000{number}-job{number}"
                write(self.daemon.spool.active / job / "job.yaml", "vqd: 1\nworkflow: timed\n")
                planned = PlannedJob(
                    a_plan(total // JOBS, name=str(number)), _prompts(total // JOBS)
                )
                store.accept(job, planned, A_JOB_FILE, input_folder="", now=NOW)

    @property
    def pid(self) -> int:
        """The daemon's."""
        assert self.daemon.process is not None
        return self.daemon.process.pid

    def sent_again_s(self) -> float:
        """Start it as it was left, give the seconds until a server has its first prompt, and kill
        it a moment later."""
        self.posts()
        began_at = time.monotonic()
        self.daemon.start()
        sent_at = wait_for(lambda: min(self.posts(), default=None), within_s=120)
        pause(2 * SECONDS)
        self.daemon.kill()
        pause(3 * SECONDS)  # until the servers have nothing left to do
        return sent_at - began_at

    def posts(self) -> list[float]:
        """Give when servers were sent prompts since it was last asked."""
        told = requests.get(f"{self.control}/posts", timeout=30).json()
        return [at for posts in told for at, _ in posts]

    def log_mb(self) -> float:
        """Give the size of the write-ahead log."""
        return self.path.with_name("queue.db-wal").stat().st_size / 1e6


def restarting(folder: Path) -> list[Figure]:
    """Kill daemons with a short and with a long queue in turns, and start them again."""
    with timed_servers(SERVERS, SECONDS) as of_few, timed_servers(SERVERS, SECONDS) as of_many:
        few, many = Queue(folder / "few", FEW, of_few), Queue(folder / "many", MANY, of_many)
        pairs = [(few.sent_again_s(), many.sent_again_s()) for _ in range(TURNS + 1)][1:]
        log_mb = many.log_mb()
        _close_jobs(many)
        filed_s = [many.sent_again_s() for _ in range(TURNS)]
    short_s, long_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    head = "kill -9 -> first prompt sent"
    return [
        Figure(f"{head}, 1,000,000 waiting", long_s, "s", 1),
        Figure(f"{head}, 1,000,000 waiting / 1,000", long_s / short_s, "x", 1.2),
        Figure(f"{head}, and 10,000 closed / without", statistics.median(filed_s) / long_s, "x"),
        Figure("write-ahead log after kill -9", log_mb, "MB", 64),
        _memory(many),
    ]


def _memory(many: Queue) -> Figure:
    """Let it go on with 64 servers."""
    with timed_servers(FARM, 1.0) as told:
        settings = yaml.safe_load(many.daemon.settings.read_text())
        many.daemon.settings.write_text(yaml.safe_dump({**settings, "servers": told["servers"]}))
        many.daemon.start()
        try:
            pause(FARM_S)
            memory_mb = rss_mb(many.pid)
        finally:
            many.daemon.kill()
    return Figure("memory with 1,000,000 waiting and 64 servers", memory_mb, "MB", 120)


def _close_jobs(queue: Queue) -> None:
    """Let there be jobs that are over, in the queue and in done/."""
    names = [f"20250101-000000-old{number}" for number in range(CLOSED)]
    for name in names:
        (queue.daemon.spool.done / name).mkdir()
    with closing(Store(queue.path)) as store:
        store.write(lambda session: [session.adopted.adopt(_over(one), now=NOW) for one in names])


def _over(name: str) -> ClosedJob:
    return ClosedJob(
        job=name,
        name=name,
        workflow="timed",
        state=JobState.DONE,
        reason=None,
        counts=Counts(1, 0, 0, 1, 0, 0),
        job_file=A_JOB_FILE,
        accepted_at=NOW,
        started_at=NOW,
        finished_at=NOW,
    )


def _prompts(total: int) -> Callable[[], Iterator[PlannedPrompt]]:
    def prompts() -> Iterator[PlannedPrompt]:
        for number in range(1, total + 1):
            edits: dict[Target, Value] = {
                Target("1", "color"): number,
                Target("2", "filename_prefix"): f"vqd/j/{number}",
            }
            yield PlannedPrompt(number, _GRAPH, edits, {}, {"color": number}, number, f"o{number}")

    return prompts


@contextmanager
def timed_servers(count: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Have so many servers, on the last core, and give where they are."""
    before, cores = os.sched_getaffinity(0), sorted(os.sched_getaffinity(0))
    asked = [sys.executable, "-m", "tests.bench.timed_servers", str(count), str(seconds)]
    os.sched_setaffinity(0, {cores[-1]})
    try:
        servers = subprocess.Popen(
            asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
    finally:
        os.sched_setaffinity(0, before)
    with servers:
        assert servers.stdout is not None
        yield json.loads(servers.stdout.readline())
