"""The connection to PostgreSQL that writes, for good: one that is cut off is replaced.

A transaction begins with a lock that whoever writes to the queue takes, on whichever host, so that
what is read in it stays so until it ends, as in SQLite. A host that freezes, or is cut off, holds
it no longer than HELD_S.

Whoever does not hear whether a commit came about looks its number up. That takes the same lock,
which is free only once what was cut off is over.

Statements run ahead of their answers, so that the lock is held for as few ways there and back as
can be. PostgreSQL itself ends a transaction only where its client was silent between two of those;
who is silent in the middle of one is ended by whoever waits for the lock.
"""

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors

from vqd.domain.errors import STORE_UNREACHABLE, VqdError
from vqd.domain.place import Database
from vqd.store.access import Unwritten, nothing
from vqd.store.postgres.ahead import AheadConnection
from vqd.store.postgres.connection import PostgresConnection, closed_if_it_fails, connect
from vqd.store.postgres.daemons import be_the_one, end_the_silent
from vqd.store.postgres.errors import passing, unreachable
from vqd.store.postgres.schema import (
    WRITING,
    alone,
    bring_up_to_date,
    check_version,
    lay_out,
    version_of,
)

HELD_S = 2.0
"""How long a transaction may be idle before its server ends it, and its lock: so long others wait
who sweep a daemon that is gone, if another freezes meanwhile."""
HANDED_OVER_S = 3.0
"""How long a daemon of this home is waited for whose end its server has not noticed yet."""
WAITED_S = 10.0
"""How long others are waited for that write."""
_LOOKED_AFTER_S = 2.5
"""How long before it is looked whether one of them is silent."""
ASKED_AGAIN_S = 0.5
"""Between two tries to hear whether a commit came about."""
_FORGOTTEN = "1 day"


