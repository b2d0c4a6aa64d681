"""A queue moved to another place, from SQLite to PostgreSQL or back, while no daemon runs.

1. A new queue is begun, so that nothing is changed where none can be made.
2. What runs is let wait again, in the queue that is there; its servers have it taken off later.
3. All rows are written into the new one, and compared, in one transaction: it is there or not. What
   other daemons told of themselves, who shared the queue and have no jobs in it, is left.
4. The queue that was there is set aside, and kept.

Killed before the end of 3 there is no new queue; killed before 4 there are two that are the same,
and who says it again goes on with 4.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.place import Database, Place
from vqd.store.connection import open_for_writing
from vqd.store.durable import hand_over, publish
from vqd.store.homes import OWN_HOUSE, OWN_NOTICES, OWN_REFUSALS
from vqd.store.migrate import migrate
from vqd.store.reader import Reader
from vqd.store.replacing import set_aside, settle
from vqd.store.rows import Connection
from vqd.store.schema import steps
from vqd.store.sqlite import unwritten
from vqd.store.store import Session, Store

PAGE = 500
"""Rows that are read and written at once."""

Progress = Callable[[float], None]
"""Is told how much is copied, from 0 to 1."""


_OWN = {"house": OWN_HOUSE, "notices": OWN_NOTICES, "refusals": OWN_REFUSALS}
"""Of which tables every daemon has rows of its own."""


@frozen
class Relocated:
    """What became of a queue that was moved: how many jobs, prompts and rows it has, and where the
    one is kept that was there before."""

    jobs: int
    prompts: int
    rows: int
    kept: str


@frozen
class _Table:
    """A table that both have, with the columns that are written, those that order its rows, and
    the condition by which rows are this daemon's."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def rows(self) -> str:
        """What is moved of it, to be selected from."""
        return f"{self.name} WHERE true{_OWN.get(self.name, '')}"


@frozen
class _Sum:
    """How many rows a table has, and the digest of them all, in order."""

    rows: int
    digest: str


def relocate(
    source: Place, target: Place, *, now: float, on_progress: Progress = lambda _: None
) -> Relocated:
    """Move the queue at `source` to `target`, where there is none yet. Only while no daemon runs.

    Raises:
        VqdError: `relocate_missing`, there is none; `relocate_not_empty`, there is another already;
            `relocate_shared`, another spool has jobs there; `relocate_on_the_way`, outputs are in
            the depot; `relocate_differs`, what was written is not what was read, and there is no
            new queue; `already_running`; `store_disk` and the like, it cannot be written; or as
            either is opened.
    """
    if isinstance(source, Path) and not source.exists():
        raise VqdError("relocate_missing", f"{source}: there is no queue.", "Nothing is to move.")
    if isinstance(source, Database):
        from vqd.store.postgres.relocating import require_alone

        require_alone(source)
    _require_home(source)
    sums = _sums(target)
    if sums is None:
        with _new(target, now) as new:
            _let_wait(source, now=now)
            with _reading(source) as old:
                sums = _copied(old, new, on_progress)
    else:
        _require_same(source, target, sums)
    kept = _set_aside(source, now)
    rows = sum(one.rows for one in sums.values())
    return Relocated(sums["jobs"].rows, sums["prompts"].rows, rows, kept)


def _require_same(source: Place, target: Place, sums: dict[str, _Sum]) -> None:
    """Refuse a target that has a queue, unless that is the same, as a move leaves it that was cut
    off before its end."""
    with _reading(source) as old:
        if sums != {table.name: _sum(old, table) for table in _tables()}:
            said = f"{target}: there is another queue already."
            raise VqdError("relocate_not_empty", said, "Name another place, or set it aside.")


def _require_home(source: Place) -> None:
    """Refuse a queue of which outputs are in a depot: nobody would bring them home from another.

    One of an older vqd is brought up to date by it.
    """
    with closing(Store(source)) as store, store.reading() as session:
        if session.depot.on_the_way():
            said = "Outputs of its jobs are in the depot, on their way home."
            hint = "Start the daemon again, and stop it once they have come."
            raise VqdError("relocate_on_the_way", said, hint)


def _let_wait(place: Place, *, now: float) -> None:
    """Let every prompt that runs wait again, and be taken off its server by the next daemon."""

    def requeue(session: Session) -> None:
        for prompt in session.prompts.running():
            assert prompt.server is not None
            assert prompt.prompt_id is not None
            session.servers.add_stray(prompt.server, prompt.prompt_id, now=now)
            session.put_back(prompt.key, now=now)

    with closing(Store(place)) as store:
        store.write(requeue)


