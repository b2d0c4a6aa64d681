"""A host in miniature, as a process: claims, renders, publishes, by leases; `python -m` runs it.

It goes by leases as vqd does: every write is one transaction under one lock of the database.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

import psycopg
from psycopg import Connection

from vqd.domain.queue import PromptKey
from vqd.leases.heart import ZOMBIE_EXIT, Heart
from vqd.leases.hosts import Hosts
from vqd.leases.lease import Lease, Published
from vqd.leases.leases import Leases
from vqd.leases.schema import set_up

T = TypeVar("T")

BEAT_S = 0.5
TIMEOUT_S = 4.0

QUEUE = """\
CREATE TABLE prompts (
    number int PRIMARY KEY, state text NOT NULL DEFAULT 'pending', render_s float8
);
CREATE TABLE told (host text, event text, number int, at timestamptz DEFAULT clock_timestamp());
"""


def lay_out(url: str) -> None:
    """Make the tables of leases and a queue in miniature."""
    with psycopg.connect(url) as connection:
        set_up(connection)
        connection.execute(QUEUE)


class HostProcess:
    """Renders one prompt at a time until SIGTERM, which it answers by giving back what it has."""

    def __init__(self, url: str, identity: str) -> None:
        self._url = url
        self._identity = identity
        self._woken = threading.Event()
        self._is_draining = False
        self._connection: Connection[Any] | None = None
        self._worker = self._written(lambda rows: Hosts(rows).join(identity, identity))
        self._heart = Heart(url, self._worker, beat_s=BEAT_S, on_change=self._woken.set)

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._drain)
        self._heart.start()
        while not self._is_draining:
            lease = self._written(self._claim)
            if lease is None:
                self._woken.wait(0.3)
                self._woken.clear()
            else:
                self._render(lease)
        self._written(lambda rows: Hosts(rows).leave(self._worker))
        self._heart.stop()

    def _claim(self, rows: Connection[Any]) -> Lease | None:
        """Go on with what the earlier life had, or what was claimed when the answer got lost; else
        claim what is next."""
        if held := Leases(rows).of(self._worker):
            return held[0]
        if self._heart.is_steady(TIMEOUT_S):
            for lost in Hosts(rows).sweep(TIMEOUT_S):
                _wait_again(rows, lost.key)
                self._tell(rows, "swept", lost.key)
        found = rows.execute(
            "SELECT number FROM prompts WHERE state = 'pending' ORDER BY number LIMIT 1"
        ).fetchone()
        if found is None:
            return None
        [lease] = Leases(rows).take([PromptKey(1, found[0])], self._worker)
        rows.execute("UPDATE prompts SET state = 'running' WHERE number = %s", found)
        self._tell(rows, "claimed", lease.key)
        return lease

    def _render(self, lease: Lease) -> None:
        render_s = self._written(lambda rows: _render_s(rows, lease.key))
        if self._is_stopped(lease, within_s=render_s):
            self._written(lambda rows: self._give_up(rows, lease))
        elif self._written(lambda rows: self._publish(rows, lease)) is Published.LOST:
            os._exit(ZOMBIE_EXIT)

    def _is_stopped(self, lease: Lease, *, within_s: float) -> bool:
        until = time.monotonic() + within_s
        while not self._is_draining and (left_s := until - time.monotonic()) > 0:
            if self._woken.wait(left_s):
                self._woken.clear()
                if self._is_aborted(lease):
                    return True
        return self._is_draining

    def _is_aborted(self, lease: Lease) -> bool:
        return lease.job_id in self._written(lambda rows: Leases(rows).to_abort(self._worker))

    def _give_up(self, rows: Connection[Any], lease: Lease) -> None:
        if Leases(rows).end(lease):
            _wait_again(rows, lease.key)
            self._tell(rows, "given back" if self._is_draining else "aborted", lease.key)

    def _publish(self, rows: Connection[Any], lease: Lease) -> Published:
        published = Leases(rows).publish(lease)
        if published is Published.PUBLISHED:
            rows.execute("UPDATE prompts SET state = 'over' WHERE number = %s", (lease.key.number,))
            self._tell(rows, "published", lease.key)
        return published

    def _tell(self, rows: Connection[Any], event: str, key: PromptKey) -> None:
        rows.execute(
            "INSERT INTO told (host, event, number) VALUES (%s, %s, %s)",
            (self._identity, event, key.number),
        )

    def _drain(self, _: int, __: FrameType | None) -> None:
        self._is_draining = True
        self._woken.set()

    def _written(self, write: Callable[[Connection[Any]], T]) -> T:
        """Carry a write out, again and again until the database says that it did."""
        while True:
            try:
                with self._transaction() as rows:
                    return write(rows)
            except psycopg.OperationalError:
                self._connection = None
                self._woken.wait(0.2)

    @contextmanager
    def _transaction(self) -> Iterator[Connection[Any]]:
        if self._connection is None:
            limits = "-c idle_in_transaction_session_timeout=3s -c lock_timeout=20s"
            self._connection = psycopg.connect(
                self._url, connect_timeout=3, options=limits, autocommit=True
            )
        with self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(7)")
            yield self._connection


def _wait_again(rows: Connection[Any], key: PromptKey) -> None:
    rows.execute("UPDATE prompts SET state = 'pending' WHERE number = %s", (key.number,))


def _render_s(rows: Connection[Any], key: PromptKey) -> float:
    found = rows.execute("SELECT render_s FROM prompts WHERE number = %s", (key.number,)).fetchone()
    assert found is not None
    return float(found[0])


if __name__ == "__main__":
    HostProcess(*sys.argv[1:]).run()
