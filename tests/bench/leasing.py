"""How many prompts a second a daemon claims and ends in PostgreSQL, by leases, however many wait.

`python -m tests.bench.leasing [PENDING …]` prints it of other numbers than `script/bench lease`:
a million prompts take minutes to come in.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
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

PENDING = (1_000, 100_000)
FOR_S = 4.0
TOGETHER = 16
"""Places that are free at one moment, on a farm of some size: their claims share a commit."""


def leasing(folder: Path, pending: Sequence[int] = PENDING) -> list[Figure]:
    """Claim and end prompts one by one, and as many as share a commit, for a while each."""
    if PROGRAMS is None:
        return []
    with postgres_server(durable=True) as server:
        return [figure for waiting in pending for figure in _figures(server, waiting)]


def _figures(server: Postgres, pending: int) -> Iterator[Figure]:
    with _queue(server, pending) as queue:
        for together in (1, TOGETHER):
            name = f"leases a second with {pending:,} waiting, {together} a commit"
            yield Figure(name, _rate(queue, together), "1/s")


@contextmanager
def _queue(server: Postgres, pending: int) -> Iterator[Queue]:
    database = Database(server.database())
    Store(database).close()
    with (
        joined(database, identity="bench", name="bench", lease_s=10) as member,
        closing(Queue(Store(database, member.gate), pending)) as queue,
    ):
        yield queue
    server.drop(database.url)


def _rate(queue: Queue, together: int) -> float:
    """Give how many prompts are claimed in one commit and put back in another, in a second."""
    places = [queue.servers[place % len(queue.servers)] for place in range(together)]
    leased, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < FOR_S:
        keys = queue.store.write(lambda session: _claim(session, queue.choosing, places))
        queue.store.write(partial(_put_back, keys=keys))
        leased += len(keys)
    return leased / took


def _claim(session: Session, choosing: Choosing, places: Sequence[Server]) -> list[PromptKey]:
    return [prompt.key for prompt, _ in choosing.claims(session, places, NOW)]


def _put_back(session: Session, keys: Sequence[PromptKey]) -> None:
    for key in keys:
        session.prompts.move(key, Move.REQUEUE, now=NOW, strike=0, not_before_at=0.0)


if __name__ == "__main__":
    for figure in leasing(Path(), [int(word) for word in sys.argv[1:]] or PENDING):
        print(f"{figure.name}: {figure.value:.0f} {figure.unit}")  # noqa: T201
