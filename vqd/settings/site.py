"""Where a queue lies: all that verbs need of the settings which only look and steer.

It is read without pydantic, which would take them most of their time; and so that they work while
something else in the settings is at fault.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from vqd.documents.tree import Mapping, Node, Text
from vqd.settings.environment import lay_environment
from vqd.settings.files import find_files, lay_files
from vqd.settings.layers import Layers
from vqd.settings.places import place
from vqd.spool.reserve import Reserve, reserve_of
from vqd.spool.space import Disks, disks_at


@dataclass(frozen=True, slots=True)
class Site:
    """Where the spool and the state of a queue lie, what stays free of their disks, and where its
    hot folders are that lie elsewhere."""

    spool: Path
    state_dir: Path
    reserve: Reserve
    hot_folders: tuple[Path, ...] = ()

    @property
    def store_path(self) -> Path:
        """Where the queue's database lies."""
        return self.state_dir / "queue.db"

    def look_at_disks(self) -> Disks:
        """Look at the disks that vqd writes to; waits where a share does not answer."""
        return disks_at(self.spool.absolute(), self.state_dir, self.reserve)


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
    problems += lay_environment(layers, os.environ, Site.__match_args__)
    place(layers.root, Path.cwd())
    spool, state_dir, reserve, hot = (layers.root.get(Text(key)) for key in Site.__match_args__)
    kept = Reserve() if reserve is None else reserve_of(reserve) if _is_text(reserve) else None
    if problems or kept is None or not (_is_text(spool) and _is_text(state_dir)):
        return None
    return Site(Path(spool), Path(state_dir), kept, tuple(_paths(hot)))


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
