"""db: the queue's database, looked through and made anew."""

import time
from collections.abc import Iterator
from pathlib import Path

import click

from vqd.cli.app import Verbs, ends_in_words, json_option, settings_option
from vqd.cli.findings import end_with
from vqd.cli.helping import examples
from vqd.cli.loading import settings_of
from vqd.cli.told import print_json
from vqd.doctor.rounds import Examined
from vqd.domain.names import printable
from vqd.service import upkeep
from vqd.service.examine import examine_queue
from vqd.service.shapes.upkeep import ReplacedShape
from vqd.settings.model import Settings
from vqd.spool.layout import Spool


@click.group(cls=Verbs)
def db() -> None:
    """Look through the queue's database, or have it made anew."""


@db.command(epilog=examples("vqd db check", "vqd db check --json"))
@settings_option
@json_option
@ends_in_words
def check(settings_file: Path | None, *, as_json: bool) -> None:
    """Look through all of the queue: its pages, references and counters, and the jobs' folders.

    The daemon may run. It changes nothing, and ends as `vqd doctor` does.
    """
    settings = settings_of(settings_file)
    end_with(_examined(settings), settings_file, as_json=as_json)


@db.command(epilog=examples("vqd db rebuild"))
@settings_option
@json_option
@ends_in_words
def rebuild(settings_file: Path | None, *, as_json: bool) -> None:
    """Set the queue aside, so that the daemon makes it anew of the folders when it starts.

    The daemon must not run. The queue that is there is kept, and no folder is touched. What is lost
    is what no folder tells: the events of jobs, how long prompts take, and what was asked of jobs
    that are not over by PRIORITY and APPROVE.
    """
    from vqd.premises import only_one

    settings = settings_of(settings_file)
    Spool(settings.spool).require_present()
    with only_one(settings.state_dir):
        kept = upkeep.set_aside(settings.queue_place, now=time.time())
    if as_json:
        print_json(ReplacedShape(None, kept))
        return
    if kept is None:
        click.echo(f"there is no queue at {printable(str(settings.queue_place))}")
    else:
        click.echo(f"kept      {printable(kept)}, the queue that was there")
    click.echo("\nNow start the daemon: it makes the queue of the folders.")


def _examined(settings: Settings) -> Iterator[Examined]:
    spool = Spool(settings.spool)
    yield Examined("queue", list(upkeep.examine_whole(settings.queue_place)))
    folders = [
        *examine_queue(settings.queue_place, spool),
        *upkeep.examine_folders(settings.queue_place, spool),
    ]
    yield Examined("folders", folders)
