"""The attempts at a prompt, for people."""

from collections.abc import Sequence

from vqd.cli.table import Cell, print_table
from vqd.cli.when import seconds_of
from vqd.domain.attempts import RUNNING
from vqd.domain.times import duration, written
from vqd.service.shapes.prompts import AttemptShape

MOST_TOLD = 12
"""Attempts at one prompt that are shown, the newest; a server that comes and goes makes many."""

_COLOURS = {"succeeded": "green", RUNNING: "cyan", "cancelled": "yellow"}


def print_attempts(attempts: Sequence[AttemptShape], now: float) -> None:
    """Print each attempt on a line: when, where, how long, and what came of it."""
    rows = [_row(attempt, now) for attempt in attempts[-MOST_TOLD:]]
    print_table(rows, indent="  ", wrapped=True)


def _row(attempt: AttemptShape, now: float) -> list[Cell | str]:
    took = "" if attempt.seconds is None else duration(attempt.seconds)
    step = f" ({attempt.step})" if attempt.step else ""
    said = f"{attempt.outcome}{f': {attempt.message}' if attempt.message else ''}{step}"
    return [
        f"attempt {attempt.attempt}",
        attempt.server,
        written(seconds_of(attempt.started_at), None, now),
        took,
        Cell(said, _COLOURS.get(attempt.outcome, "red")),
    ]
