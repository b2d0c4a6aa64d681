"""The tables of leases: Procrastinate's as it ships them, and what it does not keep."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from procrastinate.schema import SchemaManager
from psycopg import Connection

from vqd.domain.errors import VqdError
from vqd.leases.connector import GivenConnection, ask, at_once

_OURS = """\
CREATE TABLE lease_schema (step text NOT NULL);

CREATE TABLE lease_hosts (
    worker_id bigint PRIMARY KEY REFERENCES procrastinate_workers (id) ON DELETE CASCADE,
    identity text NOT NULL,
    name text NOT NULL
);
"""

# Whoever looks on reads `hosts`, which tells also of those that are gone (silent_s is null), since
# `gone_at`, which whoever finds out writes. A host `reaches` the spools of these homes; of the
# `depot` that it uses, if it has one, it tells why and since when that is away.
_SEEN = """\
CREATE TABLE IF NOT EXISTS known_hosts (
    identity text PRIMARY KEY,
    name text NOT NULL,
    lease_s float8 NOT NULL
);
ALTER TABLE known_hosts
    ADD COLUMN IF NOT EXISTS gone_at timestamptz,
    ADD COLUMN IF NOT EXISTS reaches text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS depot text,
    ADD COLUMN IF NOT EXISTS depot_said text,
    ADD COLUMN IF NOT EXISTS depot_away_at timestamptz;

CREATE VIEW hosts AS
    SELECT identity AS home, known_hosts.name, lease_s,
        extract(epoch FROM now() - last_heartbeat)::float8 AS silent_s,
        extract(epoch FROM now() - gone_at)::float8 AS gone_s,
        reaches, depot, depot_said,
        extract(epoch FROM now() - depot_away_at)::float8 AS depot_away_s
    FROM known_hosts LEFT JOIN
        (lease_hosts JOIN procrastinate_workers ON id = worker_id) USING (identity);
"""


def set_up(connection: Connection[Any]) -> None:
    """Lay out what leases need, or bring it to what the installed Procrastinate expects, in the
    caller's transaction. What is so already is not touched: to change it is to wait for all who
    look at it, of whom one may be frozen.

    Raises:
        VqdError: `leases_too_new`, a newer vqd laid them out.
    """
    step, made_of = _step(connection), sha256(_SEEN.encode()).hexdigest()
    if step == _steps()[-1].name and _view_made_of(connection) == made_of:
        return
    connection.execute("DROP VIEW IF EXISTS hosts")  # what it looks at may change
    _set_up_tables(connection, step)
    connection.execute(_SEEN)
    connection.execute(f"COMMENT ON VIEW hosts IS '{made_of}'")


def _set_up_tables(connection: Connection[Any], step: str | None) -> None:
    known = _steps()
    if step is None:
        at_once(SchemaManager(GivenConnection(connection)).apply_schema_async())
        connection.execute(_OURS)
        ask(connection, "INSERT INTO lease_schema VALUES (%(step)s)", {"step": known[-1].name})
        return
    if step > known[-1].name:
        raise _too_new(step)
    for migration in known:
        if migration.name > step:
            connection.execute(migration.read_text(encoding="utf-8"))
    ask(connection, "UPDATE lease_schema SET step = %(step)s", {"step": known[-1].name})


def _view_made_of(connection: Connection[Any]) -> str | None:
    """Give the digest of the script that made the view of hosts; None if there is none."""
    [row] = ask(connection, "SELECT obj_description(to_regclass('hosts')) AS made_of", {})
    return None if row["made_of"] is None else str(row["made_of"])


def _step(connection: Connection[Any]) -> str | None:
    """Give the name of Procrastinate's migration that the tables are as of; None if there are
    none of ours."""
    if not _is_there(connection, "lease_schema"):
        return None
    rows = ask(connection, "SELECT step FROM lease_schema", {})
    return str(rows[0]["step"]) if rows else None


def _steps() -> list[Path]:
    """Give Procrastinate's migrations, oldest first: their names begin with its version."""
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _is_there(connection: Connection[Any], table: str) -> bool:
    [row] = ask(connection, "SELECT to_regclass(%(table)s) AS found", {"table": table})
    return row["found"] is not None


def _too_new(step: str) -> VqdError:
    said = f"A newer vqd laid out the database's leases (as of {step})."
    return VqdError("leases_too_new", said, "Install that vqd on this machine too.")
