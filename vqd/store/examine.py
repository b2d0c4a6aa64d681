"""Whether the queue's database can be read, and holds together."""

import os
import sqlite3
from collections.abc import Iterator
from math import inf
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.domain.finding import Finding, command, ok, warn, wrong
from vqd.domain.place import Database, Place
from vqd.store.backup import BACKUPS, backups_in
from vqd.store.connection import SqliteConnection, open_for_reading
from vqd.store.counters import miscounted
from vqd.store.integrity import damaged_pages, loose_references
from vqd.store.log import LARGE_BYTES, log_bytes, readers_of
from vqd.store.refusals import RefusalRows
from vqd.store.rows import Connection
from vqd.store.schema import check_version


def examine_store(place: Place, *, within_s: float = inf, rows: bool = False) -> Iterator[Finding]:
    """Examine the queue that lies there, for so long at most; nothing is written.

    With `rows`, it is examined whether every row agrees with the others, too.
    """
    if isinstance(place, Database):
        from vqd.store.postgres.examine import examine_database

        yield from examine_database(place, rows=rows)
        return
    yield from _examine_file(place, within_s=within_s, rows=rows)


def _examine_file(path: Path, *, within_s: float, rows: bool) -> Iterator[Finding]:
    try:
        connection = open_for_reading(path)
    except VqdError as error:
        yield _unopened(error, path)
        return
    try:
        check_version(connection)
        yield _integrity(connection, path, within_s)
        if rows:
            yield from _rows(connection)
        yield from refusals(connection)
        yield from _log(path)
    except VqdError as error:
        yield _unopened(error, path)
    except sqlite3.DatabaseError as error:
        yield _damaged(path, f"{path} is damaged: {error}")
    finally:
        connection.close()


def _integrity(connection: sqlite3.Connection, path: Path, within_s: float) -> Finding:
    faults = damaged_pages(connection, "integrity_check", within_s=within_s)
    if faults is None:
        return ok(
            "store_large", f"{path}: nothing damaged in what {within_s:.0f} s suffice to read"
        )
    if faults:
        return _damaged(path, f"{path} is damaged: {'; '.join(faults)}")
    return ok("store_whole", f"{path} is whole, by SQLite {sqlite3.sqlite_version}")


def _rows(connection: SqliteConnection) -> Iterator[Finding]:
    faults = [*loose_references(connection), *miscounted(connection)]
    mend = command("vqd", "db", "rebuild", why="from the folders; this one is kept")
    yield from (replaced_by("store_disagrees", fault, mend) for fault in faults)
    if not faults:
        yield ok(
            "store_agrees", "every row refers to one that is there, and every counter is right"
        )


def refusals(connection: Connection) -> Iterator[Finding]:
    """Find what the daemon is refused, or each of those that share the queue."""
    for said in RefusalRows(connection).all():
        seen = f"the daemon sends nothing: {said}; it tries again by itself"
        yield warn("refused", seen, command("vqd", "status", why="says when it is over"))


def _log(path: Path) -> Iterator[Finding]:
    size = log_bytes(path)
    if size <= LARGE_BYTES:
        return
    said = f"{path}-wal has {size:,} bytes: a reader that does not end keeps it from being emptied"
    readers = [one for one in readers_of(path) if one.pid != os.getpid()]
    who = ", ".join(f"{one.pid} ({one.name})" for one in readers)
    look = command("fuser", "-v", f"{path}-wal", why="end what does not end by itself")
    yield warn("store_log_large", f"{said}; it is read by {who}" if who else said, look)


def _unopened(error: VqdError, path: Path) -> Finding:
    said = error.message.removesuffix(".")
    if error.code == "store_damaged":
        return _damaged(path, said)
    if error.code == "store_missing":
        return ok(error.code, f"{path}: no queue yet; the daemon makes it")
    if error.code == "store_too_old":
        return warn(error.code, said, command("vqd", "run", why="brings it up to date"))
    if error.code == "store_schema_unknown":
        mend = command("vqd", "db", "rebuild", why="from the folders; this one is kept")
        return replaced_by(error.code, said, mend)
    if error.code == "store_too_new":
        return wrong(error.code, said, command("pip", "install", "--upgrade", "vqd"))
    return wrong(error.code, said, command("ls", "-l", path.parent, why=error.hint))


def _damaged(path: Path, said: str) -> Finding:
    newest = next(reversed(backups_in(path.parent / BACKUPS)), None)
    if newest is None:
        mend = command("vqd", "db", "rebuild", why="from the folders: there is no backup")
    else:
        mend = command("vqd", "restore", newest, why="the newest; or from the folders: db rebuild")
    return replaced_by("store_damaged", f"{said}; the jobs' folders are as they were", mend)


def replaced_by(code: str, said: str, mend: str) -> Finding:
    """Find something that is mended while the daemon is stopped."""
    return wrong(
        code,
        said,
        command("sudo", "systemctl", "stop", "vqd", why="or however the daemon is run"),
        mend,
        command("sudo", "systemctl", "start", "vqd"),
    )
