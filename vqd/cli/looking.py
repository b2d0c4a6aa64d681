"""status, list, show: what the queue remembers, read beside the daemon."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from vqd.cli.app import ends_in_words, json_option, settings_option, spool_option
from vqd.cli.attempts import attempt_json, print_attempts
from vqd.cli.folders import job_folder
from vqd.cli.follow import read_status
from vqd.cli.parking import parked_by
from vqd.cli.presence import is_daemon_running
from vqd.cli.showing import print_prompts, show_folder
from vqd.cli.table import STATE_COLOURS, Cell, print_table
from vqd.cli.when import in_words
from vqd.domain.finish import Finish
from vqd.domain.names import printable
from vqd.domain.queue import Job, Prompt, ServerRecord
from vqd.domain.schedule import written
from vqd.service.views import JobDetail, Overview, PromptDetail, Views, open_views
from vqd.settings import load_settings
from vqd.spool.layout import PAUSED, Spool
from vqd.spool.status import finish_facts, iso
from vqd.spool.waiting import waiting_file, waiting_in

Finishes = Mapping[int, Finish]
"""By the keys of jobs when they will be done."""
NO_FINISH: Finishes = MappingProxyType({})

_MOST_WAITING = 20
"""Lines of what waits in the inbox that `status` shows; those that assemble come first."""


@click.command()
@click.argument("job", required=False)
@settings_option
@json_option
@ends_in_words
def status(job: str | None, settings_file: Path | None, *, as_json: bool) -> None:
    """Show what runs and what waits, or one JOB's counts."""
    settings = load_settings(settings_file)
    spool = Spool(settings.spool)
    paused, away = spool.is_paused(), spool.why_away()
    runs, parked = is_daemon_running(settings.state_dir), parked_by(settings)
    with _views(settings_file) as views:
        seen = views.overview() if job is None else Overview([views.job(job)], ())
        is_halted = paused or away is not None or runs is False or parked is not None
        finishes = {} if is_halted else views.finishes(seen.jobs, time.time())
    if job is not None:
        _show_status(spool, seen.jobs[0], finishes, as_json=as_json)
        return
    waiting = waiting_in(spool.inbox)
    if as_json:
        facts = {"daemon": runs, "away": away, "paused": paused, "parked": parked}
        _print_json({**facts, **_overview_json(seen, finishes), "waiting": [*waiting]})
        return
    if runs is False:
        click.echo("the daemon is not running: vqd run; below is how it left things")
    if away is not None:
        click.echo(f"share away: {spool.root}: {away}; nothing is taken or sent")
    if paused:
        click.echo(PAUSED)
    if parked:
        click.echo(printable(f"parked: {parked}; it goes on by itself"))
    print_table([_server_row(server) for server in seen.servers], wrapped=True)
    _print_jobs(seen.jobs, finishes)
    _print_waiting(spool, waiting)
    if not (seen.jobs or waiting):
        click.echo("nothing is waiting, nothing runs")


def _show_status(spool: Spool, job: Job, finishes: Finishes, *, as_json: bool) -> None:
    """Show one job's counts, where its prompts are by its STATUS.yaml, and when it will be done."""
    told = (read_status(spool.active / job.job) or {}) if job.counts.running else {}
    listed = told.get("running")
    running = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if as_json:
        _print_json({**_job_json(job, finishes), "running": running})
        return
    _print_jobs([job])
    rows = [
        [
            f"prompt {one.get('prompt')}",
            str(one.get("server")),
            f"node {one['node']}" if one.get("node") else "",
            str(one.get("step") or ""),
            f"{one.get('percent')} %" if one.get("node") else "",
        ]
        for one in running
    ]
    print_table(rows, indent="  ", right=frozenset({3}))
    finish = finishes.get(job.job_key)
    if finish is not None:
        click.echo(f"  done {in_words(finish, time.time())}")


@click.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@settings_option
@json_option
@ends_in_words
def list_jobs(limit: int, settings_file: Path | None, *, as_json: bool) -> None:
    """List the newest jobs."""
    with _views(settings_file) as views:
        jobs = views.newest(limit)
    if as_json:
        _print_json([_job_json(job) for job in jobs])
    else:
        _print_jobs(jobs)


