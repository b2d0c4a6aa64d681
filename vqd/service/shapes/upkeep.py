"""What programs are told of backups, and of a queue that another one takes the place of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqd.domain.frozen import frozen
from vqd.service.shapes.shape import Shape

if TYPE_CHECKING:
    from vqd.store.backup import Backup


@frozen
class BackupShape(Shape):
    """A backup of the queue."""

    backup: str
    """Where it lies."""
    made_at: str
    vqd: str
    schema: int
    jobs: int
    open_jobs: int
    """Those of them that were not over."""
    bytes: int
    sha256: str


@frozen
class ReplacedShape(Shape):
    """A queue that was restored, or is to be made of the folders."""

    restored: str | None
    """The backup that was put in its place; null where it is to be made of the folders."""
    kept: str | None
    """Where the queue lies that was there before; null where there was none."""


@frozen
class RelocatedShape(Shape):
    """A queue that was moved to another place."""

    moved_to: str
    """Where it lies now; without its password."""
    jobs: int
    prompts: int
    rows: int
    """Of all its tables, each of which is in the new place as it was in the old one."""
    kept: str
    """Where the queue lies that was there before."""


def backup_shape(backup: Backup) -> BackupShape:
    """Give a backup for programs."""
    return BackupShape(
        backup=str(backup.path),
        made_at=backup.made_at,
        vqd=backup.vqd,
        schema=backup.schema,
        jobs=backup.jobs,
        open_jobs=backup.open_jobs,
        bytes=backup.bytes,
        sha256=backup.sha256,
    )
