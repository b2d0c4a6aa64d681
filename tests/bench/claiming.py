"""What a claim costs, however many prompts wait: in sixteen jobs that require as many models, and
in a thousand of them, of whose prompts every tenth waits for a retry. The thousand go one after the
other, and then share the servers."""

import contextlib
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure
from tests.builders import A_JOB_FILE, NOW, a_plan
from vqd.domain.graph import NamedGraph, Target
from vqd.domain.job import PlannedJob, PlannedPrompt
from vqd.runner.choosing import Choosing
from vqd.runner.fitting import Fitting
from vqd.runner.inputs import InputChecks
from vqd.runner.server import Server, ServerAddress
from vqd.store.learning import learn
from vqd.store.store import Session, Store

CLASSES = 16
JOBS = 1_000
FEW, MANY = 1_000, 100_000
LATER = NOW + 3600
BLOCKS, CLAIMS = 15, 40
SERVERS = 4


class _TakenBack(Exception):
    """What was claimed is not to be kept."""


class Queue:
    """A queue in which so many prompts wait, and four servers, two of which lack some models."""

    def __init__(self, store: Store, pending: int, jobs: int = CLASSES) -> None:
        self.store = store
        for number in range(jobs):
            model, total = number % CLASSES, pending // jobs
            job = PlannedJob(a_plan(total, name=str(number)), _prompts(model, total))
            self.store.accept(f"J-{number:04}", job, A_JOB_FILE, input_folder="", now=NOW)
        self.servers = [_server(f"gpu{number}") for number in range(SERVERS)]
        self.choosing = Choosing(self.servers, Fitting())
        for number, server in enumerate(self.servers):
            models = [f"{model}.pt" for model in range(CLASSES) if model % SERVERS >= number % 2]
            loader = {"input": {"required": {"name": [models]}}}
            told: dict[str, dict[str, Any]] = {"Loader": loader, "Save": {"input": {}}}
            learn(self.store, server.name, f"{number:064x}", told.items, now=NOW)

    def claim_ms(self) -> float:
        """Claim in turn for each server, and take it back; give the median for one claim, without
        its commit."""
        took: list[float] = []
        with contextlib.suppress(_TakenBack):
            self.store.write(lambda session: self._claim(session, took))
        return statistics.median(took)

    def _claim(self, session: Session, took: list[float]) -> None:
        for turn in range(CLAIMS):
            began = time.perf_counter()
            (_,) = self.choosing.claims(session, [self.servers[turn % SERVERS]], NOW)
            took.append(1000 * (time.perf_counter() - began))
        raise _TakenBack

    def close(self) -> None:
        self.store.close()
        for server in self.servers:
            server.client.close()


def claiming(folder: Path) -> list[Figure]:
    """Claim from a short and from a long queue in turns."""
    short_ms, ratio = _compared(folder, CLASSES)
    of_jobs_ms, of_jobs = _compared(folder, JOBS)
    shared_ms, shared = _compared(folder, JOBS, is_fair=True)
    return [
        Figure("claim with 1,000 waiting that require 16 models", short_ms, "ms"),
        Figure("the same with 100,000 / with 1,000", ratio, "x", 1.1),
        Figure("claim from 1,000 jobs, 16 models, one in ten delayed", of_jobs_ms, "ms"),
        Figure("claim from 1,000 jobs with 100,000 / with 1,000", of_jobs, "x", 1.1),
        Figure("claim from 1,000 jobs that share the servers", shared_ms, "ms"),
        Figure("claim from them with 100,000 / with 1,000", shared, "x", 1.1),
    ]


def _compared(folder: Path, jobs: int, *, is_fair: bool = False) -> tuple[float, float]:
    """Give what a claim takes in the short queue, and how many times as long in the long one."""
    with ExitStack() as open_queues:
        few, many = (
            open_queues.enter_context(closing(_queue(folder, pending, jobs, is_fair=is_fair)))
            for pending in (FEW, MANY)
        )
        pairs = [(few.claim_ms(), many.claim_ms()) for _ in range(BLOCKS + 1)][1:]
    short_ms = statistics.median(short for short, _ in pairs)
    return short_ms, statistics.median(long / short for short, long in pairs)


def _queue(folder: Path, pending: int, jobs: int, *, is_fair: bool) -> Queue:
    path = folder / f"{pending}-{jobs}-{is_fair}.db"
    queue = Queue(Store(path), pending, jobs)
    queue.store.write(lambda session: session.rules.keep(is_fair=is_fair))
    if jobs > CLASSES:
        _delay_every_tenth(path)
    return queue


def _delay_every_tenth(path: Path) -> None:
    """Let every tenth prompt wait for its retry; nothing else writes yet."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE prompts SET not_before_at = ? WHERE (job_key + number) % 10 = 0", (LATER,)
        )


def _prompts(model: int, total: int) -> Callable[[], Iterator[PlannedPrompt]]:
    graph = NamedGraph.of(
        {
            "1": {"class_type": "Loader", "inputs": {"name": f"{model}.pt"}},
            "2": {"class_type": "Save", "inputs": {"images": ["1", 0], "text": ""}},
        }
    )

    def prompts() -> Iterator[PlannedPrompt]:
        for number in range(1, total + 1):
            edits = {Target("2", "text"): f"prompt {number}"}
            yield PlannedPrompt(number, graph, edits, {}, {}, number, f"o{number}")

    return prompts


def _server(name: str) -> Server:
    server = Server(
        ServerAddress(name, "http://127.0.0.1:1"), InputChecks(), on_change=lambda: None
    )
    server.is_up = True
    return server
