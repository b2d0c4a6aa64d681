"""Connections of the leases' own, which notice soon that a host is gone."""

from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from vqd.documents.secrets import url_of
from vqd.domain.errors import VqdError
from vqd.domain.place import Database

SCHEMA = "vqd_leases"
"""Where the tables of leases lie; whoever speaks of leases has it on its search path."""

_SOON = {
    "connect_timeout": 3,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
    "target_session_attrs": "read-write",
}
"""What the URL says goes before."""

_IDLE_MS = 2000
"""How long a transaction may wait for who is frozen, or cut off, with the locks that it holds."""


CUT_OFF = (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout)
"""What a statement raises where the server is not reached any more, or ended the transaction."""


def connect(database: Database, *, name: str) -> Connection[Any]:
    """Connect to the server of a database, or to that of several which can be written to; `name` is
    what its operators see. Each statement is a transaction, but within `transaction()`, which
    PostgreSQL ends where it hears nothing more for two seconds.

    Raises:
        psycopg.Error: it cannot be reached.
        VqdError: `database_url`, it is no URL of PostgreSQL's; or as `url_of` tells.
    """
    try:
        said = conninfo_to_dict(url_of(database))
    except psycopg.ProgrammingError:  # whose words may have the password
        hint = "Write: postgresql://USER@HOST/DATABASE."
        raise VqdError("database_url", f"{database} is not how one is named.", hint) from None
    words: dict[str, Any] = {**_SOON, "application_name": f"vqd {name}", **said}
    connection = psycopg.connect(**words, autocommit=True)
    idle = f"SET idle_in_transaction_session_timeout = {_IDLE_MS}"
    connection.execute(f"SET search_path = {SCHEMA}; {idle}")
    return connection
