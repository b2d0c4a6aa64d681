"""/metrics, for Prometheus: the queue as it is when it is asked, read from the store."""

from collections.abc import Iterable

from fastapi import APIRouter, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from vqd.domain.lifecycle import JobState
from vqd.service.farm import ServerView
from vqd.web.services import Services

_SERVER_STATES = ("up", "avoided", "resting", "down")


def routes(services: Services) -> APIRouter:
    """Give the route of the metrics."""
    router = APIRouter(tags=["health"])
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Queue(services))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)

    @router.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Give figures of the queue, the servers and the daemon, as Prometheus reads them."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


class _Queue(Collector):
    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> Iterable[Metric]:
        """Give nothing: the store is not asked before somebody asks."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Read the queue."""
        services = self._services
        yield InfoMetricFamily("vqd_build", "What runs", {"version": services.version})
        yield from self._jobs()
        yield _gauge("vqd_paused", "Whether PAUSE lies in the spool", services.switch.is_paused)
        yield _gauge("vqd_spool_away", "Whether the spool is away", bool(services.switch.away))
        spool = services.uploads.disks().spool
        if spool is not None:
            said = "What is free where the spool lies"
            yield _gauge("vqd_spool_free_bytes", said, spool.free_bytes)
        yield from _servers(services.farm.servers(services.clock()).servers)

    def _jobs(self) -> Iterable[Metric]:
        counts = self._services.pages.counts()
        jobs = GaugeMetricFamily("vqd_jobs", "Jobs by state", labels=["state"])
        for state in JobState:
            jobs.add_metric([str(state)], counts.get(state, 0))
        yield jobs
        prompts = GaugeMetricFamily("vqd_prompts", "Prompts of open jobs", labels=["state"])
        for name, count in self._services.pages.open_prompts().items():
            prompts.add_metric([str(name)], count)
        yield prompts


def _servers(servers: Iterable[ServerView]) -> Iterable[Metric]:
    states = GaugeMetricFamily(
        "vqd_server_state", "1 for the state that a server is in", labels=["server", "state"]
    )
    figures = {
        "prompts": "Prompts on it, or on their way home",
        "succeeded": "Prompts that succeeded on it today",
        "failed_in_row": "Attempts that failed since the last that did not",
    }
    families = {
        name: GaugeMetricFamily(f"vqd_server_{name}", said, labels=["server"])
        for name, said in figures.items()
    }
    for view in servers:
        for state in _SERVER_STATES:
            states.add_metric([view.record.server, state], view.record.state == state)
        for name, family in families.items():
            family.add_metric([view.record.server], getattr(view.tally, name))
    yield states
    yield from families.values()


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(name, said, value=float(value))