@click.command()
@click.argument("job")
@click.option("--prompts", default=20, show_default=True, type=click.IntRange(0, 100_000))
@click.option(
    "--prompt",
    "number",
    type=click.IntRange(1, 1_000_000_000),
    metavar="N",
    help="Show prompt N, and every attempt at it.",
)
@spool_option
@settings_option
@json_option
@ends_in_words
def show(
    job: str,
    prompts: int,
    number: int | None,
    spool_dir: Path | None,
    settings_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Show one JOB: its folder, its prompts and what is wrong. A part of its name is enough."""
    if spool_dir is not None:
        if number is not None:
            raise click.UsageError("--prompt asks the queue, which --spool does without.")
        show_folder(job_folder(Spool(spool_dir), job), prompts=prompts, as_json=as_json)
        return
    settings = load_settings(settings_file)
    with _views(settings_file) as views:
        if number is not None:
            _show_prompt(views.prompt(job, number), as_json=as_json)
            return
        detail = views.detail(job, prompts=prompts)
    folder = Spool(settings.spool).find(detail.job.job)
    if as_json:
        _print_json(_detail_json(detail, folder))
    else:
        _print_detail(detail, folder)


def _print_detail(detail: JobDetail, folder: Path | None) -> None:
    _print_jobs([detail.job])
    click.echo(f"folder  {folder or 'gone'}")
    for said in _drift(detail.job):
        click.echo(printable(f"drift: {said}"))
    for problem in detail.job.problems:
        click.echo(f"error: {problem.in_full}")
    print_prompts(
        (
            prompt.key.number,
            prompt.state,
            prompt.params,
            [output.path for output in prompt.outputs] or [prompt.failure_message or ""],
        )
        for prompt in detail.prompts
    )
    hidden = detail.job.counts.total - len(detail.prompts)
    if detail.job.is_brief:
        click.echo("       its prompts and events are not remembered any more (keep)")
    elif hidden > 0:
        click.echo(f"       … and {hidden} more (--prompts)")


def _server_row(server: ServerRecord) -> list[Cell | str]:
    state = Cell(server.state, STATE_COLOURS.get(server.state))
    return [server.server, state, server.version or "", server.said or ""]


def _show_prompt(detail: PromptDetail, *, as_json: bool) -> None:
    if as_json:
        attempts = [attempt_json(attempt) for attempt in detail.attempts]
        _print_json({"job": detail.job.job, **_prompt_json(detail.prompt), "attempts": attempts})
        return
    prompt = detail.prompt
    click.echo(printable(f"{detail.job.job}  prompt {prompt.key.number}  {prompt.state}"))
    facts = {**prompt.inputs, **prompt.params, "seed": prompt.seed}
    rows = [[name, str(value)] for name, value in facts.items() if value is not None]
    rows += [["output", output.path] for output in prompt.outputs]
    print_table(rows, indent="  ", wrapped=True)
    if detail.attempts:
        click.echo()
    print_attempts(detail.attempts, time.time())


@contextmanager
def _views(settings_file: Path | None) -> Iterator[Views]:
    with open_views(load_settings(settings_file).store_path) as views:
        yield views


def _print_waiting(spool: Spool, waiting: Sequence[str]) -> None:
    if waiting:
        click.echo("not taken yet:")
    for line in sorted(waiting, key=_is_minor)[:_MOST_WAITING]:
        click.echo(f"  {line}")
    if len(waiting) > _MOST_WAITING:
        click.echo(f"  … and {len(waiting) - _MOST_WAITING} more: {waiting_file(spool.inbox)}")


def _is_minor(line: str) -> bool:
    return not any(sign in line for sign in (": assembling: ", ": hot folder, away: "))


def _print_jobs(jobs: Sequence[Job], finishes: Finishes = NO_FINISH) -> None:
    width = max((len(job.job) for job in jobs), default=3)
    for job in jobs:
        counts = job.counts
        state = click.style(f"{job.state:<10}", fg=STATE_COLOURS.get(job.state))
        over = f"{counts.over}/{counts.total}"
        failed = click.style(f"{counts.failed} failed", fg="red") if counts.failed else ""
        kept = f"{counts.kept} kept" if counts.kept else ""
        when = datetime.fromtimestamp(job.accepted_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        finish = finishes.get(job.job_key)
        done = f"done about {written(finish.expected_at, None, time.time())}" if finish else ""
        about = "  ".join(part for part in (kept, failed, printable(job.why or ""), done) if part)
        click.echo(f"{job.job:<{width}}  {state}  {over:>9}  {when}  {about}".rstrip())


def _overview_json(seen: Overview, finishes: Finishes) -> dict[str, Any]:
    return {
        "servers": [asdict(server) for server in seen.servers],
        "jobs": [_job_json(job, finishes) for job in seen.jobs],
    }


def _detail_json(detail: JobDetail, folder: Path | None) -> dict[str, Any]:
    return {
        **_job_json(detail.job),
        "folder": str(folder) if folder else None,
        "prompts": [_prompt_json(prompt) for prompt in detail.prompts],
        "events": [
            {"at": iso(event.at), "kind": event.kind, "prompt": event.number, **event.facts}
            for event in detail.events
        ],
    }


def _prompt_json(prompt: Prompt) -> dict[str, Any]:
    return {
        "prompt": prompt.key.number,
        "state": prompt.state,
        "params": dict(prompt.params),
        "inputs": dict(prompt.inputs),
        "seed": prompt.seed,
        "server": prompt.server,
        "attempt": prompt.attempt,
        "seconds": prompt.seconds,
        "failure": prompt.failure_code,
        "message": prompt.failure_message,
        "outputs": [output.path for output in prompt.outputs],
    }


def _drift(job: Job) -> tuple[str, ...]:
    return job.plan.drift if job.plan else ()


def _job_json(job: Job, finishes: Finishes = NO_FINISH) -> dict[str, Any]:
    finish = finishes.get(job.job_key)
    return {
        "job": job.job,
        "workflow": job.workflow,
        "state": job.state,
        "reason": job.why,
        "counts": asdict(job.counts),
        "priority": job.priority,
        "accepted_at": iso(job.accepted_at),
        "started_at": iso(job.started_at),
        "finished_at": iso(job.finished_at),
        "finish": finish_facts(finish),
        "drift": list(_drift(job)),
        "problems": [asdict(problem) for problem in job.problems],
    }


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
