"""Servers, models and workflows, read beside the daemon."""

import time

from vqd.cli.presence import is_daemon_running
from vqd.domain.times import iso
from vqd.service.farm import open_farm
from vqd.service.shapes.farm import (
    ModelsShape,
    ServerShape,
    ServersShape,
    model_shape,
    server_shape,
)
from vqd.service.shapes.hosts import host_shape
from vqd.service.shapes.workflows import (
    WorkflowDetailShape,
    WorkflowShape,
    workflow_detail_shape,
    workflow_shape,
)
from vqd.service.workflows import open_workflows
from vqd.settings.model import Settings


def servers(settings: Settings) -> ServersShape:
    """Give the servers, and those of the settings that no daemon has looked for yet."""
    with open_farm(settings.workflows, settings.queue_place) as opened:
        farm = opened.servers(time.time())
        heard_by = time.time()
    seen = {view.record.server for view in farm.servers}
    unseen = [
        ServerShape(server.name, server.url, "unseen")
        for server in settings.servers
        if server.name not in seen
    ]
    return ServersShape(
        is_daemon_running(settings.state_dir),
        iso(farm.written_at),
        [*map(server_shape, farm.servers), *unseen],
        [host_shape(host, heard_by) for host in farm.hosts],
    )


def models(settings: Settings, folder: str | None, search: str, server: str | None) -> ModelsShape:
    """Give the models of the servers: of one folder, with a part of a name, on one server."""
    with open_farm(settings.workflows, settings.queue_place) as opened:
        found = opened.models()
    found = found.on(server) if server is not None else found
    found = found.in_folder(folder) if folder is not None else found
    listed = found.like(search)
    return ModelsShape([*listed.servers], [model_shape(model) for model in listed.models])


def workflows(settings: Settings) -> list[WorkflowShape]:
    """Give all workflows."""
    with open_workflows(settings.workflows, settings.queue_place) as opened:
        return [workflow_shape(view) for view in opened.all()]


def workflow(settings: Settings, name: str) -> WorkflowDetailShape:
    """Give one workflow, with what the servers offer for its parameters."""
    with open_workflows(settings.workflows, settings.queue_place) as opened:
        view = opened.get(name)
        return workflow_detail_shape(view, opened.offers(view))
