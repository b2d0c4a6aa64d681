"""The queue at a glance, read beside the daemon or while it is down."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from vqd.domain.frozen import frozen
from vqd.service.hosts import HostView, at_home, by_host, host_views, sharing
from vqd.store.reader import Overlook, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vqd.domain.finish import Finish
    from vqd.domain.listing import JobFilter, ListedJob
    from vqd.domain.place import Place
    from vqd.domain.server import ServerRecord


@frozen
class Overview:
    """What is not over, oldest first, the servers, and the hosts, where several share the queue."""

    jobs: Sequence[ListedJob]
    servers: Sequence[ServerRecord]
    hosts: Sequence[HostView] = ()


@contextmanager
def open_overviews(queue_place: Place) -> Iterator[Overviews]:
    """Give what tells of a queue at a glance.

    Raises:
        VqdError: `store_missing` and the like.
    """
    with Reader(queue_place, Overlook) as reader:
        yield Overviews(queue_place, reader)


class Overviews:
    """Reads the queue without what carries it out; each answer is one consistent moment."""

    def __init__(self, queue_place: Place, reader: Reader[Overlook]) -> None:
        self._queue_place = queue_place
        self._reader = reader

    def overview(self, now: float) -> Overview:
        """Give the queue at a glance. `now` is UTC seconds."""
        known = self._reader.hosts()
        with self._reader.reading() as rows:
            jobs, servers = at_home(rows.joblist.open(), known), rows.servers.all()
            if not (hosts := sharing(known, servers)):
                return Overview(jobs, servers)
            tallies = rows.servers.tallies(now)
        return Overview(jobs, by_host(servers, hosts), host_views(hosts, servers, tallies))

    def refused(self) -> str | None:
        """Say what the daemon is refused (by a disk, above all), and why; None if nothing."""
        with self._reader.reading() as rows:
            return rows.refusals.said()

    def newest(self, asked: JobFilter, *, limit: int) -> Sequence[ListedJob]:
        """Give the newest jobs that fit, newest first."""
        known = self._reader.hosts()
        with self._reader.reading() as rows:
            return at_home(rows.joblist.page(asked, limit=limit), known)

    def finishes(self, jobs: Sequence[ListedJob], now: float) -> Mapping[int, Finish]:
        """Give by their keys when jobs will be done, of those of which that can be told.

        `now` is UTC seconds.
        """
        if not jobs:
            return {}
        from vqd.store.foresight import foreseen  # knows the servers' node classes

        return foreseen(self._queue_place, jobs, now)
