"""Names that a shell completes: jobs as they lie in the spool, workflows as their files are called.

Neither the queue nor a server is asked: a name must come before a finger lifts. Whatever is wrong
with the settings or the spool completes to nothing.
"""

import os
from collections.abc import Callable, Iterable, Iterator

import click
from click.shell_completion import CompletionItem

from vqd.domain.errors import VqdError
from vqd.settings.load import load_settings
from vqd.settings.model import Settings
from vqd.spool.layout import Spool

_MOST = 200


def job_names(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001 - click's signature
    incomplete: str,
) -> list[CompletionItem]:
    """Give the jobs whose names begin with or contain what is typed, the newest first."""
    names = _quietly(lambda: _jobs(_spool(ctx)))
    fitting = sorted((name for name in names if incomplete in name), reverse=True)
    return [CompletionItem(name) for name in fitting[:_MOST]]


def workflow_names(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001 - click's signature
    incomplete: str,
) -> list[CompletionItem]:
    """Give the workflows whose names begin with what is typed."""
    names = _quietly(lambda: _workflows(_settings(ctx)))
    return [CompletionItem(name) for name in sorted({*names}) if name.startswith(incomplete)]


def _quietly(names: Callable[[], Iterable[str]]) -> list[str]:
    try:
        return [*names()]
    except (OSError, VqdError):
        return []


def _settings(ctx: click.Context) -> Settings:
    return load_settings(ctx.params.get("settings_file"))


def _spool(ctx: click.Context) -> Spool:
    given = ctx.params.get("spool_dir")
    return Spool(given if given is not None else _settings(ctx).spool)


def _jobs(spool: Spool) -> Iterator[str]:
    for place in (spool.active, spool.failed, spool.done):
        with os.scandir(place) as entries:
            yield from (
                entry.name
                for entry in entries
                if entry.name.isprintable() and not entry.name.startswith(".")
            )


def _workflows(settings: Settings) -> list[str]:
    from vqd.service.workflows import open_workflows

    with open_workflows(settings.workflows, settings.store_path) as workflows:
        return [*workflows.names()]
