"""explain: why a job is not done yet, or what it failed of, in plain sentences."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from vqd.cli.app import ends_in_words, json_option, settings_option
from vqd.cli.attempts import attempt_json, print_attempts
from vqd.cli.parking import parked_by
from vqd.cli.presence import is_daemon_running
from vqd.cli.table import Cell, heading, print_table
from vqd.cli.when import ago
from vqd.domain.errors import VqdError
from vqd.domain.names import printable
from vqd.domain.queue import Job
from vqd.domain.schedule import written
from vqd.service.explain import Reason, Stop
from vqd.service.views import open_views
from vqd.settings import Settings, load_settings
from vqd.spool.layout import Spool
from vqd.spool.status import iso
from vqd.spool.waiting import waiting_in


@click.command()
@click.argument("job")
@settings_option
@json_option
@ends_in_words
def explain(job: str, settings_file: Path | None, *, as_json: bool) -> None:
    """Say why a JOB is not done yet, or what it failed of, and what would change that.

    A part of its name is enough. JOB may also be a drop that still lies in the inbox.
    """
    settings = load_settings(settings_file)
    now = time.time()
    spool = Spool(settings.spool)
    stops = [*_stops(settings, spool)]
    drop = _dropped(spool, job, stops)
    try:
        with open_views(settings.store_path) as views:
            found, reasons = views.explain(job, stops, now=now)
    except VqdError:
        if drop is None:
            drop = _unknown_folder(spool, job)
        if drop is None:
            raise
        found, reasons = None, []
    told = [drop, *reasons] if drop else reasons
    folder = spool.find(found.job) if found else None
    if as_json:
        click.echo(json.dumps(_as_json(job, found, folder, told), indent=2, ensure_ascii=False))
        return
    click.echo(heading(printable(f"{found.job}  {found.state}" if found else job)))
    if found and folder is None:
        click.echo("Its folder is gone.")
    elif folder:
        click.echo(str(folder))
    for reason in told:
        _print_reason(reason, now)


def _stops(settings: Settings, spool: Spool) -> Iterator[Stop]:
    """Give what keeps the whole queue from being sent."""
    if is_daemon_running(settings.state_dir) is False:
        yield Stop("daemon_down", "the daemon is not running", "vqd run starts it.")
    away = spool.why_away()
    if away is not None:
        cure = "It goes on by itself when the share is back."
        yield Stop("share_away", f"the share is away: {away}", cure)
        return
    if spool.is_paused():
        cure = "vqd resume takes it away, and everything goes on."
        yield Stop("paused", "PAUSE lies in the spool", cure)
    parked = parked_by(settings)
    if parked is not None:
        cure = "It is tried again every few seconds, and nothing has failed."
        yield Stop("parked", parked, cure)


def _dropped(spool: Spool, name: str, stops: Sequence[Stop]) -> Reason | None:
    """Say why a drop of this name is still in the inbox; None if there is none."""
    path = spool.inbox / name
    if name in ("", ".", "..") or "/" in name or not os.path.lexists(path):
        return None
    waits = [line for line in waiting_in(spool.inbox) if line.startswith(f"{printable(name)}: ")]
    if waits:
        said = f"It lies in the inbox and is not taken yet: {waits[0].partition(': ')[2]}"
        cure = "It is taken by itself when that is so no more."
    else:
        said, cure = "It lies in the inbox and was not looked at yet", "It is looked at soon."
    cures = " ".join(stop.cure for stop in stops if stop.code in ("daemon_down", "share_away"))
    return Reason("not_taken", said.removesuffix("."), cures or cure, since_at=None)


def _unknown_folder(spool: Spool, name: str) -> Reason | None:
    folder = spool.find(name)
    if folder is None:
        return None
    said = f"It lies in {folder.parent}, and the queue knows nothing of it"
    return Reason("unknown_to_queue", said, "Moved into the inbox, it keeps what it has.")


def _print_reason(reason: Reason, now: float) -> None:
    since = ""
    if reason.since_at is not None:
        since = f" Since {written(reason.since_at, None, now)}, {ago(reason.since_at, now)}."
    click.echo()
    print_table([[f"{reason.said}.{since}"]], wrapped=True)
    if reason.cure:
        print_table([[Cell(reason.cure, is_faint=True)]], indent="  ", wrapped=True)
    print_attempts(reason.attempts, now)


def _as_json(
    name: str, job: Job | None, folder: Path | None, reasons: Sequence[Reason]
) -> dict[str, Any]:
    return {
        "job": job.job if job else name,
        "state": job.state if job else None,
        "folder": str(folder) if folder else None,
        "reasons": [
            {
                **asdict(reason),
                "since_at": iso(reason.since_at),
                "attempts": [attempt_json(attempt) for attempt in reason.attempts],
            }
            for reason in reasons
        ],
    }
