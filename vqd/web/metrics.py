"""/metrics, for Prometheus: what the daemon counted since it started, and the queue, the servers
and the disks as they are when it is asked. docs/metrics.md tells of each."""

import time
from collections.abc import Callable, Iterable, Sequence

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from vqd.domain.figures import Depth
from vqd.service.spoolstate import spool_state
from vqd.web import families
from vqd.web.services import Services

BELIEVED = 100
"""The depth of the queue is believed for so many times as long as it took to count, so that whoever
asks often, or of a queue with 100,000 open jobs, costs 1 % of a core at most."""


def routes(services: Services) -> APIRouter:
    """Give the route of the metrics."""
    router = APIRouter(tags=["health"])
    own_thread = CapacityLimiter(1)  # whatever share the other routes wait for
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_House(services))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Give figures of the queue, the servers and the daemon, as Prometheus reads them."""
        told = await to_thread.run_sync(generate_latest, registry, limiter=own_thread)
        return Response(told, media_type=CONTENT_TYPE_LATEST)

    return router


class Believed:
    """The depth of the queue, counted again when it is worth that."""

    def __init__(
        self,
        count: Callable[[], Sequence[Depth]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._clock = clock
        self._depths: Sequence[Depth] = ()
        self._until = 0.0

    def depths(self) -> Sequence[Depth]:
        """Give it as it is, or was a moment ago."""
        began = self._clock()
        if began >= self._until:
            self._depths = self._count()
            ended = self._clock()
            self._until = ended + BELIEVED * (ended - began)
        return self._depths


class _House(Collector):
    def __init__(self, services: Services) -> None:
        self._services = services
        self._queue = Believed(services.pages.depths)

    def describe(self) -> Iterable[Metric]:
        """Give nothing: the store is not asked before somebody asks."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Give every family."""
        services = self._services
        yield InfoMetricFamily("vqd_build", "What runs", {"version": services.version})
        yield from families.of_queue(self._queue.depths())
        yield from families.of_log(services.pages.log_bytes)
        yield from families.of_arrivals(services.pages.on_the_way())
        state = spool_state(services.switch, services.uploads.disks())
        yield from families.of_spool(state, services.views.refused() is not None)
        now = services.clock()
        farm = services.farm.tallied(now)
        yield from families.of_servers(farm.servers)
        if farm.hosts:
            yield from families.of_hosts(farm.hosts, now)
        yield from families.of_work(services.figures.work())
        yield from families.of_intake(services.figures.intake())
