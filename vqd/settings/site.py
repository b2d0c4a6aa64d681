"""Where a queue lies: all that verbs need of the settings which only look and steer.

It is read without pydantic, which would take them most of their time; and so that they work while
something else in the settings is at fault.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

from vqd.documents.tree import Mapping, Node, Text
from vqd.domain.frozen import frozen
from vqd.domain.place import Database, Place
from vqd.settings.database import database_of
from vqd.settings.environment import lay_environment
from vqd.settings.files import find_files, lay_files
from vqd.settings.layers import Layers
from vqd.settings.places import place
from vqd.spool.reserve import Reserve, reserve_of
from vqd.spool.space import Disks, disks_at


@frozen
class Site:
    """Where the spool and the state of a queue lie, what stays free of their disks, where its hot
    folders are that lie elsewhere, and the database of PostgreSQL's that it lies in, if it does."""

    spool: Path
    state_dir: Path
    reserve: Reserve
    hot_folders: tuple[Path, ...] = ()
    database: Database | None = None

    @property
    def queue_place(self) -> Place:
        """Where the queue lies."""
        return self.database or self.state_dir / "queue.db"

    def look_at_disks(self) -> Disks:
        """Look at the disks that vqd writes to; waits where a share does not answer."""
        return disks_at(self.spool.absolute(), self.state_dir, self.reserve)


_KEYS = ("spool", "state_dir", "reserve", "hot_folders", "database", "database_secret_file")


def load_site(named: Path | None) -> Site:
    """Read where a queue lies.

    Raises:
        VqdError: `settings_missing`; Faults: everything wrong with the settings, if that is in the
            way.
    """
    return _written(named) or _validated(named)


def _written(named: Path | None) -> Site | None:
    """Give what is written plainly; None where only a closer look tells what is meant."""
    layers = Layers()
    problems = lay_files(layers, find_files(named))
    problems += lay_environment(layers, os.environ, _KEYS)
    place(layers.root, Path.cwd())
    spool, state_dir, reserve, hot, url, secret = (layers.root.get(Text(key)) for key in _KEYS)
    kept = Reserve() if reserve is None else reserve_of(reserve) if _is_text(reserve) else None
    if problems or kept is None or not (_is_text(spool) and _is_text(state_dir)):
        return None
    try:
        database = database_of(_text(url), _text(secret))
    except ValueError:
        return None
    return Site(Path(spool), Path(state_dir), kept, tuple(_paths(hot)), database)


def _text(node: Node | None) -> str | None:
    """Give the text that stands there, None for none.

    Raises:
        ValueError: it is something else.
    """
    if node is None or (isinstance(node, Text) and node.is_absent):
        return None
    if not isinstance(node, Text):
        raise ValueError("this is no text.")  # noqa: TRY004 - as what it is no text for tells
    return str(node)


def _paths(hot: Node | None) -> Iterator[Path]:
    """Give where hot folders are, of those that say so plainly."""
    for keys in hot.values() if isinstance(hot, Mapping) else ():
        path = keys.get(Text("path")) if isinstance(keys, Mapping) else None
        if _is_text(path):
            yield Path(path)


def _validated(named: Path | None) -> Site:
    from vqd.settings.load import load_settings

    return load_settings(named).site


def _is_text(node: object) -> TypeGuard[Text]:
    return isinstance(node, Text) and not node.is_absent
