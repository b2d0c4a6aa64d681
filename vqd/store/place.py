"""Where a queue lies: in a file of SQLite's, or in a database of PostgreSQL's."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from vqd.domain.errors import VqdError


@dataclass(frozen=True, slots=True)
class Database:
    """A database of PostgreSQL's by its URL, which may have a password: it is never shown."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        """Give the URL without what is secret in it."""
        return shown_url(self.url)


Place = Path | Database


def shown_url(url: str) -> str:
    """Give a URL of PostgreSQL's without the password that may be in it."""
    without = re.sub(r"(?<=//)([^/@:]*):[^@]*(?=@)", r"\1", url)
    return re.sub(r"([?&])(password|sslpassword)=[^&]*&?", r"\1", without).rstrip("?&")


def require_file(place: Place, instead: str) -> Path:
    """Give the file of a queue, for what only SQLite has.

    Raises:
        VqdError: `store_not_a_file`: it lies in PostgreSQL; `instead` says what to do there.
    """
    if isinstance(place, Path):
        return place
    said = f"The queue lies in PostgreSQL ({place}), which has its own tools for this."
    raise VqdError("store_not_a_file", said, instead)
