"""db: the queue's database, looked through and made anew."""

import sys
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
from vqd.documents.secrets import SECRET
from vqd.domain.errors import VqdError
from vqd.domain.names import printable
from vqd.domain.place import Database, Place
from vqd.service import upkeep
from vqd.service.examine import examine_queue
from vqd.service.shapes.upkeep import RelocatedShape, ReplacedShape
from vqd.settings.database import ALLOWED, database_of
from vqd.settings.model import Settings
from vqd.spool.layout import Spool


@click.group(cls=Verbs)
def db() -> None:
    """Look through the queue's database, have it made anew, or move it."""


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


@db.command(
    epilog=examples(
        "vqd db migrate --to 'postgresql://vqd:{secret}@db.example.org/vqd'",
        "vqd db migrate --to sqlite",
    )
)
@click.option(
    "--to",
    "named",
    required=True,
    metavar="URL|sqlite",
    help="A database of PostgreSQL's, or sqlite for queue.db in state_dir.",
)
@settings_option
@json_option
@ends_in_words
def migrate(named: str, settings_file: Path | None, *, as_json: bool) -> None:
    """Move the queue from SQLite to PostgreSQL, or back.

    The daemon must not run. What is moved is compared, row by row, before it counts; the queue that
    is there is kept. If it is cut off, say it again. {secret} in a URL stands for what is in
    `database_secret_file` of the settings.
    """
    from vqd.premises import only_one

    settings = settings_of(settings_file)
    spool = Spool(settings.spool)
    spool.require_present()
    source, target = (spool.at_home(place) for place in _ends(named, settings))
    is_shown = not as_json and sys.stderr.isatty()
    with (
        only_one(settings.state_dir),
        click.progressbar(
            length=100, label="moving", show_eta=False, hidden=not is_shown, file=sys.stderr
        ) as bar,
    ):
        moved = upkeep.relocate(
            source,
            target,
            now=time.time(),
            on_progress=lambda part: bar.update(round(100 * part) - bar.pos),
        )
    if as_json:
        told = RelocatedShape(str(target), moved.jobs, moved.prompts, moved.rows, moved.kept)
        print_json(told)
        return
    jobs = "1 job" if moved.jobs == 1 else f"{moved.jobs:,} jobs"
    said = f"{jobs}, {moved.prompts:,} prompts, {moved.rows:,} rows, all as they were"
    click.echo(f"moved     to {printable(str(target))}: {said}")
    click.echo(f"kept      {printable(moved.kept)}, the queue that was there")
    if isinstance(target, Database):
        click.echo("\nNow let the settings say so, and start the daemon:")
        click.echo(f"  database: {printable(named if SECRET in named else str(target))}")
    else:
        click.echo("\nNow take `database` out of the settings, and start the daemon.")


def _ends(named: str, settings: Settings) -> tuple[Place, Place]:
    """Give where the queue lies, and where it is to lie."""
    file = settings.state_dir / "queue.db"
    if named == "sqlite":
        if settings.site.database is None:
            said = "The settings name no database: the queue lies in SQLite."
            raise VqdError("relocate_missing", said, "Name where it lies: database: ….")
        return settings.site.database, file
    secret_file = settings.database_secret_file if SECRET in named else None
    try:
        target = database_of(named, secret_file)
    except ValueError as error:
        raise VqdError("database_url", f"--to: {error}", f"Write: {ALLOWED}, or sqlite.") from None
    assert target is not None
    return file, target


def _examined(settings: Settings) -> Iterator[Examined]:
    spool = Spool(settings.spool)
    yield Examined("queue", list(upkeep.examine_whole(settings.queue_place)))
    folders = [
        *examine_queue(settings.queue_place, spool),
        *upkeep.examine_folders(settings.queue_place, spool),
    ]
    yield Examined("folders", folders)
