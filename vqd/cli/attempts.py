"""The attempts at a prompt, for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from vqd.cli.table import Cell, print_table
from vqd.domain.attempts import RUNNING, AttemptRecord
from vqd.domain.schedule import duration, written
from vqd.spool.status import iso

MOST_TOLD = 12
"""Attempts at one prompt that are shown, the newest; a server that comes and goes makes many."""

_COLOURS = {"succeeded": "green", RUNNING: "cyan", "cancelled": "yellow"}


def print_attempts(attempts: Sequence[AttemptRecord], now: float) -> None:
    """Print each attempt on a line: when, where, how long, and what came of it."""
    rows = [_row(attempt, now) for attempt in attempts[-MOST_TOLD:]]
    print_table(rows, indent="  ", wrapped=True)


def attempt_json(attempt: AttemptRecord) -> dict[str, Any]:
    """Give an attempt for programs."""
    return {**asdict(attempt), "started_at": iso(attempt.started_at)}


def _row(attempt: AttemptRecord, now: float) -> list[Cell | str]:
    took = "" if attempt.seconds is None else duration(attempt.seconds)
    step = f" ({attempt.step})" if attempt.step else ""
    said = f"{attempt.outcome}{f': {attempt.message}' if attempt.message else ''}{step}"
    return [
        f"attempt {attempt.attempt}",
        attempt.server,
        written(attempt.started_at, None, now),
        took,
        Cell(said, _COLOURS.get(attempt.outcome, "red")),
    ]
