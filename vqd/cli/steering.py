"""cancel, retry, pause, resume, approve, priority: what a person does by hand, in the spool."""

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import click

from vqd.cli.app import EXIT_REFUSED, ends_in_words, json_option, settings_option
from vqd.cli.folders import job_folder
from vqd.cli.presence import is_daemon_running
from vqd.domain.errors import VqdError
from vqd.settings import Settings, load_settings
from vqd.spool.layout import PAUSED, Spool

ANSWERED_WITHIN_S = 3.0


@click.command()
@click.argument("job")
@settings_option
@json_option
@ends_in_words
def cancel(job: str, settings_file: Path | None, *, as_json: bool) -> None:
    """Stop a JOB; a part of its name is enough. Works while the daemon is down."""
    _steer_active(load_settings(settings_file), job, "CANCEL", as_json=as_json)


@click.command()
@click.argument("job")
@settings_option
@json_option
@ends_in_words
def retry(job: str, settings_file: Path | None, *, as_json: bool) -> None:
    """Run again what has not succeeded of a JOB; a part of its name is enough."""
    settings = load_settings(settings_file)
    spool = Spool(settings.spool)
    folder = job_folder(spool, job, settings.store_path)
    if folder.parent == spool.active:
        _steer(settings, spool, folder, "RETRY", as_json=as_json)
        return
    target = spool.inbox / folder.name
    if target.exists():
        raise VqdError("name_taken", f"{target} is there already.", "Move it away first.")
    folder.rename(target)
    _say({"job": folder.name, "moved_to": str(target)}, f"moved {target}", as_json=as_json)


@click.command()
@click.argument("job", required=False)
@settings_option
@json_option
@ends_in_words
def pause(job: str | None, settings_file: Path | None, *, as_json: bool) -> None:
    """Start nothing more of a JOB, or of any without one; what runs goes on to its end."""
    settings = load_settings(settings_file)
    if job is not None:
        _steer_active(settings, job, "PAUSE", as_json=as_json)
        return
    spool = Spool(settings.spool)
    spool.require_present()
    spool.pause()
    _say({"paused": True}, PAUSED, as_json=as_json)


@click.command()
@click.argument("job", required=False)
@settings_option
@json_option
@ends_in_words
def resume(job: str | None, settings_file: Path | None, *, as_json: bool) -> None:
    """Let a JOB go on that is suspended, or everything without one."""
    settings = load_settings(settings_file)
    if job is not None:
        _steer_active(settings, job, "RESUME", as_json=as_json)
        return
    spool = Spool(settings.spool)
    spool.require_present()
    was_paused = spool.resume()
    said = "PAUSE is taken away" if was_paused else "there was no PAUSE in the spool"
    _say({"paused": False, "was_paused": was_paused}, said, as_json=as_json)


@click.command()
@click.argument("job")
@settings_option
@json_option
@ends_in_words
def approve(job: str, settings_file: Path | None, *, as_json: bool) -> None:
    """Let a JOB start that is quoted, or what is left of one whose proof you have looked at."""
    _steer_active(load_settings(settings_file), job, "APPROVE", as_json=as_json)


@click.command()
@click.argument("job")
@click.argument("number", type=click.IntRange(0, 100))
@settings_option
@json_option
@ends_in_words
def priority(job: str, number: int, settings_file: Path | None, *, as_json: bool) -> None:
    """Give a JOB another priority: 0 to 100, higher is sooner."""
    _steer_active(load_settings(settings_file), job, f"PRIORITY {number}", as_json=as_json)


def _steer_active(settings: Settings, job: str, request: str, *, as_json: bool) -> None:
    spool = Spool(settings.spool)
    folder = job_folder(spool, job, settings.store_path)
    _require_open(spool, folder.name)
    _steer(settings, spool, folder, request, as_json=as_json)


def _require_open(spool: Spool, job: str) -> None:
    folder = spool.find(job)
    if folder is not None and folder.parent != spool.active:
        raise VqdError("job_over", f"{job} is over already; it lies in {folder.parent}.")


def _steer(settings: Settings, spool: Spool, folder: Path, request: str, *, as_json: bool) -> None:
    verb = request.split()[0]
    (folder / request).touch()
    runs = is_daemon_running(settings.state_dir) is not False
    until = time.monotonic() + ANSWERED_WITHIN_S
    pause = threading.Event()
    while runs and time.monotonic() < until:
        lies_in = spool.find(folder.name) or folder  # a job may end while it is steered
        answer = _newest(lies_in, f"{verb}.*")
        if answer is not None and not (lies_in / request).exists():
            said = answer.name.removeprefix(f"{verb}.")
            _say({"job": folder.name, "answer": said}, f"{folder.name}: {said}", as_json=as_json)
            if said.startswith("refused"):
                raise click.exceptions.Exit(EXIT_REFUSED)
            return
        pause.wait(0.05)
    _require_open(spool, folder.name)
    when = "when it looks" if runs else "when it is started (it is not running here)"
    told = f"{folder.name}: {request} is put there; the daemon answers {when}"
    _say({"job": folder.name, "answer": None}, told, as_json=as_json)


def _newest(folder: Path, pattern: str) -> Path | None:
    """Give the file that was put there last; an answer is the request itself under another name."""
    try:
        return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns, default=None)
    except FileNotFoundError:
        return None


def _say(value: Mapping[str, str | bool | None], words: str, *, as_json: bool) -> None:
    click.echo(json.dumps(value) if as_json else words)
