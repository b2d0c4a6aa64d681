"""A connection to PostgreSQL, which the classes of rows speak to as to one of SQLite's."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import RawCursor
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from vqd.documents.secrets import url_of
from vqd.domain.errors import VqdError
from vqd.domain.place import Database
from vqd.store.postgres.ahead import AheadConnection
from vqd.store.postgres.dialect import spoken
from vqd.store.postgres.errors import passing, unreachable
from vqd.store.postgres.values import adapt, named_rows
from vqd.store.rows import Rows, Values

CONNECT_S = 3
"""How long each host of the URL may take to answer."""

_OURS = {
    "connect_timeout": CONNECT_S,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
    "client_encoding": "utf8",
    "target_session_attrs": "read-write",  # a standby may be behind what was written just now
}
"""How soon it is noticed that a host is gone; what the URL says goes before."""

# Every query of the store is found in an index, which SQLite is told (INDEXED BY) so that it never
# looks at all of a table that has grown since anybody counted it; this tells PostgreSQL the same.
# A cut-off host is noticed by its server, too, so that it holds no lock for long.
_SESSION = (
    "SET search_path = vqd, vqd_leases;"
    " SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;"
    " SET jit = off;"
    " SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 2;"
    " SET tcp_user_timeout = 3000; SET client_connection_check_interval = 1000;"
    " SET statement_timeout = 0; SET idle_in_transaction_session_timeout = {idle_ms};"
    " SET lock_timeout = {lock_ms}"
)

_PREPARED = 500
"""Statements that a connection has prepared at most, which is more than there are: psycopg's 100
would have some prepared again and again."""

_FIRST = 32
_MORE = 4


class PostgresConnection:
    """Speaks to PostgreSQL over a connection that may be replaced by another when it is cut off.

    Where statements run ahead of their answers, one that is at fault may be told of by a later one.
    """

    def __init__(self, raw: AheadConnection) -> None:
        self.raw = raw

    def execute(self, statement: str, values: Values = (), /) -> Rows:
        """Carry out a statement.

        Raises:
            VqdError: `store_unreachable`, `store_disk`.
            psycopg.Error: the statement is at fault.
        """
        said, is_ahead = spoken(statement), self.raw.is_ahead
        try:
            answer = self.raw.execute(
                said.text, said.in_order(values), prepare=True if is_ahead else None
            )
        except psycopg.Error as error:
            raise passing(error) or error from error
        return Awaited(self, answer) if is_ahead else answer

    def executemany(self, statement: str, values: Iterable[Values], /) -> None:
        """Carry out a statement for each of these values; raises as `execute` does."""
        said = spoken(statement)
        try:
            with self.raw.cursor() as cursor:
                cursor.executemany(said.text, [said.in_order(one) for one in values])
        except psycopg.Error as error:
            raise passing(error) or error from error

    def walk(self, statement: str, values: Values = (), /) -> Iterator[Any]:
        """Give the rows of a query one by one; few are asked for at first, and ever more."""
        start, most = 0, _FIRST
        while True:
            page = f"{statement} LIMIT {most} OFFSET {start}"
            rows = self.execute(page, values).fetchall()
            yield from rows
            if len(rows) < most:
                return
            start, most = start + most, most * _MORE

    def run_ahead(self) -> None:
        """Wait for no answer from now on; raises as `execute` does."""
        try:
            self.raw.run_ahead()
        except psycopg.Error as error:
            raise passing(error) or error from error

    def hear(self) -> None:
        """Wait for the answers that are still due; raises as `execute` does."""
        try:
            self.raw.hear()
        except psycopg.Error as error:
            raise passing(error) or error from error

    @property
    def is_cut_off(self) -> bool:
        """Tell whether nothing more comes over it."""
        return self.raw.closed

    @property
    def is_idle(self) -> bool:
        """Tell whether it is in no transaction."""
        return self.raw.info.transaction_status == TransactionStatus.IDLE


class Awaited:
    """What a statement gave, which is heard when somebody looks."""

    def __init__(self, connection: PostgresConnection, answer: "psycopg.Cursor[Any]") -> None:
        self._connection = connection
        self._answer = answer

    @property
    def rowcount(self) -> int:
        """How many rows were written, or are given."""
        return self._heard().rowcount

    def fetchone(self) -> Any:
        """Give the next row; None after the last."""
        return self._heard().fetchone()

    def fetchall(self) -> list[Any]:
        """Give the rows that are left."""
        return self._heard().fetchall()

    def __iter__(self) -> Iterator[Any]:
        """Give the rows that are left, one by one."""
        return iter(self._heard())

    def _heard(self) -> "psycopg.Cursor[Any]":
        if self._answer.pgresult is None:
            self._connection.hear()
        return self._answer


def connect(database: Database, *, name: str, idle_ms: int, lock_ms: int) -> AheadConnection:
    """Connect to the server of a database, or to that of several which can be written to.

    `name` is what its operators see. A transaction that is idle for `idle_ms` is ended, and a lock
    waited for `lock_ms`; 0 is for ever.

    Raises:
        VqdError: `store_unreachable`; `database_url`, that is no URL of PostgreSQL's; or as
            `secret_in`.
    """
    try:
        said = conninfo_to_dict(url_of(database))
    except psycopg.ProgrammingError:  # whose words may have the password
        raise VqdError(
            "database_url",
            f"{database} is not how PostgreSQL names a database.",
            "Write: postgresql://USER@HOST/DATABASE.",
        ) from None
    try:
        raw = AheadConnection.connect(
            **{**_OURS, **said, "application_name": name},  # type: ignore[arg-type]
            autocommit=True,
            cursor_factory=RawCursor,
            row_factory=named_rows,
        )
    except psycopg.Error as error:
        raise passing(error) or unreachable(str(error)) from error
    adapt(raw)
    raw.prepared_max = _PREPARED
    with closed_if_it_fails(raw):
        raw.execute(_SESSION.format(idle_ms=idle_ms, lock_ms=lock_ms))
        raw.execute(
            "SELECT set_config('vqd.home', $1, false), set_config('vqd.reached', '', false),"
            " set_config('vqd.depot', 'off', false)",
            (database.home,),
        )
    return raw


@contextmanager
def closed_if_it_fails(raw: AheadConnection) -> Iterator[AheadConnection]:
    """Give a new connection for what makes it fit for use; if that fails, it is closed.

    Raises:
        VqdError: what passes by itself, as `passing` tells it.
    """
    try:
        yield raw
    except psycopg.Error as error:
        raw.close()
        raise passing(error) or error from error
    except BaseException:
        raw.close()
        raise
