"""/api/workflows: which there are, and all that a form for one needs."""

from http import HTTPStatus

from fastapi import APIRouter

from vqd.domain.errors import Faults
from vqd.service.shapes.workflows import (
    WorkflowDetailShape,
    WorkflowShape,
    workflow_detail_shape,
    workflow_shape,
)
from vqd.web.problems import Refusal, responses
from vqd.web.services import Services


def routes(services: Services) -> APIRouter:
    """Give the routes of workflows."""
    router = APIRouter(tags=["workflows"])

    @router.get("/api/workflows")
    def list_workflows() -> list[WorkflowShape]:
        """List all workflows, the broken ones too."""
        return [workflow_shape(view) for view in services.workflows.all()]

    @router.get("/api/workflows/{name}", responses=responses(HTTPStatus.NOT_FOUND))
    def show_workflow(name: str) -> WorkflowDetailShape:
        """Show a workflow: its slots and parameters, with every hint that a form needs."""
        try:
            view = services.workflows.get(name)
        except Faults as faults:
            first = faults.problems[0]
            raise Refusal(
                HTTPStatus.NOT_FOUND, "unknown_workflow", first.said, first.hint
            ) from faults
        return workflow_detail_shape(view, services.workflows.offers(view))

    return router
