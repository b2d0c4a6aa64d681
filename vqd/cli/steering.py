"""cancel, retry, pause, resume, approve, priority: what is asked of a job, or of everything."""

import click

from vqd.cli.app import ends_in_words, json_option
from vqd.cli.asking import asks_queue
from vqd.cli.completing import job_names
from vqd.cli.helping import examples
from vqd.cli.told import print_json
from vqd.cli.way import Way
from vqd.domain.names import printable
from vqd.service.shapes.answers import PausedShape
from vqd.spool.layout import PAUSED


@click.command(epilog=examples("vqd cancel beach", "vqd cancel beach --url http://gpu-box:8640"))
@click.argument("job", shell_complete=job_names)
@json_option
@ends_in_words
@asks_queue
def cancel(way: Way, job: str, *, as_json: bool) -> None:
    """Stop a JOB; a part of its name is enough. Works while the daemon is down."""
    _steer(way, job, "cancel", as_json=as_json)


@click.command(epilog=examples("vqd retry beach"))
@click.argument("job", shell_complete=job_names)
@json_option
@ends_in_words
@asks_queue
def retry(way: Way, job: str, *, as_json: bool) -> None:
    """Run again what has not succeeded of a JOB; a part of its name is enough."""
    _steer(way, job, "retry", as_json=as_json)


@click.command(epilog=examples("vqd pause", "vqd pause beach"))
@click.argument("job", required=False, shell_complete=job_names)
@json_option
@ends_in_words
@asks_queue
def pause(way: Way, job: str | None, *, as_json: bool) -> None:
    """Start nothing more of a JOB, or of any without one; what runs goes on to its end."""
    if job is not None:
        _steer(way, job, "pause", as_json=as_json)
        return
    way.pause_all()
    _say_paused(PAUSED, is_paused=True, as_json=as_json)


@click.command(epilog=examples("vqd resume", "vqd resume beach"))
@click.argument("job", required=False, shell_complete=job_names)
@json_option
@ends_in_words
@asks_queue
def resume(way: Way, job: str | None, *, as_json: bool) -> None:
    """Let a JOB go on that is suspended, or everything without one."""
    if job is not None:
        _steer(way, job, "resume", as_json=as_json)
        return
    was_paused = way.resume_all()
    said = "PAUSE is taken away" if was_paused else "there was no PAUSE in the spool"
    _say_paused(said, is_paused=False, as_json=as_json)


@click.command(epilog=examples("vqd approve beach"))
@click.argument("job", shell_complete=job_names)
@json_option
@ends_in_words
@asks_queue
def approve(way: Way, job: str, *, as_json: bool) -> None:
    """Let a JOB start that is quoted, or what is left of one whose proof you have looked at."""
    _steer(way, job, "approve", as_json=as_json)


@click.command(epilog=examples("vqd priority beach 80"))
@click.argument("job", shell_complete=job_names)
@click.argument("number", type=click.IntRange(0, 100))
@json_option
@ends_in_words
@asks_queue
def priority(way: Way, job: str, number: int, *, as_json: bool) -> None:
    """Give a JOB another priority: 0 to 100, higher is sooner."""
    _steer(way, job, "priority", number, as_json=as_json)


def _steer(way: Way, job: str, verb: str, priority: int | None = None, *, as_json: bool) -> None:
    told = way.steer(job, verb, priority)
    if as_json:
        print_json(told, in_line=True)
        return
    waits = f"has not answered yet. vqd log {told.job} will tell what it answers"
    if way.is_down:
        waits = "answers when it is started (it is not running here)"
    said = told.answer or f"{verb} is asked for; the daemon {waits}"
    click.echo(printable(f"{told.job}: {said}"))


def _say_paused(said: str, *, is_paused: bool, as_json: bool) -> None:
    if as_json:
        print_json(PausedShape(paused=is_paused), in_line=True)
    else:
        click.echo(said)
