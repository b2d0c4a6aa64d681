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

from vqd.leases.hosts import Hosts, Worker

CHANGED = "vqd_queue_changed"
"""The channel on which a writer tells that the queue asks for something else now."""

ZOMBIE_EXIT = 75
"""How a daemon ends that was taken for dead: EX_TEMPFAIL (sysexits.h); systemd starts it again."""

_END_WITHIN_S = 5.0

_ALIVE: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 3000,
    "application_name": "vqd heart",
}

_log = structlog.get_logger(__name__)


def end_process() -> None:
    """End this process at once: what it believes is of a life that is over."""
    os._exit(ZOMBIE_EXIT)


class Heart:
    """Beats every `beat_s` from `start` to `stop`. Its thread calls `on_change` when the queue
    changed or a lease is to be aborted, and `on_swept` when this host was taken for dead."""

    def __init__(
        self,
        url: str,
        worker: Worker,
        *,
        beat_s: float,
        on_change: Callable[[], None],
        on_swept: Callable[[], None] = end_process,
    ) -> None:
        self._url = url
        self._worker = worker
        self._beat_s = beat_s
        self._on_change = on_change
        self._on_swept = on_swept
        self._steady_since: float | None = None
        self._last_at = 0.0
        self._is_heard = True
        self._stopping = os.eventfd(0)
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

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

    def is_steady(self, for_s: float) -> bool:
        """Tell whether every beat of so many seconds came in time: only then may this host say of
        another that it is silent. Any thread may ask."""
        since, last_at = self._steady_since, self._last_at
        now = time.monotonic()
        return since is not None and now - last_at <= 2 * self._beat_s and now - since >= for_s

    def _run(self) -> None:
        while not self._is_stopping:
            try:
                with psycopg.connect(self._url, autocommit=True, **_ALIVE) as connection:
                    self._live(connection)
            except psycopg.Error as error:
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
        self._on_change()  # who knows what was told while nobody listened
        hosts = Hosts(connection)
        while not self._is_stopping:
            if time.monotonic() - self._last_at >= self._beat_s:
                self._beat(hosts, connection)
            for _ in connection.notifies(timeout=0):
                self._on_change()
            self._wait(connection)

    def _beat(self, hosts: Hosts, connection: Connection[Any]) -> None:
        begun_at = time.monotonic()
        with connection.transaction():
            is_alive = hosts.beat(self._worker)
        if not is_alive:
            _log.error("heart.swept", host=self._worker.identity)
            self._on_swept()
        now = time.monotonic()
        if self._steady_since is None or now - self._last_at > 2 * self._beat_s:
            self._steady_since = begun_at
        self._last_at = now

    def _wait(self, connection: Connection[Any] | None) -> None:
        """Wait for the next beat, for something that is told, or for the end."""
        waiting = select.poll()
        waiting.register(self._stopping, select.POLLIN)
        if connection is not None:
            waiting.register(connection.fileno(), select.POLLIN)
        left_s = self._last_at + self._beat_s - time.monotonic()
        waiting.poll(1000 * (max(0.0, left_s) if connection is not None else self._beat_s))
