"""What a job's STATUS.yaml tells, for any machine that mounts the share."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vqd.cli.where import where_of
from vqd.documents.builder import Limits
from vqd.documents.plain import plain
from vqd.documents.reader import read
from vqd.domain.errors import Faults
from vqd.service.shapes.answers import ProgressShape
from vqd.service.shapes.prompts import RunningShape
from vqd.spool.layout import Spool
from vqd.spool.status import STATUS

_LIMITS = Limits(most_bytes=4 << 20)
_COUNTS = ("total", "succeeded", "failed", "cancelled")


def read_status(folder: Path) -> dict[str, Any] | None:
    """Give what a job's STATUS.yaml says, None while there is none of vqd's.

    It lies where anybody may put something else: no link is followed, and no more is read than vqd
    would have written.
    """
    try:
        said = plain(read(folder / STATUS, _LIMITS).root)
    except (OSError, Faults):
        return None
    return said if "counts" in said else None


def progress_in(folder: Path) -> ProgressShape | None:
    """Give how far a job is by its folder; None while that does not tell."""
    status = read_status(folder) or {}
    counts = status.get("counts")
    if not isinstance(counts, dict) or not all(isinstance(counts.get(n), int) for n in _COUNTS):
        return None
    running = running_in(folder.name, status)
    finish = status.get("finish")
    reason = status.get("reason")
    return ProgressShape(
        job=folder.name,
        state=str(status.get("state")),
        reason=None if reason is None else str(reason),
        total=counts["total"],
        over=counts["succeeded"] + counts["failed"] + counts["cancelled"],
        failed=counts["failed"],
        on=where_of(running[0]) if running else None,
        expected_at=_text(finish.get("expected")) if isinstance(finish, dict) else None,
        folder=str(folder),
    )


def running_of(spool: Spool | None, job: str) -> list[RunningShape]:
    """Give what runs of a job, as the STATUS.yaml in a spool tells; nothing where there is none."""
    return [] if spool is None else running_in(job, read_status(spool.active / job) or {})


def running_in(job: str, status: Mapping[str, Any]) -> list[RunningShape]:
    """Give what runs of a job by its STATUS.yaml."""
    listed = status.get("running")
    return [
        RunningShape(
            job=job,
            prompt=one["prompt"],
            server=str(one["server"]),
            node=_text(one.get("node")),
            step=_text(one.get("step")),
            percent=one["percent"],
            preview=False,
        )
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
        and isinstance(one.get("prompt"), int)
        and isinstance(one.get("percent"), int)
        and "server" in one
    ]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
