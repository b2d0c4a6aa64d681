"""Secrets, which lie in files of their own: so that they stand in no settings, log or answer."""

import os
from pathlib import Path
from urllib.parse import quote

from vqd.domain.errors import VqdError
from vqd.domain.place import Database

CREDENTIALS = "$CREDENTIALS_DIRECTORY/"
"""How the path of a credential of systemd's begins (systemd.exec(5), LoadCredential=)."""

SECRET = "{secret}"
"""What stands in a URL or a header for what is in the file."""

_LONGEST_BYTES = 4096


def url_of(database: Database) -> str:
    """Give the URL of a database with the password in it.

    Raises:
        VqdError: as `secret_in`.
    """
    if database.secret_file is None:
        return database.url
    return database.url.replace(SECRET, quote(secret_in(database.secret_file), safe=""))


def secret_in(path: Path) -> str:
    """Give the one line that a file holds, without what is blank around it.

    Raises:
        VqdError: `secret_unreadable`, `secret_unfit`, or `no_credentials`, there are none of
            systemd's. None of them tells anything of the secret.
    """
    place = secret_place(path)
    try:
        with place.open("rb") as file:
            secret = file.read(_LONGEST_BYTES + 1).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        said = f"{path}: cannot be read ({why})."
        raise VqdError("secret_unreadable", said, "Let the daemon's user read it.") from None
    if not secret or not secret.isprintable() or len(secret) >= _LONGEST_BYTES:
        said = f"{path}: is no secret: one line of text."
        raise VqdError("secret_unfit", said, "Write the secret alone into it.")
    return secret


def secret_place(path: Path) -> Path:
    """Give where the file of a secret lies.

    Raises:
        VqdError: `no_credentials`.
    """
    if not str(path).startswith(CREDENTIALS):
        return path
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder is None:
        name = path.name
        said = f"{path}: systemd handed over no credentials."
        hint = f"Add LoadCredential={name}:FILE to the unit, or name the file itself."
        raise VqdError("no_credentials", said, hint)
    return Path(folder, str(path).removeprefix(CREDENTIALS))
