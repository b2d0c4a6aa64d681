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


def connect(database: Database, *, name: str) -> Connection[Any]:
    """Connect to the server of a database, or to that of several which can be written to; `name` is
    what its operators see. Each statement is a transaction, but within `transaction()`.

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
    connection.execute(f"SET search_path = {SCHEMA}")
    return connection
