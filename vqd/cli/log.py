"""log: what happened to a job, by the log.txt in its folder, from any machine that mounts it."""

import re
import threading
from collections.abc import Sequence
from datetime import datetime

import click

from vqd.cli.app import ends_in_words, json_option
from vqd.cli.asking import asks_queue
from vqd.cli.completing import job_names
from vqd.cli.helping import examples
from vqd.cli.outlasting import outlasting
from vqd.cli.table import Cell, is_terminal, print_table
from vqd.cli.told import print_json
from vqd.cli.way import LogSource, Way
from vqd.documents.digits import number_of
from vqd.domain.names import printable
from vqd.service.shapes.answers import LogLineShape

LOOK_EVERY_S = 0.5
_PART_BYTES = 1 << 20
"""Of so much the end is awaited of a line; what is longer is told in parts."""
_LINE = re.compile(r"(\S+Z) ((?:prompt (\d+) )?.*)")


@click.command(epilog=examples("vqd log beach", "vqd log beach --follow"))
@click.argument("job", shell_complete=job_names)
@click.option("--follow", "-f", is_flag=True, help="Go on until the job is over.")
@json_option
@ends_in_words
@asks_queue
def log(way: Way, job: str, *, follow: bool, as_json: bool) -> None:
    """Tell what happened to a JOB, line by line; a part of its name is enough.

    With --json each line is an object with `at`, `prompt` (its number, or null) and `said`.
    """
    _Reading(way.log(job, follow=follow), as_json=as_json).tell(follow=follow)


class _Reading:
    """Reads a log as it grows."""

    def __init__(self, source: LogSource, *, as_json: bool) -> None:
        self._source = source
        self._as_json = as_json
        self._told_bytes = 0

    def tell(self, *, follow: bool) -> None:
        """Print what there is, and if it is followed what comes, until the job is over."""
        pause = threading.Event()
        while True:
            is_over = not follow or outlasting(self._source.is_over)
            while lines := outlasting(self._next) if follow else self._next():
                self._print(lines)
            if is_over:
                return
            pause.wait(LOOK_EVERY_S)

    def _next(self) -> list[str]:
        """Give the next lines that are whole; none if there is nothing new."""
        part = self._source.read(self._told_bytes, _PART_BYTES)
        whole, end, _ = part.rpartition(b"\n")
        if not end:
            if len(part) < _PART_BYTES:
                return []
            whole = part
        self._told_bytes += len(whole) + len(end)
        return whole.decode(errors="replace").split("\n")

    def _print(self, lines: Sequence[str]) -> None:
        if self._as_json:
            for line in lines:
                print_json(_shape(line), in_line=True)
        elif is_terminal():
            print_table([_row(line) for line in lines], wrapped=True)
        else:
            for line in lines:
                click.echo(printable(line))


def _row(line: str) -> list[Cell | str]:
    match = _LINE.fullmatch(line)
    if match is None:
        return ["", line]
    try:
        at = datetime.fromisoformat(match[1]).astimezone().strftime("%m-%d %H:%M:%S")
    except ValueError:
        at = match[1]
    return [Cell(at, is_faint=True), match[2]]


def _shape(line: str) -> LogLineShape:
    match = _LINE.fullmatch(line)
    at, said, number = match.groups() if match else (None, line, None)
    return LogLineShape(at, None if number is None else number_of(number), said)
