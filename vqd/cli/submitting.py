"""submit: a job into the queue, as a drop or over the API."""

import sys
import threading
import time
from pathlib import Path

import click

from vqd.cli.app import ends_in_words, json_option
from vqd.cli.asking import asks_queue
from vqd.cli.codes import EXIT_FAILED, EXIT_INTERRUPTED
from vqd.cli.follow import follow
from vqd.cli.helping import examples
from vqd.cli.told import print_json
from vqd.cli.way import Sent, Way
from vqd.domain.names import printable

TAKEN_WITHIN_S = 3600.0


@click.command(
    epilog=examples(
        "vqd submit beach/",
        "vqd submit beach.yaml --wait",
        "vqd submit beach/ --url http://gpu-box:8640 --token-file token",
    )
)
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--wait", is_flag=True, help="Show progress until the job is over.")
@json_option
@ends_in_words
@asks_queue
def submit(way: Way, path: Path, *, wait: bool, as_json: bool) -> None:
    """Check a job, then put a copy of it into the queue. PATH is a job file or folder.

    It is dropped into the inbox, and waits there while the daemon is down; with --url it is sent
    with its files.
    """
    sent = way.submit(path)
    name = sent.told.job or Path(sent.told.dropped or "").name
    if not wait:
        _say(sent, as_json=as_json)
        return
    try:
        code = _wait(way, sent, as_json=as_json)
    except KeyboardInterrupt:
        said = f"no longer shown; {name} goes on: vqd status shows it, vqd cancel stops it"
        click.echo(printable(said), err=True)
        code = EXIT_INTERRUPTED
    sys.exit(code)


def _say(sent: Sent, *, as_json: bool) -> None:
    told = sent.told
    if as_json:
        print_json(told, in_line=True)
        return
    what = f"dropped {told.dropped}" if told.dropped else f"submitted {told.job}"
    prompts = "1 prompt" if told.prompts == 1 else f"{told.prompts} prompts"
    click.echo(printable(f"{what} ({prompts})"))


def _wait(way: Way, sent: Sent, *, as_json: bool) -> int:
    if way.is_down:
        click.echo("the daemon is not running here; it takes the job at its start", err=True)
    until = time.monotonic() + TAKEN_WITHIN_S
    pause = threading.Event()
    while time.monotonic() < until:
        job = sent.taken_as()
        if job is not None:
            return follow(way, job, as_json=as_json)
        pause.wait(0.1)
    click.echo(f"error: {sent.told.dropped} was not taken; is the daemon running?", err=True)
    return EXIT_FAILED
