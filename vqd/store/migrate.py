"""From the schema that a database has to the newest, forward only, after a backup."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import structlog

from vqd.domain.errors import VqdError
from vqd.store.backup import BACKUPS, back_up
from vqd.store.connection import APPLICATION_ID
from vqd.store.schema import Step, check_form, digest_of, steps

_log = structlog.get_logger(__name__)


def migrate(
    connection: sqlite3.Connection, path: Path, *, now: float, known: Sequence[Step] = ()
) -> None:
    """Bring the queue at `path` to the newest schema, each step in one transaction.

    One that has jobs already is backed up first. `known` are the steps, those of this vqd if it is
    not said.

    Raises:
        VqdError: `store_too_new`, `store_schema_unknown`; `store_unmigrated`, a step could not be
            carried out, and the queue is as it was before that; or as `back_up` tells.
        OSError: the backup cannot be written.
    """
    known = known or steps()
    digests = {step.number: step.digest for step in known}
    version = check_form(connection, digests)
    to_come = [step for step in known if step.number > version]
    if version and to_come:
        kept = back_up(path, path.parent / BACKUPS, now=now, digests=digests)
        _log.info("queue.migrating", schema=version, to=to_come[-1].number, backup=str(kept.path))
    for step in to_come:
        _carry_out(connection, step, path)


def _carry_out(connection: sqlite3.Connection, step: Step, path: Path) -> None:
    """Take a step, or none of it: what it leads to is looked at before it is committed."""
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{step.script}\n"
            f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {step.number};"
        )
        if digest_of(connection) != step.digest:
            raise sqlite3.IntegrityError("it leads to another schema than the recorded one")
        if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise sqlite3.IntegrityError("rows would be left that refer to none")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        before = step.number - 1
        _undo(connection)
        raise VqdError(
            "store_unmigrated",
            f"{path}: schema {step.number} cannot be reached ({error}); it has schema {before}.",
            "Install the vqd that you had before, or make room if the disk is full; a backup"
            f" of before lies in {path.parent / BACKUPS}.",
        ) from error


def _undo(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
