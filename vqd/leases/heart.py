"""The heart of a host: beats, and hears what others tell it, on a connection of its own.

What it cannot know: whether a beat that it could not make was missed. Whoever was swept meanwhile
has lost every lease, and must not write anything any more: it is told of by `on_swept` before the
next beat, and a guard (`Leases.holds`) stands before every commit besides.
"""

import os
import select
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from procrastinate.manager import get_channel_for_queues
from psycopg import Connection, sql

from vqd.domain.errors import VqdError
from vqd.domain.finding import CLOCKS_APART_S
from vqd.domain.place import Database
from vqd.leases.connecting import connect
from vqd.leases.hosts import Hosts, Worker

CHANGED = "vqd_queue_changed"
"""The channel on which whoever writes tells that the queue asks for something else now: of the host
whose identity is told, or of all."""

ZOMBIE_EXIT = 75
"""How a daemon ends that was taken for dead: EX_TEMPFAIL (sysexits.h); systemd starts it again."""

_BEATS = 10
_LATE = 5.0
"""So many times the time between two beats is too long for one that came in time."""
_END_WITHIN_S = 5.0

_log = structlog.get_logger(__name__)


def end_process() -> None:
    """End this process at once: what it believes is of a life that is over."""
    os._exit(ZOMBIE_EXIT)


def _now() -> float:
    """Give seconds that go on while the machine sleeps (clock_gettime(2))."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Heart:
    """Beats ten times in `lease_s`, after which a silent host is gone, from `start` to `stop`.

    Its thread calls what `listen` was told when the queue changed, a lease is to be aborted, or
    another host is silent; and `on_swept` when this one was taken for dead.
    """

    def __init__(
        self,
        database: Database,
        worker: Worker,
        *,
        lease_s: float,
        on_swept: Callable[[], None] = end_process,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._worker = worker
        self._lease_s = lease_s
        self._beat_s = lease_s / _BEATS
        self._on_change: Callable[[], None] = lambda: None
        self._on_swept = on_swept
        self._clock = clock
        self._steady_since: float | None = None
        self._last_at = 0.0
        self._is_heard = True
        self._are_silent = False
        self._beaten = threading.Event()
        self._stopping = os.eventfd(0)
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    def listen(self, on_change: Callable[[], None]) -> None:
        """Have this called from now on when something is told or found."""
        self._on_change = on_change

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """End it, whether the database answers or not."""
        self._is_stopping = True
        os.eventfd_write(self._stopping, 1)
        self._thread.join(_END_WITHIN_S)
        if not self._thread.is_alive():
            os.close(self._stopping)

    def stand(self) -> None:
        """Wait until this host was heard within half of `lease_s`, and so will not be taken for
        gone for as long: before it gives a file its name, which no transaction guards."""
        while _now() - self._last_at >= self._lease_s / 2 and not self._is_stopping:
            self._beaten.wait(self._beat_s)
            self._beaten.clear()

    @property
    def finds_silent(self) -> bool:
        """Tell whether another host was silent at the last beat, and this one may say so: it heard
        the database for as long itself, by beats that all came in time. Any thread may ask."""
        since, last_at = self._steady_since, self._last_at
        now = _now()
        is_steady = since is not None and now - since >= self._lease_s
        return self._are_silent and is_steady and now - last_at <= _LATE * self._beat_s

    def _run(self) -> None:
        while not self._is_stopping:
            try:
                with connect(self._database, name="heart") as connection:
                    self._live(connection)
            except (psycopg.Error, VqdError) as error:
                if self._is_heard:
                    _log.warning("heart.unheard", said=str(error).strip())
                self._is_heard = False
                self._steady_since = None
                self._wait(None)

    def _live(self, connection: Connection[Any]) -> None:
        """Beat and listen until it is to stop or the connection breaks."""
        for channel in (CHANGED, *get_channel_for_queues([self._worker.queue])):
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        if not self._is_heard:
            _log.info("heart.heard")
            self._is_heard = True
        self._compare_clocks(connection)
        self._on_change()  # who knows what was told while nobody listened
        hosts = Hosts(connection)
        while not self._is_stopping:
            if _now() - self._last_at >= self._beat_s:
                self._beat(hosts)
            for told in connection.notifies(timeout=0):
                if told.channel != CHANGED or told.payload in ("", self._worker.identity):
                    self._on_change()
            self._wait(connection)

    def _compare_clocks(self, connection: Connection[Any]) -> None:
        """Log it if this machine's clock is not as PostgreSQL's, and so as other hosts'."""
        asked_at = self._clock()
        told = connection.execute("SELECT extract(epoch FROM clock_timestamp())::double precision")
        there = float(told.fetchall()[0][0])
        ahead_s, behind_s = asked_at - there, there - self._clock()  # it may take long to answer
        if ahead_s > CLOCKS_APART_S:
            _log.warning("heart.clock_apart", ahead_s=round(ahead_s))
        elif behind_s > CLOCKS_APART_S:
            _log.warning("heart.clock_apart", behind_s=round(behind_s))

    def _beat(self, hosts: Hosts) -> None:
        """Say that this host lives, in a transaction of its own: a heart that stops in between
        holds no lock, for which those would wait who are to find that it stopped. It was heard when
        it began to say so: it may have been frozen since."""
        begun_at = _now()
        is_alive = hosts.beat(self._worker)
        self._are_silent = hosts.are_silent(self._lease_s)
        if not is_alive:
            _log.error("host.swept", host=self._worker.identity)
            self._on_swept()
        if self._steady_since is None or begun_at - self._last_at > _LATE * self._beat_s:
            self._steady_since = begun_at
        self._last_at = begun_at
        self._beaten.set()
        if self.finds_silent:
            self._on_change()

    def _wait(self, connection: Connection[Any] | None) -> None:
        """Wait for the next beat, for something that is told, or for the end."""
        waiting = select.poll()
        waiting.register(self._stopping, select.POLLIN)
        if connection is not None:
            waiting.register(connection.fileno(), select.POLLIN)
        left_s = self._last_at + self._beat_s - _now()
        waiting.poll(1000 * (max(0.0, left_s) if connection is not None else self._beat_s))