class PostgresTransactions:
    """Writes to the queue in a database; one daemon at a time does."""

    def __init__(
        self, database: Database, *, makes: bool = True, on_wait: Callable[[], None] = nothing
    ) -> None:
        """Connect to the queue, which is made if there is none, unless it `makes` none.

        `on_wait` is called between two tries to hear whether a commit came about.

        Raises:
            VqdError: `already_running`, or as `connect`, `lay_out` and `check_version` tell.
        """
        self._database = database
        self._on_wait = on_wait
        self._name = f"vqd {socket.gethostname()[:30]} {os.getpid()} {uuid.uuid4().hex[:8]}"
        self._number = 0
        self._interrupted = threading.Event()
        self.is_new = False
        self.connection = PostgresConnection(self._connected())
        if makes:
            with closed_if_it_fails(self.connection.raw) as raw:
                self._open(raw)

    def begin(self) -> None:
        """Begin a transaction, during which nobody else writes."""
        self._number += 1
        try:
            if not self._is_begun():
                self._connect_anew()
                self._begin()
        except (VqdError, psycopg.Error) as error:
            self.connection.raw.close()  # the server may be none that can be written to any more
            raise _unwritten(error) from error

    def begin_write(self) -> None:
        """Begin one of the writes of a transaction."""
        self._carry_out("SAVEPOINT one")

    def end_write(self) -> None:
        """End it; it comes about with the transaction. Raises what the write is at fault of, if
        nobody has heard that yet."""
        self.connection.hear()
        self._carry_out("RELEASE one")

    def undo_write(self, error: Exception) -> None:
        """Undo it alone, unless PostgreSQL itself is at fault."""
        if isinstance(error, VqdError) and isinstance(error.__cause__, psycopg.Error):
            raise _unwritten(error) from error
        raw = self.connection.raw
        try:
            with suppress(psycopg.Error):  # what else of it is at fault is undone with it
                self.connection.hear()
            # At a rollback psycopg has everything forgotten that is prepared, with the statement
            # after it: neither may be prepared itself.
            raw.execute("ROLLBACK TO one", prepare=False)
            self.connection.hear()
            raw.execute("RELEASE one", prepare=False)
        except (VqdError, psycopg.Error) as cut_off:
            raise _unwritten(cut_off) from cut_off

    def commit(self) -> None:
        """End it, durably; where the answer is lost, once it is known whether it came about."""
        try:
            ended = self.connection.raw.execute("COMMIT", prepare=False)
            self.connection.raw.catch_up()
        except (VqdError, psycopg.Error) as error:
            if not self.connection.is_cut_off or not self._came_about():
                raise _unwritten(error) from error
            return
        if ended.statusmessage != "COMMIT":  # what failed in it was not undone
            self.connection.raw.close()
            said = f"PostgreSQL ended a transaction with {ended.statusmessage}"
            raise _unwritten(unreachable(said))

    def roll_back(self) -> None:
        """End it, and let nothing of it come about; a connection on which that fails is closed."""
        with suppress(VqdError, psycopg.Error):  # nothing of it is wanted
            self.connection.raw.catch_up()
        if self.connection.is_cut_off or self.connection.is_idle:
            return
        try:
            self.connection.raw.execute("ROLLBACK")
        except psycopg.Error:
            self.connection.raw.close()

    def interrupt(self) -> None:
        """Let a commit whose answer is lost be given up. Any thread may."""
        self._interrupted.set()

    def close(self) -> None:
        """Close the connection."""
        self.connection.raw.close()

    def _is_begun(self) -> bool:
        """Begin, unless the connection was cut off since it was used last.

        Raises:
            VqdError, psycopg.Error: there is another reason why not.
        """
        try:
            self._begin()
        except VqdError:
            if not self.connection.is_cut_off:
                raise
            return False
        return True

    def _begin(self) -> None:
        until = time.monotonic() + WAITED_S
        while not self._is_locked():
            self.roll_back()
            end_the_silent(self.connection.raw, WRITING, HELD_S)
            if time.monotonic() > until:
                raise unreachable(f"others have been writing to it for {WAITED_S:.0f} s")

    def _is_locked(self) -> bool:
        """Begin, and wait a while for whoever else writes; False if that was not long enough."""
        self.connection.run_ahead()
        self.connection.execute("BEGIN")
        self.connection.execute("SELECT begin_writing(?, ?)", (self._name, self._number))
        try:
            self.connection.hear()
        except VqdError as error:
            if isinstance(error.__cause__, errors.LockNotAvailable):
                return False
            raise
        return True

    def _carry_out(self, statement: str) -> None:
        try:
            self.connection.execute(statement)
        except (VqdError, psycopg.Error) as error:
            raise _unwritten(error) from error

    def _came_about(self) -> bool:
        """Tell whether the transaction of this number was committed; waits until that is known.

        If it is given up before, nobody is told that it was: the next start looks at the queue.
        """
        while not self._interrupted.is_set():
            try:
                self._connect_anew()
                self.connection.execute("BEGIN")
                self.connection.execute(
                    "SELECT pg_advisory_xact_lock(CAST(? AS INT), CAST(? AS INT))", WRITING
                )
                row = self.connection.execute(
                    "SELECT number FROM commits WHERE writer = ?", (self._name,)
                ).fetchone()
                self.connection.execute("ROLLBACK")
            except (VqdError, psycopg.Error):
                self._on_wait()
                self._interrupted.wait(ASKED_AGAIN_S)
            else:
                return row is not None and row["number"] == self._number
        return False

    def _connect_anew(self) -> None:
        """Replace the connection by one to the same queue; another is not made of none."""
        self.connection.raw.close()
        self.connection.raw = raw = self._connected()
        with alone(raw):
            check_version(raw, self._database)

    def _connected(self) -> AheadConnection:
        """Connect as the one daemon of the home."""
        raw = connect(
            self._database,
            name=self._name,
            idle_ms=int(HELD_S * 1000),
            lock_ms=int(_LOOKED_AFTER_S * 1000),
        )
        wait = self._interrupted.wait
        with closed_if_it_fails(raw):
            be_the_one(raw, self._database, self._name, within_s=HANDED_OVER_S, wait=wait)
        return raw

    def _open(self, raw: "psycopg.Connection[Any]") -> None:
        """Bring the queue about, and forget the numbers of those who are long gone."""
        if version_of(raw) is None:
            self.is_new = lay_out(raw, self._database)
        bring_up_to_date(raw, self._database)
        check_version(raw, self._database)
        raw.execute(
            "DELETE FROM commits WHERE at < now() - $1::interval AND writer <> $2",
            (_FORGOTTEN, self._name),
        )


def _unwritten(error: VqdError | psycopg.Error) -> Unwritten:
    told = (passing(error) or _fault(error)) if isinstance(error, psycopg.Error) else error
    code = STORE_UNREACHABLE if told.code == "already_running" else told.code
    return Unwritten(code, told.message, told.hint)


def _fault(error: psycopg.Error) -> VqdError:
    said = " ".join(str(error).split()).removesuffix(".")
    hint = "PostgreSQL's log tells more; somebody may have changed the schema vqd."
    return VqdError("store_unwritten", f"The queue cannot be written: {said}.", hint)
