"""/healthz and /readyz: for whoever watches over the daemon; they tell nothing else."""

from http import HTTPStatus

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter

from vqd.domain.errors import VqdError
from vqd.web.problems import Refusal, responses
from vqd.web.services import Services


def routes(services: Services) -> APIRouter:
    """Give the routes of health."""
    router = APIRouter(tags=["health"])
    own_thread = CapacityLimiter(1)  # whatever share the others wait for

    @router.get("/healthz")
    async def is_healthy() -> dict[str, str]:
        """Tell that the daemon answers, and its database too."""
        await to_thread.run_sync(services.changes.newest_key, limiter=own_thread)
        return {"status": "ok"}

    @router.get("/readyz", responses=responses(HTTPStatus.SERVICE_UNAVAILABLE))
    def is_ready() -> dict[str, str]:
        """Tell whether jobs can be taken: the database answers, and the spool is there."""
        try:
            services.changes.newest_key()
            away = services.switch.standing().away
        except VqdError as error:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, error.code, error.message) from error
        if away is not None:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "spool_away", "The spool is away.")
        return {"status": "ok"}

    return router
