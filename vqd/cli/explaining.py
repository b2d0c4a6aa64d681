"""explain: why a job is not done yet, or what it failed of, in plain sentences."""

import time

import click

from vqd.cli.app import ends_in_words, json_option
from vqd.cli.asking import asks_queue
from vqd.cli.attempts import print_attempts
from vqd.cli.completing import job_names
from vqd.cli.helping import examples
from vqd.cli.table import Cell, heading, print_table
from vqd.cli.told import print_json
from vqd.cli.way import Way
from vqd.cli.when import ago, seconds_of
from vqd.domain.names import printable
from vqd.domain.times import written
from vqd.service.shapes.prompts import ReasonShape


@click.command(epilog=examples("vqd explain beach"))
@click.argument("job", shell_complete=job_names)
@json_option
@ends_in_words
@asks_queue
def explain(way: Way, job: str, *, as_json: bool) -> None:
    """Say why a JOB is not done yet, or what it failed of, and what would change that.

    A part of its name is enough. JOB may also be a drop that still lies in the inbox.
    """
    told = way.explained(job)
    if as_json:
        print_json(told)
        return
    now = time.time()
    click.echo(heading(printable("  ".join(filter(None, (told.job, told.state))))))
    if told.folder is not None:
        click.echo(printable(told.folder))
    for reason in told.reasons:
        _print_reason(reason, now)


def _print_reason(reason: ReasonShape, now: float) -> None:
    since = ""
    if reason.since_at is not None:
        at = seconds_of(reason.since_at)
        since = f" Since {written(at, None, now)}, {ago(at, now)}."
    click.echo()
    print_table([[f"{reason.said}.{since}"]], wrapped=True)
    if reason.cure:
        print_table([[Cell(reason.cure, is_faint=True)]], indent="  ", wrapped=True)
    print_attempts(reason.attempts, now)
