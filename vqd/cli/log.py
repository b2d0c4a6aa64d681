"""log: what happened to a job, by the log.txt in its folder, from any machine that mounts it."""

import json
import re
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from vqd.cli.app import ends_in_words, json_option, settings_option, spool_option
from vqd.cli.folders import job_folder
from vqd.cli.table import Cell, is_terminal, print_table
from vqd.documents.opening import opened
from vqd.domain.errors import VqdError
from vqd.domain.names import printable
from vqd.settings import load_settings
from vqd.spool.joblog import LOG
from vqd.spool.layout import Spool

LOOK_EVERY_S = 0.5
_LINE = re.compile(r"(\S+Z) ((?:prompt (\d+) )?.*)")
_PART_BYTES = 1 << 20


@click.command()
@click.argument("job")
@click.option("--follow", "-f", is_flag=True, help="Go on until the job is over.")
@spool_option
@settings_option
@json_option
@ends_in_words
def log(
    job: str, spool_dir: Path | None, settings_file: Path | None, *, follow: bool, as_json: bool
) -> None:
    """Tell what happened to a JOB, line by line; a part of its name is enough.

    With --json each line is an object with `at`, `prompt` (its number, or null) and `said`.
    """
    if spool_dir is not None:
        spool, store_path = Spool(spool_dir), None
    else:
        settings = load_settings(settings_file)
        spool, store_path = Spool(settings.spool), settings.store_path
    folder = job_folder(spool, job, store_path)
    if not follow and not (folder / LOG).exists():
        raise _no_log(spool, folder)
    _Reading(spool, folder.name, as_json=as_json).tell(follow=follow)


def _no_log(spool: Spool, folder: Path) -> VqdError:
    if folder.parent == spool.active:
        hint = "It begins when something happens to the job; --follow waits for it."
    else:
        hint = "It is kept as long as `keep` in the settings or in the job says."
    return VqdError("no_log", f"{folder}: there is no {LOG}.", hint)


class _Reading:
    """Reads a log as it grows, and goes with it where its folder goes."""

    def __init__(self, spool: Spool, job: str, *, as_json: bool) -> None:
        self._spool = spool
        self._job = job
        self._as_json = as_json
        self._told_bytes = 0

    def tell(self, *, follow: bool) -> None:
        """Print what there is, and if it is followed what comes, until the job is over."""
        pause = threading.Event()
        while True:
            folder = self._spool.find(self._job)
            is_over = folder is None or folder.parent != self._spool.active
            while folder is not None and (lines := self._next(folder / LOG)):
                self._print(lines)
            if is_over or not follow:
                return
            pause.wait(LOOK_EVERY_S)

    def _next(self, path: Path) -> list[str]:
        """Give the next lines that are whole; none if there is nothing new."""
        try:
            with opened(path) as file:
                file.seek(self._told_bytes)
                part = file.read(_PART_BYTES).rpartition(b"\n")[0]
        except FileNotFoundError:
            return []  # it has not begun yet, or its folder is on the way elsewhere
        if not part:
            return []
        self._told_bytes += len(part) + 1
        return part.decode(errors="replace").split("\n")

    def _print(self, lines: Sequence[str]) -> None:
        if is_terminal() and not self._as_json:
            print_table([_row(line) for line in lines], wrapped=True)
            return
        for line in lines:
            click.echo(_as_json(line) if self._as_json else printable(line))


def _row(line: str) -> list[Cell | str]:
    match = _LINE.fullmatch(line)
    if match is None:
        return ["", line]
    try:
        at = datetime.fromisoformat(match[1]).astimezone().strftime("%m-%d %H:%M:%S")
    except ValueError:
        at = match[1]
    return [Cell(at, is_faint=True), match[2]]


def _as_json(line: str) -> str:
    match = _LINE.fullmatch(line)
    at, said, number = match.groups() if match else (None, line, None)
    told = {"at": at, "prompt": None if number is None else int(number), "said": said}
    return json.dumps(told, ensure_ascii=False)
