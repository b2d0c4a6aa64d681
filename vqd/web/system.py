"""/api/system: the daemon, its servers, their models; and everything paused or going on."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from vqd.service.farm import Farm, Models
from vqd.service.shapes.answers import PausedShape
from vqd.service.shapes.farm import ModelsShape, ServerShape, model_shape, server_shape
from vqd.service.shapes.hosts import HostShape, host_shape
from vqd.web import models
from vqd.web.problems import responses
from vqd.web.services import Services


def routes(services: Services) -> APIRouter:
    """Give the routes of the system."""
    router = APIRouter(tags=["system"])

    @router.get("/api/system")
    def show_system() -> models.SystemShape:
        """Show the daemon, what keeps the queue, and the servers."""
        now = services.clock()
        farm, standing = services.farm.servers(now), services.switch.standing()
        return models.SystemShape(
            version=services.version,
            paused=standing.is_paused,
            away=standing.away,
            parked=_parked(services),
            settings_said=services.settings_said(),
            waiting=[*services.switch.waiting],
            jobs={str(state): count for state, count in services.pages.counts().items()},
            servers=_servers(services, farm),
            hosts=_hosts(farm, now),
            settings=dict(services.settings),
        )

    @router.get("/api/system/servers")
    def list_servers() -> list[ServerShape]:
        """List the servers: how each is, what it has, and what it does."""
        return _servers(services, services.farm.servers(services.clock()))

    @router.get("/api/system/hosts")
    def list_hosts() -> list[HostShape]:
        """List the machines that share the queue; none where there is one alone."""
        now = services.clock()
        return _hosts(services.farm.servers(now), now)

    @router.get("/api/system/models", responses=responses(HTTPStatus.NOT_FOUND))
    def list_models(
        folder: Annotated[
            str | models.Absent, Query(max_length=200, description="loras, vae …")
        ] = None,
        server: Annotated[str | models.Absent, Query(max_length=200)] = None,
        q: Annotated[str, Query(max_length=200, description="A part of the name.")] = "",
    ) -> ModelsShape:
        """List the models of the servers, and which have each."""
        found: Models = services.farm.models()
        found = found.on(server) if server is not None else found
        found = found.in_folder(folder) if folder is not None else found
        found = found.like(q)
        return ModelsShape([*found.servers], [model_shape(model) for model in found.models])

    @router.post("/api/system/pause", responses=responses(HTTPStatus.SERVICE_UNAVAILABLE))
    def pause() -> PausedShape:
        """Send nothing new to any server; what runs goes on to its end."""
        services.switch.pause()
        return PausedShape(paused=True)

    @router.post("/api/system/resume", responses=responses(HTTPStatus.SERVICE_UNAVAILABLE))
    def resume() -> PausedShape:
        """Let everything go on."""
        services.switch.resume()
        return PausedShape(paused=False)

    return router


def _parked(services: Services) -> str | None:
    shortage = services.uploads.disks().shortage()
    return services.views.refused() if shortage is None else str(shortage)


def _hosts(farm: Farm, now: float) -> list[HostShape]:
    return [host_shape(host, now) for host in farm.hosts]


def _servers(services: Services, farm: Farm) -> list[ServerShape]:
    seen = {view.record.server for view in farm.servers}
    unseen: Mapping[str, str] = {
        name: url for name, url in services.server_urls.items() if name not in seen
    }
    listed = [server_shape(view) for view in farm.servers]
    return [*listed, *(ServerShape(name, url, "unseen") for name, url in unseen.items())]
