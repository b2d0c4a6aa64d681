"""Backs a queue up, restores it, sets it aside and brings it to another schema: a trial is of a
folder with a queue, and of what is done to it."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.builders import NOW, next_step
from tests.crashes import points
from tests.crashes.trial import Reach, carry_out_trials
from vqd.store import migrate
from vqd.store.backup import BACKUPS, back_up, backups_in
from vqd.store.connection import open_for_writing
from vqd.store.replacing import restore, set_aside, settle
from vqd.store.schema import digest_of, steps

NEXT = next_step("ALTER TABLE jobs ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm';")


def keep_up(reach: Reach, *, folder: str, what: str) -> None:
    """Do something to the queue in a folder; what is done to files and commits are points."""
    points.install(points.before(reach, {"MainThread"}))
    _ACTS[what](Path(folder) / "queue.db", reach)


def _back_up(queue: Path, reach: Reach) -> None:
    folder = queue.parent / BACKUPS
    back_up(queue, folder, now=NOW + 60, keep=1, on_progress=lambda _: reach("pages", None))


def _restore(queue: Path, _: Reach) -> None:
    restore(backups_in(queue.parent / BACKUPS)[0], queue, now=NOW + 60)


def _set_aside(queue: Path, _: Reach) -> None:
    set_aside(queue, now=NOW + 60)


def _migrate(queue: Path, reach: Reach) -> None:
    def looked_at(connection: sqlite3.Connection) -> str:
        reach("commit of the schema", None)
        return digest_of(connection)

    setattr(migrate, "digest_of", looked_at)  # noqa: B010
    settle(queue, now=NOW)
    connection = open_for_writing(queue)
    migrate.migrate(connection, queue, now=NOW + 60, known=[*steps(), NEXT])
    reach("committed", None)
    connection.close()


_ACTS: Mapping[str, Callable[[Path, Reach], None]] = {
    "back up": _back_up,
    "restore": _restore,
    "set aside": _set_aside,
    "migrate": _migrate,
}

if __name__ == "__main__":
    carry_out_trials(keep_up)
