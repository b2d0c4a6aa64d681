"""The schema: its numbered steps, forward only, and by what a database is told to have one.

The number lies in `user_version`. What a database of that number looks like is recorded here, as a
digest of all that SQLite keeps of its schema, so that one which another vqd made of the same number
is not mistaken for it. A step is never edited: what is to change is the next step.
"""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DIGESTS: Mapping[int, str] = MappingProxyType(
    {
        1: "f30b57ed404ee4f89c042df4b5d09e28c324a8d8eb496ba8388dc203464dfad9",
        2: "f71ef0bd406060864f82b884205548640d45779528f346ebb4477eb6800abf00",
        3: "5c20b910950b5136291e156376e41b94f80353b1ab61692231501c5cc7eeed1c",
        4: "b8d1bd0c3c24909a28a406cc203c208f35fb13afa6496edc7d5531467cdfcce0",
        5: "b8d1bd0c3c24909a28a406cc203c208f35fb13afa6496edc7d5531467cdfcce0",
        6: "b8d1bd0c3c24909a28a406cc203c208f35fb13afa6496edc7d5531467cdfcce0",
    }
)


@frozen
class Step:
    """What leads to the schema of a number, and the digest of a database that has it."""

    number: int
    script: str
    digest: str


@cache
def steps() -> Sequence[Step]:
    """Give every step, from the first on."""
    from importlib import resources  # costs a reader that steps nowhere 20 ms

    scripts = scripts_in(resources.files("vqd.store") / "migrations")
    return tuple(Step(number, scripts[number], DIGESTS[number]) for number in sorted(scripts))


def scripts_in(folder: "Traversable") -> Mapping[int, str]:
    """Give the scripts of a folder by the number that their names begin with."""
    return {
        int(file.name.split("_")[0]): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


def version_of(connection: sqlite3.Connection) -> int:
    """Give the number that a database says its schema has; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def digest_of(connection: sqlite3.Connection) -> str:
    """Give the digest of the schema that a database has, whatever number it says.

    SQLite's own tables (`sqlite_sequence`, statistics) are not counted.
    """
    rows = connection.execute(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema"
        " WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name"
    )
    digest = hashlib.sha256()
    for row in rows:
        digest.update("\0".join(row).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def check_version(connection: sqlite3.Connection) -> None:
    """Refuse to read a schema that this vqd does not know.

    Raises:
        VqdError: `store_too_old`, `store_too_new` or `store_schema_unknown`.
    """
    version, newest = check_form(connection), max(DIGESTS)
    if version < newest:
        raise VqdError(
            "store_too_old",
            f"The queue has schema {version}, this vqd reads {newest}.",
            "Start the daemon once; it brings the schema up to date.",
        )


def check_form(connection: sqlite3.Connection, digests: Mapping[int, str] = DIGESTS) -> int:
    """Give the number of a database's schema, which is one of those known by their digests; 0 if it
    is empty.

    Raises:
        VqdError: `store_too_new`; `store_schema_unknown`, it is not what its number says.
    """
    version, newest = version_of(connection), max(digests)
    if version > newest:
        raise VqdError(
            "store_too_new",
            f"The queue has schema {version}, this vqd knows none above {newest}.",
            "Install the vqd that wrote it, or a newer one; or restore a backup made before.",
        )
    if version and digest_of(connection) != digests.get(version):
        raise VqdError(
            "store_schema_unknown",
            f"The queue says that it has schema {version}, and has another: a vqd from before the"
            " first release made it, or another program changed it.",
            "Stop vqd and say: vqd db rebuild. It is kept, and the folders tell of every job.",
        )
    return version
