"""How many prompts a second a daemon claims and puts back in PostgreSQL, by leases, however many
wait behind them.

`python -m tests.bench.leasing [WAITING …]` prints it of other numbers than `script/bench lease`:
a million prompts take minutes to come in.
"""

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from tests.bench.claiming import Queue
from tests.bench.figure import Figure
from tests.builders import NOW
from tests.postgres import PROGRAMS, Postgres, postgres_server
from vqd.domain.lifecycle import Move
from vqd.domain.place import Database
from vqd.domain.queue import PromptKey
from vqd.leases.member import joined
from vqd.runner.choosing import Choosing
from vqd.runner.server import Server
from vqd.store.store import Session, Store

WAITING = (0, 100_000)
BLOCKS, FOR_S = 5, 2.0
TOGETHER = 16
"""Places that are free at one moment, on a farm of some size: their claims share a commit."""
CLAIMED = 64
"""Prompts that are there to be claimed, besides those that wait behind them."""


def leasing(folder: Path, waiting: Sequence[int] = WAITING) -> list[Figure]:
    """Claim prompts and put them back, one by one and as many as share a commit, in queues of which
    some are long, in turns."""
    if PROGRAMS is None:
        return []
    with ExitStack() as opened:
        server = opened.enter_context(postgres_server(durable=True))
        queues = [opened.enter_context(_queue(server, behind + CLAIMED)) for behind in waiting]
        return [
            figure for together in (1, TOGETHER) for figure in _figures(waiting, queues, together)
        ]


def _figures(waiting: Sequence[int], queues: Sequence[Queue], together: int) -> Iterator[Figure]:
    """Give the rate in each queue, and how many times that of the first it is."""
    turns = [[_rate(queue, together) for queue in queues] for _ in range(BLOCKS + 1)][1:]
    for at, behind in enumerate(waiting):
        name = f"claims a second with {behind:,} waiting, {together} a commit"
        yield Figure(name, statistics.median(rates[at] for rates in turns), "/s", is_gain=True)
        if at:
            ratio = statistics.median(rates[at] / rates[0] for rates in turns)
            yield Figure(f"{name} / with {waiting[0]:,}", ratio, "x", is_gain=True)


@contextmanager
def _queue(server: Postgres, pending: int) -> Iterator[Queue]:
    database = Database(server.database(), home="bench")
    with (
        joined(database, identity="bench", name="bench", lease_s=10) as member,
        closing(Queue(Store(database, member.gate), pending)) as queue,
    ):
        yield queue


def _rate(queue: Queue, together: int) -> float:
    """Give how many prompts are claimed in one commit and put back in another, in a second."""
    places = [queue.servers[place % len(queue.servers)] for place in range(together)]
    claimed, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < FOR_S:
        keys = queue.store.write(lambda session: _claim(session, queue.choosing, places))
        queue.store.write(partial(_put_back, keys=keys))
        claimed += len(keys)
    return claimed / took


def _claim(session: Session, choosing: Choosing, places: Sequence[Server]) -> list[PromptKey]:
    return [prompt.key for prompt, _ in choosing.claims(session, places, NOW)]


def _put_back(session: Session, keys: Sequence[PromptKey]) -> None:
    for key in keys:
        session.prompts.move(key, Move.REQUEUE, now=NOW, strike=0, not_before_at=0.0)


if __name__ == "__main__":
    for figure in leasing(Path(), [int(word) for word in sys.argv[1:]] or WAITING):
        print(f"{figure.name}: {figure.value:.2f} {figure.unit}")  # noqa: T201
