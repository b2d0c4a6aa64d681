"""Which servers have what prompts require: worked out for each catalogue, not for each claim."""

import threading
from collections.abc import Sequence
from typing import Protocol

from vqd.domain.needs import Capability
from vqd.domain.requirement import Lack, NeedsClass, Requirement, lacks, said_lacking
from vqd.store.store import Session


class Served(Protocol):
    """A server, as far as it matters for what it can carry out."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def capability(self) -> Capability:
        """What it has."""


class Fitting:
    """Knows what each server lacks. The loop's thread asks; a look that ends may forget.

    A server whose catalogue is not known lacks nothing: what it refuses, it says itself.
    """

    def __init__(self) -> None:
        self._lacks: dict[str, dict[int, tuple[Lack, ...]]] = {}
        self._requirements: dict[int, Requirement] = {}
        self._said: dict[tuple[int, str, tuple[str, ...]], str] = {}
        self._lock = threading.Lock()
        self.version = 0

    def forget(self, server: str) -> None:
        """Note that a server's catalogue is another one; `version` tells of that."""
        with self._lock:
            self._lacks.pop(server, None)
            self._said = {}
            self.version += 1

    def requirement(self, session: Session, key: int) -> Requirement:
        """Give what a key of a requirement stands for."""
        if key not in self._requirements:
            self._requirements[key] = session.requirements.get(key)
        return self._requirements[key]

    def lacks(self, session: Session, server: str, key: int) -> tuple[Lack, ...]:
        """Give what a server has not of a requirement."""
        # What is read while a look ends lands in what is forgotten.
        known = self._lacks.setdefault(server, {})
        if key not in known:
            catalogue = session.catalogue
            is_known = catalogue.sha256(server) is not None
            requirement = self.requirement(session, key)
            known[key] = lacks(requirement, server, catalogue) if is_known else ()
        return known[key]

    def served(self, session: Session, server: Served, needs_class: NeedsClass) -> NeedsClass:
        """Give the part of a class that a server can carry out, which has no requirements where
        that is nothing."""
        if not server.capability.fits(needs_class.needs):
            return needs_class.only(())
        fit = {key for key in needs_class.requires if not self.lacks(session, server.name, key)}
        return needs_class.only(fit)

    def said_lacking(
        self, session: Session, servers: Sequence[Served], key: int, nowhere: str
    ) -> str:
        """Say what is in the way of a requirement that none of these servers has all of.

        `nowhere` names them in the negative: `no server`.
        """
        known = self._said
        asked = (key, nowhere, tuple(server.name for server in servers))
        if asked not in known:
            known[asked] = self._lacking(session, servers, key, nowhere)
        return known[asked]

    def _lacking(self, session: Session, servers: Sequence[Served], key: int, nowhere: str) -> str:
        lacking = {server.name: self.lacks(session, server.name, key) for server in servers}
        return f"waiting: {said_lacking(lacking, session.catalogue, nowhere)}"
