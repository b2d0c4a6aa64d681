"""The database of PostgreSQL's that a queue lies in, as the settings write it."""

from pathlib import Path

from vqd.documents.secrets import SECRET
from vqd.domain.place import SCHEMES, Database

ALLOWED = "postgresql://USER@HOST/DATABASE"


def database_of(url: str | None, secret_file: str | Path | None) -> Database | None:
    """Give the database that the settings name; None if they name none.

    Raises:
        ValueError: what of them is no such thing, in words for a person.
    """
    if url is None:
        if secret_file is not None:
            raise ValueError("there is a database_secret_file, and no database.")
        return None
    if not url.startswith(SCHEMES):
        raise ValueError("this is no URL of PostgreSQL's.")
    if "password=" in url:
        raise ValueError(f"a password stands behind its ?: write {SECRET} behind the user.")
    if (SECRET in url) is not (secret_file is not None):
        raise ValueError(
            f"nothing says what {SECRET} is: add database_secret_file."
            if secret_file is None
            else f"its database_secret_file is used nowhere: write {SECRET} into the URL."
        )
    return Database(url, None if secret_file is None else Path(secret_file))
