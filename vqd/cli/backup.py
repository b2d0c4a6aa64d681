"""backup, restore: the queue copied, and put back."""

import sys
import time
from pathlib import Path

import click

from vqd.cli.app import ends_in_words, json_option, settings_option
from vqd.cli.helping import examples
from vqd.cli.loading import settings_of
from vqd.cli.told import print_json
from vqd.documents.sizes import size_told
from vqd.domain.names import printable
from vqd.service import upkeep
from vqd.service.shapes.upkeep import ReplacedShape, backup_shape


@click.command(epilog=examples("vqd backup", "vqd backup --to /mnt/nas/vqd --keep 14"))
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder it goes to. [default: backups/ in state_dir]",
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    help="Keep so many of the newest there, and delete older ones. [default: all]",
)
@settings_option
@json_option
@ends_in_words
def backup(
    folder: Path | None, keep: int | None, settings_file: Path | None, *, as_json: bool
) -> None:
    """Back the queue up, while the daemon runs or not.

    It is the database alone, as it is at one instant, looked through before it counts. The jobs'
    folders, the settings and your workflows are yours to back up.
    """
    settings = settings_of(settings_file)
    is_shown = not as_json and sys.stderr.isatty()
    with click.progressbar(
        length=100, label="copying", show_eta=False, hidden=not is_shown, file=sys.stderr
    ) as bar:
        made = upkeep.back_up(
            settings.queue_place,
            folder,
            now=time.time(),
            keep=keep,
            on_progress=lambda part: bar.update(round(100 * part) - bar.pos),
        )
    if as_json:
        print_json(backup_shape(made))
    else:
        jobs = "1 job" if made.jobs == 1 else f"{made.jobs:,} jobs"
        said = f"{jobs}, {made.open_jobs:,} of them not over, {size_told(made.bytes)}"
        click.echo(f"{printable(str(made.path))}: {said}")


@click.command(epilog=examples("vqd restore /var/lib/vqd/backups/queue-20260101-030000.db"))
@click.argument("named", metavar="BACKUP", type=click.Path(path_type=Path))
@settings_option
@json_option
@ends_in_words
def restore(named: Path, settings_file: Path | None, *, as_json: bool) -> None:
    """Put a BACKUP in the place of the queue; of a folder, the newest in it.

    The daemon must not run. The queue that is there now is kept. When the daemon starts, it learns
    from the folders what became of jobs since: nothing that is made is made again.
    """
    from vqd.premises import only_one

    settings = settings_of(settings_file)
    with only_one(settings.state_dir):
        chosen, replaced = upkeep.restore(named, settings.queue_place, now=time.time())
    if as_json:
        print_json(ReplacedShape(str(chosen), _text(replaced.kept)))
        return
    click.echo(f"restored  {printable(str(chosen))}")
    if replaced.kept is not None:
        click.echo(f"kept      {printable(str(replaced.kept))}, the queue that was there")
    click.echo("\nNow start the daemon: it learns from the folders what became of jobs since.")


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
