"""report: the page that shows what a job made, made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vqd.cli.app import ends_in_words, json_option
from vqd.cli.asking import asks_queue
from vqd.cli.completing import job_names
from vqd.cli.helping import examples
from vqd.cli.told import print_json
from vqd.domain.names import printable

if TYPE_CHECKING:
    from vqd.cli.way import Way


@click.command(epilog=examples("vqd report beach", "vqd report beach --spool /mnt/renders"))
@click.argument("job", shell_complete=job_names)
@json_option
@ends_in_words
@asks_queue
def report(way: Way, job: str, *, as_json: bool) -> None:
    """Make the report of a JOB again, from its folder; a part of its name is enough.

    It needs no daemon and no queue. A job that is not over shows what it has made so far.
    """
    made = way.report(job)
    if as_json:
        print_json(made, in_line=True)
    else:
        click.echo(printable(made.report))
