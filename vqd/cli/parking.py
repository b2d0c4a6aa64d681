"""Whether everything is parked for want of room, as far as can be told beside the daemon."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from vqd.cli.follow import read_status
from vqd.domain.lifecycle import JobState
from vqd.settings import Settings

_PARKED = "parked: "


def parked_by(settings: Settings, running: Iterable[Path]) -> str | None:
    """Say why nothing is sent, by the disks or by what the STATUS.yaml of running jobs, in these
    folders, tell of a disk that refuses what it is given; None if nothing does."""
    short = settings.look_at_disks().shortage()
    return next(_refusals(running), None) if short is None else str(short)


def _refusals(running: Iterable[Path]) -> Iterator[str]:
    for folder in running:
        told = read_status(folder) or {}
        reason = str(told.get("reason"))
        if told.get("state") != JobState.PUBLISHING and reason.startswith(_PARKED):
            yield reason.removeprefix(_PARKED).removesuffix(".")