def _copied(old: Connection, new: Connection, on_progress: Progress) -> dict[str, _Sum]:
    """Write all that one queue has into the other, and see that it is the same."""
    every = sum(_count(old, table) for table in _tables()) or 1
    done = 0
    for table in _tables():
        names = ", ".join(table.columns)
        marks = ", ".join("?" * len(table.columns))
        for page in _pages(old, table):
            new.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", page)
            done += len(page)
            on_progress(done / every)
    sums = {}
    for table in _tables():
        sums[table.name] = _sum(new, table)
        if sums[table.name] != _sum(old, table):
            said = f"{table.name} is not in the new queue as it is in the old one."
            raise VqdError("relocate_differs", said, "The old one is as it was; report this.")
    return sums


def _pages(connection: Connection, table: _Table) -> Iterator[list[tuple[Any, ...]]]:
    """Give the rows of a table, by pages, in the order of its key."""
    key, marks = ", ".join(table.key), ", ".join("?" * len(table.key))
    places = [table.columns.index(name) for name in table.key]
    select = f"SELECT {', '.join(table.columns)} FROM {table.rows}"
    order = f"ORDER BY {key} LIMIT {PAGE}"
    rows = connection.execute(f"{select} {order}").fetchall()
    while rows:
        page = [tuple(row) for row in rows]
        yield page
        after = [page[-1][place] for place in places]
        further = f"{select} AND ({key}) > ({marks}) {order}"
        rows = connection.execute(further, after).fetchall() if len(rows) == PAGE else []


def _sum(connection: Connection, table: _Table) -> _Sum:
    digest, count = hashlib.sha256(), 0
    for page in _pages(connection, table):
        count += len(page)
        for row in page:
            kept = [one.replace("\0", "\ufffd") if isinstance(one, str) else one for one in row]
            digest.update(orjson.dumps(kept))
    return _Sum(count, digest.hexdigest())


def _count(connection: Connection, table: _Table) -> int:
    row = connection.execute(f"SELECT count(*) AS rows FROM {table.rows}").fetchone()
    return int(row["rows"])


@cache
def _tables() -> Sequence[_Table]:
    """Give the tables of the newest schema, each after those that it refers to."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for step in steps():
            connection.executescript(step.script)
        names = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'"
            " ESCAPE '\\' ORDER BY rowid"
        ).fetchall()
        return [_table(connection, name) for (name,) in names]


def _table(connection: sqlite3.Connection, name: str) -> _Table:
    told = connection.execute("SELECT name, pk FROM pragma_table_info(?)", (name,)).fetchall()
    key = [column for column, place in sorted(told, key=lambda one: one[1]) if place]
    columns = tuple(column for column, _ in told)
    return _Table(name, columns, tuple(key) or columns)


def _sums(place: Place) -> dict[str, _Sum] | None:
    """Give what the queue there has, if there is one."""
    try:
        with _reading(place) as connection:
            return {table.name: _sum(connection, table) for table in _tables()}
    except VqdError as error:
        if error.code != "store_missing":
            raise
        return None


@contextmanager
def _reading(place: Place) -> Iterator[Connection]:
    def itself(connection: Connection) -> Connection:
        return connection

    with Reader(place, itself) as reader, reader.reading() as connection:
        yield connection


def _new(place: Place, now: float) -> AbstractContextManager[Connection]:
    """Make an empty queue, which is there when the block ends, with what was written, or not."""
    if isinstance(place, Database):
        from vqd.store.postgres.relocating import new_queue

        return new_queue(place)
    return _new_file(place, now)


@contextmanager
def _new_file(path: Path, now: float) -> Iterator[Connection]:
    settle(path, now=now)
    part = path.with_name(f".{path.name}.part")
    _clear(part)
    try:
        with closing(open_for_writing(part)) as connection:
            migrate(connection, part, now=now)
            connection.execute("BEGIN IMMEDIATE")
            for table in reversed(_tables()):
                connection.execute(f"DELETE FROM {table.name}")
            yield connection
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = DELETE")
        hand_over(part)
        publish(part, path)
    except sqlite3.Error as error:
        raise unwritten(error) from error
    finally:
        _clear(part)


def _clear(part: Path) -> None:
    for left in part.parent.glob(f"{part.name}*"):
        left.unlink()


def _set_aside(place: Place, now: float) -> str:
    if isinstance(place, Database):
        from vqd.store.postgres.replacing import set_aside as set_schema_aside

        return str(set_schema_aside(place, now=now))
    return str(set_aside(place, now=now).kept)
