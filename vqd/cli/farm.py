"""servers, models: what the queue knows of the ComfyUI servers, read beside the daemon."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from vqd.cli.app import ends_in_words, json_option, settings_option
from vqd.cli.presence import is_daemon_running
from vqd.cli.table import STATE_COLOURS, Cell, print_table
from vqd.cli.when import ago
from vqd.domain.names import printable
from vqd.domain.schedule import written
from vqd.service.farm import Farm, Model, Models, ServerView, open_farm
from vqd.settings import Settings, load_settings
from vqd.spool.status import iso

_UNSEEN = "unseen"
_FAILURES_TOLD = 2
"""From so many failures in a row on they are worth a line."""


@click.command()
@settings_option
@json_option
@ends_in_words
def servers(settings_file: Path | None, *, as_json: bool) -> None:
    """Show the servers: how each is, what it has, and what it does."""
    settings = load_settings(settings_file)
    now = time.time()
    with open_farm(settings.workflows, settings.store_path) as opened:
        farm = opened.servers(now)
    runs = is_daemon_running(settings.state_dir)
    unseen = _unseen(settings, farm)
    if as_json:
        listed = [_server_json(view) for view in farm.servers]
        listed += [{"name": name, "url": url, "state": _UNSEEN} for name, url in unseen]
        _print_json({"daemon": runs, "written_at": iso(farm.written_at), "servers": listed})
        return
    if runs is False:
        since = f" {ago(farm.written_at, now)}" if farm.written_at else ""
        click.echo(f"the daemon is not running: vqd run; below is how it left things{since}")
    rows = [_row(view, now) for view in farm.servers]
    rows += [[name, Cell(_UNSEEN), "", "", "", "", "", ""] for name, _ in unseen]
    header = ("NAME", "STATE", "SINCE", "VERSION", "VRAM", "ON IT", "TODAY", "TAGS")
    print_table(rows, header=header, right=frozenset({4, 5, 6}))
    told = [(view.record.server, line) for view in farm.servers for line in _told(view)]
    if told:
        click.echo()
    print_table([[name, line] for name, line in told], wrapped=True)


@click.command()
@click.argument("folder", required=False)
@click.argument("search", required=False)
@click.option("--server", help="Only what this server has.")
@settings_option
@json_option
@ends_in_words
def models(
    folder: str | None,
    search: str | None,
    server: str | None,
    settings_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """List the models of the servers, and which have each.

    FOLDER is one of ComfyUI's (loras, checkpoints, vae …) or all; without one it shows which there
    are. SEARCH is a part of a name.
    """
    settings = load_settings(settings_file)
    with open_farm(settings.workflows, settings.store_path) as opened:
        found = opened.models()
    if server is not None:
        found = found.on(server)
    if folder is None and not as_json:
        _print_folders(found)
        return
    if folder not in (None, "all"):
        found = found.in_folder(folder)
    found = found.like(search or "")
    if as_json:
        listed = [asdict(model) for model in found.models]
        _print_json({"servers": [*found.servers], "models": listed})
        return
    _print_models(found, several=folder == "all")


def _unseen(settings: Settings, farm: Farm) -> list[tuple[str, str]]:
    """Give the name and URL of each server of the settings that no daemon has looked for yet."""
    seen = {view.record.server for view in farm.servers}
    return [(server.name, server.url) for server in settings.servers if server.name not in seen]


def _row(view: ServerView, now: float) -> list[Cell | str]:
    record, tally = view.record, view.tally
    return [
        record.server,
        Cell(record.state, STATE_COLOURS.get(record.state)),
        written(record.since_at, None, now) if record.since_at else "",
        record.version or "",
        f"{record.vram_gb:g} GB" if record.vram_gb is not None else "",
        str(tally.prompts),
        str(tally.succeeded),
        ", ".join(record.tags),
    ]


def _told(view: ServerView) -> Iterator[str]:
    """Give what does not fit into a column."""
    record = view.record
    if record.url != record.server:
        yield record.url
    if record.said:
        yield f"{record.state}: {record.said}"
    if view.tally.failed_in_row >= _FAILURES_TOLD:
        yield f"the last {view.tally.failed_in_row} attempts on it failed"
    if view.drifted:
        names = " ".join(view.drifted)
        yield f"not as it was for {', '.join(view.drifted)}: vqd workflows check {names}"


def _server_json(view: ServerView) -> dict[str, Any]:
    record, tally = view.record, view.tally
    return {
        "name": record.server,
        "url": record.url,
        "state": record.state,
        "said": record.said,
        "since_at": iso(record.since_at),
        "seen_at": iso(record.seen_at),
        "version": record.version,
        "vram_gb": record.vram_gb,
        "tags": [*record.tags],
        "prompts": tally.prompts,
        "succeeded_today": tally.succeeded,
        "failed_in_row": tally.failed_in_row,
        "drifted": [*view.drifted],
    }


def _print_folders(found: Models) -> None:
    if not found.servers:
        click.echo("no server has told yet what it has")
        return
    counts = [(folder, str(count)) for folder, count in sorted(found.folders.items())]
    print_table(
        [[count, folder] for folder, count in counts],
        header=("MODELS", "FOLDER"),
        right=frozenset({0}),
    )
    if not counts:
        click.echo("the servers list no models")
    else:
        click.echo("\nvqd models FOLDER lists them")


def _print_models(found: Models, *, several: bool) -> None:
    rows = [
        [*([model.folder] if several else []), model.name, _where(model, found.servers)]
        for model in found.models
    ]
    header = (*(["FOLDER"] if several else []), "NAME", "ON")
    print_table(rows, header=header)
    if not rows:
        click.echo("no server has such a model")


def _where(model: Model, servers: tuple[str, ...]) -> str:
    if len(servers) > 1 and len(model.servers) == len(servers):
        return "all"
    return printable(", ".join(model.servers))


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
