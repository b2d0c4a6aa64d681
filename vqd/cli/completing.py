"""Names that a shell completes: jobs as they lie in the spool, workflows as their files are called.

Neither the queue nor a server is asked: a name must come before a finger lifts. Whatever is wrong
with the settings or the spool completes to nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vqd.domain.errors import VqdError

if TYPE_CHECKING:  # every verb names what completes its words, and few complete any
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import click
    from click.shell_completion import CompletionItem

    from vqd.spool.layout import Spool

_MOST = 200


def job_names(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001 - click's signature
    incomplete: str,
) -> list[CompletionItem]:
    """Give the jobs whose names begin with or contain what is typed, the newest first."""
    names = _quietly(lambda: _jobs(_spool(ctx)))
    return _items(sorted((name for name in names if incomplete in name), reverse=True))


def workflow_names(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001 - click's signature
    incomplete: str,
) -> list[CompletionItem]:
    """Give the workflows whose names begin with what is typed."""
    names = _quietly(lambda: _workflows(ctx.params.get("settings_file")))
    return _items(sorted(name for name in {*names} if name.startswith(incomplete)))


def _items(names: Iterable[str]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in [*names][:_MOST]]


def _quietly(names: Callable[[], Iterable[str]]) -> list[str]:
    try:
        return [*names()]
    except (OSError, VqdError):
        return []


def _spool(ctx: click.Context) -> Spool:
    from vqd.cli.share import Share
    from vqd.settings.site import load_site

    given = ctx.params.get("spool_dir")
    root = given if given is not None else load_site(ctx.params.get("settings_file")).spool
    return Share(root).answering()


def _jobs(spool: Spool) -> Iterator[str]:
    for place in (spool.active, spool.failed, spool.done):
        with os.scandir(place) as entries:
            yield from (
                entry.name
                for entry in entries
                if entry.name.isprintable() and not entry.name.startswith(".")
            )


def _workflows(settings_file: Path | None) -> list[str]:
    from vqd.cli.loading import settings_of
    from vqd.service.workflows import open_workflows

    settings = settings_of(settings_file)
    with open_workflows(settings.workflows, settings.queue_place) as workflows:
        return [*workflows.names()]
