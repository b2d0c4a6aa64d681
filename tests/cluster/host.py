"""A host in miniature, as a process: claims, renders, publishes, by leases; `python -m` runs it.

It goes by leases as vqd does: every write is one transaction under one lock of the database.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, TypeVar

import psycopg
from psycopg import Connection

from vqd.domain.errors import VqdError
from vqd.domain.place import Database
from vqd.domain.queue import PromptKey
from vqd.leases.connecting import CUT_OFF, connect
from vqd.leases.member import Member, joined

T = TypeVar("T")

LEASE_S = 4.0
"""After which a silent host is taken for dead here."""
UNREACHED = 69
"""How a host ends that finds no queue as it starts (EX_UNAVAILABLE of sysexits.h)."""

QUEUE = """\
CREATE TABLE prompts (
    number int PRIMARY KEY, state text NOT NULL DEFAULT 'pending', render_s float8
);
CREATE TABLE told (host text, event text, number int, at timestamptz DEFAULT clock_timestamp());
"""


def lay_out(url: str) -> None:
    """Make a queue in miniature, and the tables of leases."""
    with joined(Database(url), identity="first", name="first", lease_s=LEASE_S):
        pass
    with psycopg.connect(url) as connection:
        connection.execute(QUEUE)


class HostProcess:
    """Renders one prompt at a time until SIGTERM, which it answers by giving back what it has."""

    def __init__(self, url: str, name: str, member: Member) -> None:
        self._url = url
        self._name = name
        self._woken = threading.Event()
        self._is_draining = False
        self._connection: Connection[Any] | None = None
        self._gate = member.gate(self)
        member.listen(self._woken.set)

    @property
    def raw(self) -> Connection[Any]:
        """Give the connection that writes, a new one if the last was cut off."""
        if self._connection is None:
            self._connection = connect(Database(self._url), name=self._name)
        return self._connection

    def run(self) -> None:
        """Claim and render, again and again."""
        signal.signal(signal.SIGTERM, self._drain)
        while not self._is_draining:
            key = self._written(self._claim)
            if key is None:
                self._woken.wait(0.3)
                self._woken.clear()
            else:
                self._render(key)

    def _claim(self, rows: Connection[Any]) -> PromptKey | None:
        """Go on with what the earlier life had, or what was claimed when the answer got lost; else
        claim what is next."""
        for lost in self._gate.sweep().prompts:
            self._wait_again(rows, lost)
            self._tell(rows, "swept", lost)
        running = rows.execute("SELECT number FROM public.prompts WHERE state = 'running'")
        mine = self._gate.mine([PromptKey(1, number) for (number,) in running.fetchall()])
        if mine:
            return next(iter(mine))
        found = rows.execute(
            "SELECT number FROM public.prompts WHERE state = 'pending' ORDER BY number LIMIT 1"
        ).fetchone()
        if found is None:
            return None
        key = PromptKey(1, found[0])
        self._gate.take(key)
        rows.execute("UPDATE public.prompts SET state = 'running' WHERE number = %s", found)
        self._tell(rows, "claimed", key)
        return key

    def _render(self, key: PromptKey) -> None:
        until = time.monotonic() + self._written(lambda rows: _render_s(rows, key))
        while not self._is_draining and (left_s := until - time.monotonic()) > 0:
            self._woken.wait(left_s)
            self._woken.clear()
        self._written(lambda rows: self._end(rows, key))

    def _end(self, rows: Connection[Any], key: PromptKey) -> None:
        if self._is_draining:
            self._wait_again(rows, key)
            self._tell(rows, "given back", key)
        else:
            self._publish(rows, key)

    def _publish(self, rows: Connection[Any], key: PromptKey) -> None:
        if self._gate.mine([key]):  # else it was, and the answer got lost
            self._gate.end(key)
            rows.execute(
                "UPDATE public.prompts SET state = 'over' WHERE number = %s", (key.number,)
            )
            self._tell(rows, "published", key)

    def _wait_again(self, rows: Connection[Any], key: PromptKey) -> None:
        self._gate.end(key)
        rows.execute("UPDATE public.prompts SET state = 'pending' WHERE number = %s", (key.number,))

    def _tell(self, rows: Connection[Any], event: str, key: PromptKey) -> None:
        rows.execute(
            "INSERT INTO public.told (host, event, number) VALUES (%s, %s, %s)",
            (self._name, event, key.number),
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
            except CUT_OFF:
                self._connection = None
                self._woken.wait(0.2)

    @contextmanager
    def _transaction(self) -> Iterator[Connection[Any]]:
        with self.raw.transaction():
            self.raw.execute("SELECT pg_advisory_xact_lock(7)")
            yield self.raw


def _render_s(rows: Connection[Any], key: PromptKey) -> float:
    found = rows.execute(
        "SELECT render_s FROM public.prompts WHERE number = %s", (key.number,)
    ).fetchone()
    assert found is not None
    return float(found[0])


def main(url: str, name: str) -> None:
    """Be a host until SIGTERM; ends with UNREACHED where the queue cannot be reached to begin."""
    with ExitStack() as stack:
        try:
            join = joined(Database(url), identity=name, name=name, lease_s=LEASE_S)
            member = stack.enter_context(join)
        except VqdError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(UNREACHED)
        HostProcess(url, name, member).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
