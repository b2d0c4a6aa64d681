"""The servers' node classes: each entry of `/object_info` is kept once, by content."""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import Any

import orjson

from vqd.domain.catalogue import NodeClass, read_node_class
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.signature import WHOLE, SignatureChange
from vqd.store.rows import Connection

CACHED_CHARS = 8 << 20
"""Of the entries whose classes are kept: one that lists every model may be as long as hundreds."""
DROPPED_AT_ONCE = 32
BEGUN_LONG_AGO_S = 3600.0
"""A catalogue that was begun before one that was given to a server so long ago is written by nobody
any more."""


@frozen
class ClassEntry:
    """One entry of `/object_info`, as it is stored."""

    name: str
    text: str
    sha256: str

    @classmethod
    def of(cls, name: str, told: Mapping[str, Any]) -> "ClassEntry":
        """Encode an entry, its inputs in the server's order."""
        text = _encoded(told)
        return cls(name, text, hashlib.sha256(text.encode()).hexdigest())


class ClassCache:
    """The node classes that were read last, by their entry. Any thread may ask."""

    def __init__(self) -> None:
        self._chars = 0
        self._classes: OrderedDict[tuple[int, str], tuple[NodeClass, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, entry_key: int, name: str) -> NodeClass | None:
        """Give a class if it is kept."""
        with self._lock:
            found = self._classes.get((entry_key, name))
            if found is None:
                return None
            self._classes.move_to_end((entry_key, name))
            return found[0]

    def keep(self, entry_key: int, node_class: NodeClass, chars: int) -> None:
        """Keep a class whose entry is so long, and forget those asked for longest ago."""
        with self._lock:
            if (entry_key, node_class.name) in self._classes:
                return
            self._classes[entry_key, node_class.name] = (node_class, chars)
            self._chars += chars
            while self._chars > CACHED_CHARS:
                _, (_, forgotten) = self._classes.popitem(last=False)
                self._chars -= forgotten


class CatalogueRows:
    """The servers' node classes; reading it is a `vqd.domain.catalogue.Catalogue`.

    A catalogue is written in parts under a key of its own, and dropped in parts. It has its hash
    only in between, while it is whole: no server is given one that has it not.
    """

    def __init__(self, connection: Connection, classes: ClassCache) -> None:
        self._connection = connection
        self._classes = classes

    def servers(self) -> tuple[str, ...]:
        """Give the names of the servers whose classes are known."""
        rows = self._connection.execute("SELECT server FROM server_catalogues ORDER BY server")
        return tuple(row["server"] for row in rows)

    def node_class(self, server: str, name: str) -> NodeClass | None:
        """Give a class as a server has it; None if that server has it not, or is not known."""
        row = self._connection.execute(
            "SELECT entry_key FROM server_catalogues JOIN catalogue_classes USING (catalogue_key)"
            " WHERE server = ? AND node_class = ?",
            (server, name),
        ).fetchone()
        return None if row is None else self._of_entry(row["entry_key"], name)

    def class_names(self, server: str) -> tuple[str, ...]:
        """Give the names of all classes of a server, sorted."""
        rows = self._connection.execute(
            "SELECT node_class FROM server_catalogues JOIN catalogue_classes USING (catalogue_key)"
            " WHERE server = ? ORDER BY node_class",
            (server,),
        )
        return tuple(row["node_class"] for row in rows)

    def version(self) -> str:
        """Give a text that changes whenever a server's classes do, or the servers."""
        return hashlib.sha256(orjson.dumps([*self.hashes().items()])).hexdigest()

    def hashes(self) -> dict[str, str]:
        """Give the hash of what each server told whose classes are known: those that told the same
        have the same classes."""
        rows = self._connection.execute(
            "SELECT server, sha256 FROM server_catalogues JOIN catalogues USING (catalogue_key)"
            " ORDER BY server"
        )
        return {row["server"]: row["sha256"] for row in rows}

    def changes(self, server: str, names: Collection[str]) -> list[SignatureChange]:
        """Give how the signatures of these classes differ from what they first were there."""
        rows = chain.from_iterable(
            self._connection.execute(
                "SELECT node_class, input, was, now, changed_at FROM signature_changes"
                " WHERE server = ? AND node_class = ? ORDER BY input",
                (server, name),
            )
            for name in sorted(names)
        )
        return [SignatureChange(**dict(row)) for row in rows]

    def sha256(self, server: str) -> str | None:
        """Give the hash of what a server last told; None if it told nothing yet."""
        row = self._connection.execute(
            "SELECT sha256 FROM server_catalogues JOIN catalogues USING (catalogue_key)"
            " WHERE server = ?",
            (server,),
        ).fetchone()
        return None if row is None else str(row["sha256"])

    def key_of(self, sha256: str) -> int | None:
        """Give the key of a whole catalogue that some server has told already."""
        row = self._connection.execute(
            "SELECT catalogue_key FROM catalogues WHERE sha256 = ?", (sha256,)
        ).fetchone()
        return None if row is None else int(row["catalogue_key"])

    def entries(self, catalogue_key: int) -> dict[str, int]:
        """Give the keys of a catalogue's entries by class."""
        rows = self._connection.execute(
            "SELECT node_class, entry_key FROM catalogue_classes WHERE catalogue_key = ?",
            (catalogue_key,),
        )
        return {row["node_class"]: row["entry_key"] for row in rows}

    def entries_of(self, server: str) -> dict[str, int]:
        """Give the keys of a server's entries by class."""
        row = self._connection.execute(
            "SELECT catalogue_key FROM server_catalogues WHERE server = ?", (server,)
        ).fetchone()
        return {} if row is None else self.entries(row["catalogue_key"])

    def class_of(self, entry_key: int | None, name: str) -> NodeClass | None:
        """Give the class that an entry tells; None for no entry."""
        return None if entry_key is None else self._of_entry(entry_key, name)

    def begin(self) -> int:
        """Begin a catalogue; gives its key."""
        row = self._connection.execute(
            "INSERT INTO catalogues DEFAULT VALUES RETURNING catalogue_key"
        ).fetchone()
        return int(row["catalogue_key"])

    def add(self, catalogue_key: int, entries: Iterable[ClassEntry]) -> None:
        """Add entries to a catalogue that is not whole yet."""
        for entry in entries:
            self._connection.execute(
                "INSERT INTO node_entries (sha256, entry) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (entry.sha256, entry.text),
            )
            self._connection.execute(
                "INSERT INTO catalogue_classes (catalogue_key, node_class, entry_key)"
                " SELECT ?, ?, entry_key FROM node_entries WHERE sha256 = ?"
                " ON CONFLICT (catalogue_key, node_class) DO UPDATE SET"
                " entry_key = excluded.entry_key",
                (catalogue_key, entry.name, entry.sha256),
            )

    def give(self, server: str, catalogue_key: int, sha256: str, *, now: float) -> None:
        """Let a server have a catalogue that is whole: what `/object_info` of this hash told; or
        the same, if another daemon has written that meanwhile.

        Raises:
            VqdError: `catalogue_gone`.
        """
        key = self.key_of(sha256)
        if key is None:
            key = catalogue_key
            self._conclude(key, sha256)
        elif key != catalogue_key:
            self.abandon(catalogue_key)
        self._connection.execute(
            "INSERT INTO server_catalogues (server, catalogue_key, learned_at) VALUES (?, ?, ?)"
            " ON CONFLICT (server) DO UPDATE SET catalogue_key = excluded.catalogue_key,"
            " learned_at = excluded.learned_at",
            (server, key, now),
        )

    def _conclude(self, catalogue_key: int, sha256: str) -> None:
        is_there = self._connection.execute(
            "UPDATE catalogues SET sha256 = ? WHERE catalogue_key = ? AND sha256 IS NULL",
            (sha256, catalogue_key),
        ).rowcount
        if not is_there:
            raise VqdError("catalogue_gone", "What it told was dropped meanwhile.")

    def abandon(self, catalogue_key: int) -> None:
        """Have a catalogue dropped that no server has."""
        self._connection.execute(
            "UPDATE catalogues SET sha256 = ? WHERE catalogue_key = ?",
            (f"dropped {catalogue_key:056}", catalogue_key),
        )

    def note_changes(self, server: str, changes: Iterable[SignatureChange]) -> None:
        """Write how signatures changed. What is again as it first was is no difference; a class
        that was never there before is none either."""
        for change in changes:
            key = (server, change.node_class, change.input)
            is_noted = self._connection.execute(
                "UPDATE signature_changes SET now = ?, changed_at = ?"
                " WHERE server = ? AND node_class = ? AND input = ?",
                (change.now, change.changed_at, *key),
            ).rowcount
            is_newcomer = change.input == WHOLE and change.was is None
            if not is_noted and not is_newcomer:
                self._connection.execute(
                    "INSERT INTO signature_changes VALUES (?, ?, ?, ?, ?, ?)",
                    (*key, change.was, change.now, change.changed_at),
                )
        self._connection.execute(
            "DELETE FROM signature_changes WHERE was = now OR (was IS NULL AND now IS NULL)"
        )

    def keep_only(self, names: Collection[str]) -> None:
        """Forget the servers that the settings no longer name."""
        self.forget(set(self.servers()) - set(names))

    def forget(self, names: Iterable[str]) -> None:
        """Forget what these servers can do."""
        for server in names:
            self._connection.execute("DELETE FROM server_catalogues WHERE server = ?", (server,))
            self._connection.execute("DELETE FROM signature_changes WHERE server = ?", (server,))

    def drop_some(self, *, now: float) -> bool:
        """Drop a part of what no server has any more; False when there is nothing left.

        What is being written stays, and what was until its daemon was killed, for a while.
        """
        row = self._connection.execute(
            "SELECT catalogue_key FROM catalogues WHERE catalogue_key NOT IN"
            " (SELECT catalogue_key FROM server_catalogues) AND (sha256 IS NOT NULL OR"
            " catalogue_key < (SELECT max(catalogue_key) FROM server_catalogues"
            " WHERE learned_at <= ?)) LIMIT 1",
            (now - BEGUN_LONG_AGO_S,),
        ).fetchone()
        if row is None:
            return False
        key = row["catalogue_key"]
        self.abandon(key)
        dropped = self._connection.execute(
            "SELECT node_class, entry_key FROM catalogue_classes WHERE catalogue_key = ? LIMIT ?",
            (key, DROPPED_AT_ONCE),
        ).fetchall()
        for name, entry_key in dropped:
            self._drop_class(key, name, entry_key)
        if len(dropped) < DROPPED_AT_ONCE:
            self._connection.execute("DELETE FROM catalogues WHERE catalogue_key = ?", (key,))
        return True

    def _drop_class(self, catalogue_key: int, name: str, entry_key: int) -> None:
        self._connection.execute(
            "DELETE FROM catalogue_classes WHERE catalogue_key = ? AND node_class = ?",
            (catalogue_key, name),
        )
        self._connection.execute(
            "DELETE FROM node_entries WHERE entry_key = :entry AND NOT EXISTS"
            " (SELECT 1 FROM catalogue_classes WHERE entry_key = :entry)",
            {"entry": entry_key},
        )

    def _of_entry(self, entry_key: int, name: str) -> NodeClass:
        kept = self._classes.get(entry_key, name)
        if kept is not None:
            return kept
        row = self._connection.execute(
            "SELECT entry FROM node_entries WHERE entry_key = ?", (entry_key,)
        ).fetchone()
        node_class = read_node_class(name, json.loads(row["entry"]))
        self._classes.keep(entry_key, node_class, len(row["entry"]))
        return node_class


def _encoded(told: Mapping[str, Any]) -> str:
    """Encode an entry; what orjson cannot (bounds beyond 64 bits, which nodes have) json can."""
    try:
        return orjson.dumps(told).decode()
    except orjson.JSONEncodeError:
        return json.dumps(told)
