"""A server's catalogue into the store, in parts that hold no claim up."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from vqd.domain.frozen import frozen
from vqd.domain.signature import SignatureChange, differences
from vqd.store.catalogue import ClassEntry
from vqd.store.store import Session, Store

SLICE_CLASSES = 64
SLICE_CHARS = 256 * 1024
"""The most in one bulk write: about 10 ms, between which claims go by."""


@frozen
class Learned:
    """What a look at a server taught: how many classes it has, in how many of them something is
    other than before, and which signatures are."""

    classes: int
    changed: int
    signatures: tuple[SignatureChange, ...]


def learn(
    store: Store,
    server: str,
    sha256: str,
    entries: Callable[[], Iterable[tuple[str, Mapping[str, Any]]]],
    *,
    now: float,
) -> Learned | None:
    """Let a server have the catalogue of this hash; None if it has it already.

    `entries` is only asked where no server has told the same. Any number may learn at once, each
    daemon of those that share the queue, too.

    Raises:
        VqdError: `store_closed`, `store_disk`; `catalogue_gone`, another dropped the same
            meanwhile; and whatever `entries` raises. Nothing has changed then, except that parts
            of it lie in the store until the next call.
    """
    with store.reading() as session:
        if session.catalogue.sha256(server) == sha256:
            return None
        key = session.catalogue.key_of(sha256)
    if key is None:
        _drop_unheld(store, now)
        key = _written(store, entries)
    learned = _compared(store, server, key, now)
    store.write(lambda session: _give(session, server, key, sha256, learned, now))
    _drop_unheld(store, now)
    return learned


def _written(store: Store, entries: Callable[[], Iterable[tuple[str, Mapping[str, Any]]]]) -> int:
    """Write a catalogue that no server has yet; gives its key."""
    key = store.write(lambda session: session.catalogue.begin())
    try:
        for part in _slices(ClassEntry.of(name, told) for name, told in entries()):
            _add(store, key, part)
    except BaseException:
        store.write(lambda session: session.catalogue.abandon(key))
        raise
    return key


def _give(
    session: Session, server: str, key: int, sha256: str, learned: Learned, now: float
) -> None:
    session.catalogue.give(server, key, sha256, now=now)
    session.catalogue.note_changes(server, learned.signatures)


def _compared(store: Store, server: str, key: int, now: float) -> Learned:
    with store.reading() as session:
        before, after = session.catalogue.entries_of(server), session.catalogue.entries(key)
        names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
        changes = (
            replace(change, changed_at=now)
            for name in (names if before else ())
            for change in differences(
                name,
                session.catalogue.class_of(before.get(name), name),
                session.catalogue.class_of(after.get(name), name),
            )
        )
        return Learned(len(after), len(names), tuple(changes))


def _add(store: Store, key: int, part: list[ClassEntry]) -> None:
    store.write(lambda session: session.catalogue.add(key, part), bulk=True)


def _drop_unheld(store: Store, now: float) -> None:
    while store.write(lambda session: session.catalogue.drop_some(now=now), bulk=True):
        pass


def _slices(entries: Iterable[ClassEntry]) -> Iterator[list[ClassEntry]]:
    part: list[ClassEntry] = []
    chars = 0
    for entry in entries:
        part.append(entry)
        chars += len(entry.text)
        if len(part) >= SLICE_CLASSES or chars >= SLICE_CHARS:
            yield part
            part, chars = [], 0
    if part:
        yield part
