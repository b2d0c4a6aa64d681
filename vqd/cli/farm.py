"""servers, models: what the queue knows of the ComfyUI servers."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence

import click

from vqd.cli.app import ends_in_words, json_option
from vqd.cli.asking import asks_queue
from vqd.cli.helping import examples
from vqd.cli.hosttable import print_hosts
from vqd.cli.table import STATE_COLOURS, Cell, print_table
from vqd.cli.told import print_json
from vqd.cli.way import Way
from vqd.cli.when import ago, seconds_of
from vqd.domain.names import printable
from vqd.domain.times import written
from vqd.service.shapes.farm import ModelShape, ModelsShape, ServerShape

_FAILURES_TOLD = 2
"""From so many failures in a row on they are worth a line."""


@click.command(epilog=examples("vqd servers", "vqd servers --url http://gpu-box:8640"))
@json_option
@ends_in_words
@asks_queue
def servers(way: Way, *, as_json: bool) -> None:
    """Show the servers: how each is, what it has, and what it does.

    Where several machines share the queue it shows those too, and which drives which server.
    """
    told = way.servers()
    if as_json:
        print_json(told)
        return
    now = time.time()
    if told.daemon is False:
        since = f" {ago(seconds_of(told.written_at), now)}" if told.written_at else ""
        click.echo(f"the daemon is not running: vqd run; below is how it left things{since}")
    header = ["NAME", "STATE", "SINCE", "VERSION", "VRAM", "ON IT", "TODAY", "TAGS"]
    if told.hosts:
        print_hosts(told.hosts, now)
        click.echo()
        header.append("HOST")
    rows = [_row(server, now, are_hosts_told=bool(told.hosts)) for server in told.servers]
    print_table(rows, header=header, right=frozenset({4, 5, 6}))
    lines = [(server.name, line) for server in told.servers for line in _told(server)]
    if lines:
        click.echo()
    print_table([[name, line] for name, line in lines], wrapped=True)


@click.command(
    epilog=examples("vqd models", "vqd models loras film", "vqd models all --server gpu0")
)
@click.argument("folder", required=False)
@click.argument("search", required=False)
@click.option("--server", help="Only what this server has.")
@json_option
@ends_in_words
@asks_queue
def models(
    way: Way, folder: str | None, search: str | None, server: str | None, *, as_json: bool
) -> None:
    """List the models of the servers, and which have each.

    FOLDER is one of ComfyUI's (loras, checkpoints, vae …) or all; without one it shows which there
    are. SEARCH is a part of a name.
    """
    named = None if folder in (None, "all") else folder
    found = way.models(named, search or "", server)
    if as_json:
        print_json(found)
    elif folder is None:
        _print_folders(found)
    else:
        _print_models(found.models, found.servers, several=folder == "all")


def _row(server: ServerShape, now: float, *, are_hosts_told: bool) -> list[Cell | str]:
    is_seen = server.seen_at is not None or server.since_at is not None
    return [
        server.name,
        Cell(server.state, STATE_COLOURS.get(server.state)),
        written(seconds_of(server.since_at), None, now) if server.since_at else "",
        server.version or "",
        f"{server.vram_gb:g} GB" if server.vram_gb is not None else "",
        str(server.prompts) if is_seen else "",
        str(server.succeeded_today) if is_seen else "",
        ", ".join(server.tags or ()),
        *([server.host or ""] if are_hosts_told else []),
    ]


def _told(server: ServerShape) -> Iterator[str]:
    """Give what does not fit into a column."""
    if server.state == "unseen":
        return
    if server.url != server.name:
        yield server.url
    if server.said:
        yield f"{server.state}: {server.said}"
    if server.failed_in_row >= _FAILURES_TOLD:
        yield f"the last {server.failed_in_row} attempts on it failed"
    if server.drifted:
        names = " ".join(server.drifted)
        yield f"not as it was for {', '.join(server.drifted)}: vqd workflows check {names}"


def _print_folders(found: ModelsShape) -> None:
    if not found.servers:
        click.echo("no server has told yet what it has")
        return
    counts = Counter(model.folder for model in found.models)
    print_table(
        [[str(count), folder] for folder, count in sorted(counts.items())],
        header=("MODELS", "FOLDER"),
        right=frozenset({0}),
    )
    if not counts:
        click.echo("the servers list no models")
    else:
        click.echo("\nvqd models FOLDER lists them")


def _print_models(models: Sequence[ModelShape], servers: Sequence[str], *, several: bool) -> None:
    rows = [
        [*([model.folder] if several else []), model.name, _where(model, servers)]
        for model in models
    ]
    header = (*(["FOLDER"] if several else []), "NAME", "ON")
    print_table(rows, header=header)
    if not rows:
        click.echo("no server has such a model")


def _where(model: ModelShape, servers: Sequence[str]) -> str:
    if len(servers) > 1 and len(model.servers) == len(servers):
        return "all"
    return printable(", ".join(model.servers))
