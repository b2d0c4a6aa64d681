"""The node classes that are known: as the servers told the store, or from a file."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vqd.domain.catalogue import NodeClass, read_node_class
from vqd.domain.errors import VqdError
from vqd.store.store import StoreReader

_MOST_BYTES = 256 << 20


class StoredClasses:
    """What the servers told, read beside the daemon; nothing where there is no store yet."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    def version(self) -> str:
        """Give a name of all that is known; another one as soon as anything of it changes."""
        try:
            with self._reader.reading() as session:
                return session.catalogue.version()
        except VqdError:
            return ""

    def find(self, name: str) -> NodeClass | None:
        """Give a class as the first server has it; None if no server that was seen has it."""
        try:
            with self._reader.reading() as session:
                servers = session.catalogue.servers()
                found = (session.catalogue.node_class(server, name) for server in servers)
                return next((one for one in found if one is not None), None)
        except VqdError:
            return None

    def names(self) -> Iterator[str]:
        """Give the names of all classes that some server has, read when they are asked for."""
        try:
            with self._reader.reading() as session:
                for server in session.catalogue.servers():
                    yield from session.catalogue.class_names(server)
        except VqdError:
            return


class ToldClasses:
    """What one server told: its answer on `/object_info`, saved in a file."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            VqdError: `bad_object_info`, it is no such answer; OSError: it cannot be read.
        """
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
        hint = "Save it so: curl -o object_info.json http://SERVER:8188/object_info"
        try:
            told: Any = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise VqdError("bad_object_info", f"{path} is not JSON: {error}.", hint) from error
        if not isinstance(told, dict):
            raise VqdError("bad_object_info", f"{path} names no node classes.", hint)
        self._told: Mapping[str, Any] = told

    def find(self, name: str) -> NodeClass | None:
        """Give a class; None if the server has it not."""
        told = self._told.get(name)
        return read_node_class(name, told) if isinstance(told, dict) else None

    def names(self) -> Iterator[str]:
        """Give the names of all its classes."""
        return iter(self._told)
