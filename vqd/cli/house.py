"""run, demo, engine: the verbs that run things."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from vqd.cli.app import ends_in_words, settings_option
from vqd.cli.helping import examples


@click.command(epilog=examples("vqd run", "vqd run --settings vqd.yaml"))
@settings_option
@click.option("--json-logs", is_flag=True, help="Log JSON, as under systemd.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="Log this, and what is worse, whatever the settings say.",
)
@ends_in_words
def run(settings_file: Path | None, *, json_logs: bool, log_level: str | None) -> None:
    """Run the daemon until it is stopped."""
    with _without("rich"):  # which structlog imports where it is found; `logs` has no use for it
        from vqd import daemon, logs, systemd
        from vqd.settings.load import load
        from vqd.settings.model import Settings
    gc.freeze()  # none of it goes again

    flags = {} if log_level is None else {"log_level": log_level}

    def read() -> Settings:
        return load(settings_file, flags).settings

    is_read = systemd.is_manager()
    settings = read()
    logs.set_up_logs(as_json=json_logs or is_read, level=settings.log_level, for_journal=is_read)
    sys.exit(daemon.run(settings, read))


@contextmanager
def _without(package: str) -> Iterator[None]:
    """Let a package that is not imported yet be found by nobody until the block ends."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment] # as the import system has it
    try:
        yield
    finally:
        del sys.modules[package]


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
    from vqd.serving import serve_engine

    serve_engine(
        host, port, data, announce=lambda url: click.echo(url), stop_on_stdin_eof=stop_with_parent
    )
