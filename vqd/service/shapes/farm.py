"""Servers and their models for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqd.documents.credentials import without_credentials
from vqd.domain.frozen import frozen
from vqd.domain.times import iso
from vqd.service.shapes.hosts import HostShape
from vqd.service.shapes.shape import Shape

if TYPE_CHECKING:  # who is told does without what tells
    from vqd.service.farm import Model, ServerView


@frozen
class ServerShape(Shape):
    """A server as it was last seen, and what it did."""

    name: str
    url: str
    state: str
    """up, avoided, resting, down, or unseen: no daemon has looked for it yet."""
    said: str | None = None
    """What is in the way, in words."""
    since_at: str | None = None
    seen_at: str | None = None
    version: str | None = None
    vram_gb: float | None = None
    tags: list[str] | None = None
    prompts: int = 0
    """How many are on it, or on their way home."""
    succeeded_today: int = 0
    failed_in_row: int = 0
    drifted: list[str] | None = None
    """Workflows that rely on what is not as it was there."""
    host: str | None = None
    """The machine that drives it, where several share the queue."""


@frozen
class ModelShape(Shape):
    """A model, and the servers that have it."""

    folder: str
    """As ComfyUI calls it: loras, checkpoints, vae …"""
    name: str
    servers: list[str]


@frozen
class ModelsShape(Shape):
    """The models that servers list; `servers` are those that told."""

    servers: list[str]
    models: list[ModelShape]


@frozen
class ServersShape(Shape):
    """The servers, and when the daemon last wrote of them."""

    daemon: bool | None
    written_at: str | None
    servers: list[ServerShape]
    hosts: list[HostShape]
    """The machines that share the queue, where there are several."""


def server_shape(view: ServerView) -> ServerShape:
    """Give a server for programs."""
    record, tally = view.record, view.tally
    return ServerShape(
        name=record.server,
        url=without_credentials(record.url),
        state=record.state,
        said=record.said,
        since_at=iso(record.since_at),
        seen_at=iso(record.seen_at),
        version=record.version,
        vram_gb=record.vram_gb,
        tags=[*record.tags],
        prompts=tally.prompts,
        succeeded_today=tally.succeeded,
        failed_in_row=tally.failed_in_row,
        drifted=[*view.drifted],
        host=record.host or None,
    )


def model_shape(model: Model) -> ModelShape:
    """Give a model for programs."""
    return ModelShape(model.folder, model.name, [*model.servers])
