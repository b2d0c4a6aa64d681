"""The other daemons on the queue, as far as the runner has to do with them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from vqd.spool.layout import Spool


class Company(Protocol):
    """Those who share the queue with this daemon."""

    @property
    def is_shared(self) -> bool:
        """Whether others may use the queue."""

    @property
    def spools(self) -> Mapping[str, Spool]:
        """The spools of others that are reached from here, by their marks."""

    def finds_silent(self) -> bool:
        """Tell whether another is gone, and its prompts are to be let go of."""

    def stand(self) -> None:
        """Wait until this daemon is known not to have been taken for gone."""


class Alone:
    """Nobody else."""

    is_shared = False
    spools: Mapping[str, Spool] = MappingProxyType({})

    def finds_silent(self) -> bool:
        """Tell that nobody is gone."""
        return False

    def stand(self) -> None:
        """Wait for nothing."""
