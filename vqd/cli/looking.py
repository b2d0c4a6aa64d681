"""list, show: what the queue remembers."""

import time

import click

from vqd.cli.app import ends_in_words, json_option
from vqd.cli.asking import asks_queue
from vqd.cli.attempts import print_attempts
from vqd.cli.completing import job_names, workflow_names
from vqd.cli.helping import examples
from vqd.cli.jobtable import print_jobs, print_prompts
from vqd.cli.table import print_table
from vqd.cli.told import print_json
from vqd.cli.way import Way
from vqd.domain.lifecycle import JobState
from vqd.domain.listing import JobFilter
from vqd.domain.names import printable
from vqd.service.shapes.answers import OnePromptShape, ShownShape
from vqd.service.shapes.shape import problem_of


def _pairs(_: click.Context, __: click.Parameter, labels: tuple[str, ...]) -> dict[str, str]:
    """Give labels as they were written, by name."""
    pairs = [label.partition("=") for label in labels]
    for name, sign, _value in pairs:
        if not sign:
            raise click.BadParameter(f"{printable(name)}: write it as NAME=VALUE.")
    return {name: value for name, _sign, value in pairs}


@click.command(
    "list",
    epilog=examples(
        "vqd list", "vqd list --state failed", "vqd list --label client=acme --search beach"
    ),
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([str(state) for state in JobState]),
    help="Only jobs in this state; may be given again.",
)
@click.option("--workflow", shell_complete=workflow_names, help="Only jobs of this one.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=VALUE",
    help="Only with this; may be repeated.",
    callback=_pairs,
)
@click.option("--search", default="", metavar="TEXT", help="Only with this in their names.")
@json_option
@ends_in_words
@asks_queue
def list_jobs(
    way: Way,
    limit: int,
    states: tuple[str, ...],
    workflow: str | None,
    labels: dict[str, str],
    search: str,
    *,
    as_json: bool,
) -> None:
    """List the newest jobs, newest first."""
    wanted = frozenset(JobState(state) for state in states)
    asked = JobFilter(wanted, workflow, labels, search)
    jobs = way.jobs(asked, limit=limit)
    if as_json:
        print_json(jobs)
    elif not jobs:
        click.echo("no job yet" if asked == JobFilter() else "no job is like that", err=True)
    else:
        print_jobs(jobs, time.time())


@click.command(epilog=examples("vqd show beach", "vqd show beach --prompt 12"))
@click.argument("job", shell_complete=job_names)
@click.option("--prompts", default=20, show_default=True, type=click.IntRange(0, 100_000))
@click.option(
    "--prompt",
    "number",
    type=click.IntRange(1, 1_000_000_000),
    metavar="N",
    help="Show prompt N, and every attempt at it.",
)
@json_option
@ends_in_words
@asks_queue
def show(way: Way, job: str, prompts: int, number: int | None, *, as_json: bool) -> None:
    """Show one JOB: its folder, its prompts and what is wrong. A part of its name is enough."""
    if number is not None:
        _print_prompt(way.prompt(job, number), time.time(), as_json=as_json)
        return
    folder = way.share_folder(job)
    if folder is not None:
        from vqd.cli.showing import show_folder

        show_folder(folder, prompts=prompts, as_json=as_json)
        return
    shown = way.shown(job, prompts=prompts)
    if as_json:
        print_json(shown)
    else:
        _print_shown(shown, time.time(), is_counted=prompts > 0)


def _print_shown(shown: ShownShape, now: float, *, is_counted: bool) -> None:
    print_jobs([shown], now)
    if shown.folder is not None:
        click.echo(printable(f"folder  {shown.folder}"))
    for said in shown.drift:
        click.echo(printable(f"drift: {said}"))
    for problem in shown.problems:
        click.echo(f"error: {problem_of(problem).in_full}")
    print_prompts(
        (one.prompt, one.state, one.params, one.outputs or [one.message or ""])
        for one in shown.prompts
    )
    hidden = shown.counts.total - len(shown.prompts)
    if hidden > 0 and is_counted and not shown.prompts:
        click.echo("       its prompts and events are not remembered any more (keep)")
    elif hidden > 0:
        click.echo(f"       … and {hidden} more (--prompts)")


def _print_prompt(prompt: OnePromptShape, now: float, *, as_json: bool) -> None:
    if as_json:
        print_json(prompt)
        return
    click.echo(printable(f"{prompt.job}  prompt {prompt.prompt}  {prompt.state}"))
    facts = {**prompt.inputs, **prompt.params, "seed": prompt.seed}
    rows = [[name, str(value)] for name, value in facts.items() if value is not None]
    rows += [["output", output] for output in prompt.outputs]
    print_table(rows, indent="  ", wrapped=True)
    if prompt.attempts:
        click.echo()
    print_attempts(prompt.attempts, now)
