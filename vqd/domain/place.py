"""Where a queue lies: in a file of SQLite's, or in a database of PostgreSQL's."""

import re
from dataclasses import field
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen

SCHEMES = ("postgresql://", "postgres://")
"""How a URL of PostgreSQL's begins."""

_PASSWORD = re.compile(r"(?<=//)([^/@:]*):[^/@]*(?=@)")
_PASSWORD_BESIDE = re.compile(r"[?&](?:ssl)?password=[^&]*")


@frozen
class Database:
    """A database of PostgreSQL's by its URL, in which `{secret}` stands for what is in a file.

    Where daemons share the queue, `home` is the mark of the spool that this one serves.
    """

    url: str = field(repr=False)
    secret_file: Path | None = None
    home: str = ""
    """The mark of the spool that is served here; '' for whoever looks on, or has it to itself."""

    def __str__(self) -> str:
        """Give the URL without the password that may be in it."""
        return _PASSWORD_BESIDE.sub("", _PASSWORD.sub(r"\1", self.url))


Place = Path | Database


def require_file(place: Place, instead: str) -> Path:
    """Give the file of a queue, for what only SQLite has.

    Raises:
        VqdError: `store_not_a_file`: it lies in PostgreSQL; `instead` says what to do there.
    """
    if isinstance(place, Path):
        return place
    said = f"The queue lies in PostgreSQL ({place}), which has its own tools for this."
    raise VqdError("store_not_a_file", said, instead)
