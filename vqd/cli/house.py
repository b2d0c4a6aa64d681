"""init, run, demo, engine: the verbs that make and run things."""

import sys
from pathlib import Path

import click
import yaml

from vqd.cli.app import ends_in_words, settings_option
from vqd.cli.codes import EXIT_REFUSED
from vqd.cli.helping import examples
from vqd.documents.reader import parse
from vqd.service.welcome import Welcome
from vqd.settings.farm import BUILTIN
from vqd.settings.load import load_settings, made_of
from vqd.spool.kept import KeptFolder
from vqd.spool.layout import OWN_FOLDER, Spool


@click.command(
    epilog=examples(
        "vqd init /srv/spool --server http://gpu0:8188", "vqd init spool --state ~/.vqd"
    )
)
@click.argument("spool", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the queue's database goes: a local disk. [default: ~/.local/state/vqd]",
)
@click.option(
    "--server", "servers", multiple=True, metavar="builtin|URL", help="May be given again."
)
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("vqd.yaml"),
    show_default=True,
    help="The settings file to write.",
)
@ends_in_words
def init(spool: Path, state: Path | None, servers: tuple[str, ...], settings_file: Path) -> None:
    """Make a spool, the state folder and a settings file."""
    if settings_file.exists():
        click.echo(f"error: {settings_file} is there already; nothing was changed.", err=True)
        sys.exit(EXIT_REFUSED)
    state = state or Path.home() / ".local" / "state" / "vqd"
    made = Spool(spool)
    values = {
        "spool": str(made.root),
        "state_dir": str(state.absolute()),
        "servers": list(servers) or [BUILTIN],
    }
    made_of(values, parse("{}", "the command line"))
    Spool.create(spool)
    made.check()
    state.mkdir(parents=True, exist_ok=True)
    KeptFolder(made.inbox / OWN_FOLDER).keep(Welcome(None, ()).files())
    settings_file.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    heading = "# Every setting and what it means: config/vqd.yaml\n"
    settings_file.write_text(heading + text, encoding="utf-8")
    click.echo(f"spool     {made.root}\nstate     {state.absolute()}\nsettings  {settings_file}")
    click.echo(f"\nNow: vqd run --settings {settings_file}\nThen drop jobs into {made.inbox}")


@click.command(epilog=examples("vqd run", "vqd run --settings vqd.yaml"))
@settings_option
@click.option("--json-logs", is_flag=True, help="Log JSON, as under systemd.")
@ends_in_words
def run(settings_file: Path | None, *, json_logs: bool) -> None:
    """Run the daemon until it is stopped."""
    from vqd import daemon, logs, systemd

    logs.set_up_logs(as_json=json_logs or systemd.is_manager())
    sys.exit(daemon.run(load_settings(settings_file)))


@click.command(epilog=examples("vqd demo"))
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("vqd-demo"),
    show_default=True,
    help="Where the demo's spool goes.",
)
@click.option("--keep", is_flag=True, help="Leave the daemon running.")
@ends_in_words
def demo(folder: Path, *, keep: bool) -> None:
    """Run two sample jobs on the built-in engine and show what comes back."""
    from vqd.demo import run_demo

    sys.exit(run_demo(folder, keep=keep))


@click.command(epilog=examples("vqd engine --port 8188"))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    default=8188,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0 takes a free one.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("vqd-engine"),
    show_default=True,
    help="Where input, output and temp lie.",
)
@click.option("--stop-with-parent", is_flag=True, hidden=True)
@ends_in_words
def engine(host: str, port: int, data: Path, *, stop_with_parent: bool) -> None:
    """Run the built-in ComfyUI-compatible server by itself."""
    from vqd.daemon import serve_engine

    serve_engine(
        host, port, data, announce=lambda url: click.echo(url), stop_on_stdin_eof=stop_with_parent
    )
