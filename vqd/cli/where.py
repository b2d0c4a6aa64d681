"""Where a prompt is that runs, as a person reads it."""

from vqd.service.shapes.prompts import RunningShape


def where_of(running: RunningShape) -> str:
    """Say on which server a prompt is, and how far it is there."""
    where = f" {running.percent}%" if running.node else f" {running.step or ''}"
    return f"{running.server}{where.rstrip()}"
