"""Numbered migrations, forward only; the number lies in `user_version`."""

import sqlite3
from collections.abc import Mapping
from functools import cache
from importlib import resources

from vqd.domain.errors import VqdError
from vqd.store.connection import APPLICATION_ID


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema to the newest version, each step in one transaction.

    Raises:
        VqdError: `store_too_new`, the database was written by a newer vqd.
    """
    version = _version(connection)
    newest = max(_migrations())
    if version > newest:
        raise _too_new(version, newest)
    for number, script in sorted(_migrations().items()):
        if number > version:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{script}\n"
                f"PRAGMA application_id = {APPLICATION_ID};\n"
                f"PRAGMA user_version = {number};\nCOMMIT;"
            )


def check_version(connection: sqlite3.Connection) -> None:
    """Refuse to read a schema that this vqd does not know.

    Raises:
        VqdError: `store_too_old` or `store_too_new`.
    """
    version = _version(connection)
    newest = max(_migrations())
    if version > newest:
        raise _too_new(version, newest)
    if version < newest:
        raise VqdError(
            "store_too_old",
            f"The queue has schema {version}, this vqd reads {newest}.",
            "Start the daemon once; it brings the schema up to date.",
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _too_new(version: int, newest: int) -> VqdError:
    return VqdError(
        "store_too_new",
        f"The queue has schema {version}, this vqd knows none above {newest}.",
        "Install the vqd that wrote it, or a newer one.",
    )


@cache
def _migrations() -> Mapping[int, str]:
    folder = resources.files("vqd.store") / "migrations"
    return {
        int(file.name.split("_")[0]): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }
