"""Whether the queue's database can be read, and holds together."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.domain.finding import Finding, command, ok, warn, wrong
from vqd.store.connection import open_for_reading
from vqd.store.migrate import check_version
from vqd.store.refusals import RefusalRows

_ASKED_EVERY = 100_000
"""Steps of SQLite's between two looks at the clock: some milliseconds."""
_SHOWN = 3


def examine_store(path: Path, *, within_s: float) -> Iterator[Finding]:
    """Examine the queue at `path`, for so long at most; nothing is written."""
    try:
        connection = open_for_reading(path)
    except VqdError as error:
        yield _unopened(error, path)
        return
    try:
        check_version(connection)
        yield _integrity(connection, path, within_s)
        yield from _refusals(connection)
    except VqdError as error:
        yield _unopened(error, path)
    except sqlite3.DatabaseError as error:
        yield _damaged(path, f"{path} is damaged: {error}")
    finally:
        connection.close()


def _integrity(connection: sqlite3.Connection, path: Path, within_s: float) -> Finding:
    until = time.monotonic() + within_s
    connection.set_progress_handler(lambda: time.monotonic() > until, _ASKED_EVERY)
    try:
        rows = connection.execute(f"PRAGMA integrity_check({_SHOWN})").fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_INTERRUPT":
            raise
        return ok(
            "store_large", f"{path}: nothing damaged in what {within_s:.0f} s suffice to read"
        )
    finally:
        connection.set_progress_handler(None, 0)
    faults = [str(row[0]) for row in rows if row[0] != "ok"]
    if faults:
        listed = "; ".join(" ".join(fault.split()) for fault in faults)
        return _damaged(path, f"{path} is damaged: {listed}")
    return ok("store_whole", f"{path} is whole, by SQLite {sqlite3.sqlite_version}")


def _refusals(connection: sqlite3.Connection) -> Iterator[Finding]:
    said = RefusalRows(connection).said()
    if said is not None:
        seen = f"the daemon could not write: {said}; it tries again by itself"
        yield warn("refused", seen, command("vqd", "status", why="says when it is over"))


def _unopened(error: VqdError, path: Path) -> Finding:
    said = error.message.removesuffix(".")
    if error.code == "store_damaged":
        return _damaged(path, said)
    if error.code == "store_missing":
        return ok(error.code, f"{path}: no queue yet; the daemon makes it")
    if error.code == "store_too_old":
        return warn(error.code, said, command("vqd", "run", why="brings it up to date"))
    if error.code == "store_too_new":
        return wrong(error.code, said, command("pip", "install", "--upgrade", "vqd"))
    return wrong(error.code, said, command("ls", "-l", path.parent, why=error.hint))


def _damaged(path: Path, said: str) -> Finding:
    aside = path.with_name("damaged")
    return wrong(
        "store_damaged",
        f"{said}; the jobs' folders are as they were",
        command("sudo", "systemctl", "stop", "vqd", why="or however the daemon is run"),
        f"{command('mkdir', aside)} && {command('mv', path)}* {command(aside)}/",
        command("cp", "BACKUP", path, why="without a backup what lies in active/ runs anew"),
        command("sudo", "systemctl", "start", "vqd"),
    )
